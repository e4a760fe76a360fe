"""我要申请, step 2: what was typed and who will decide it, to be read once more; and the submission itself, once."""

from typing import Any

from fastapi import APIRouter, Request, Response

from connector.auth.act import Act
from connector.errors import ConnectorError, RefusedInputError
from connector.pages import chain, drafts, entries, facts
from connector.pages.access import FormDep, PageActDep
from connector.pages.apply import refused
from connector.pages.drafts import Draft
from connector.pages.form_tables import PageFormRow
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.requests import result
from connector.pages.ways import Way, get_way
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

router = APIRouter(prefix="/pages/apply/drafts", tags=["pages"], include_in_schema=False)

CHANGED = mark("审批流程在核对之后有变化，尚未提交，请重新核对")
OLDER = mark("内容在另一页面修改过，尚未提交，请重新核对")


@router.get("/{form_id}/check")
def check(request: Request, act: PageActDep, form_id: str) -> Response:
    """Everything that would be submitted, with the whole chain; a form with mistakes goes back to its boxes."""
    row = drafts.get(act, form_id)
    if row.number:
        return see_other(request, f"/pages/requests/{row.number}")
    draft, way = drafts.read(act, row), get_way(row.way)
    if not draft.chain:
        return see_other(request, f"/pages/apply/drafts/{row.id}")
    form = entries.read_form(act, way, draft)
    return render(
        request,
        "apply_check.html",
        title=translator(language_of(request))(mark("核对并提交申请")),
        row=row,
        way=way,
        rows=facts.rows(act, facts.of_form(act, way, form)),
        stages=chain.drawn(request, chain.planned(act, draft.chain)),
        calendar_years=act.rulebook.calendar.missing_years(act.now),
    )


@router.post("/{form_id}/check")
def submit(request: Request, act: PageActDep, sent: FormDep, form_id: str) -> Response:
    """Submits what was checked, once: the form is its own token, and a second press finds the first's request."""
    row = drafts.get(act, form_id, lock=True)
    if row.number:
        return see_other(request, f"/pages/requests/{row.number}/submitted")
    if entries.text(sent, "revision") != str(row.revision):
        return _check_again(request, row, OLDER)
    draft, way = drafts.read(act, row), get_way(row.way)
    try:
        form, shown = _as_now(act, way, draft)
        if shown != draft.chain:
            drafts.save(act, way.slug, Draft(draft.entries, shown, draft.subject_id), form_id=row.id)
            return _check_again(request, row, CHANGED)
        with act.session.begin_nested():
            made = _send(act, row, form)
    except RefusedInputError:
        drafts.save(act, way.slug, Draft(draft.entries, (), draft.subject_id), form_id=row.id)
        return see_other(request, f"/pages/apply/drafts/{row.id}", banner=_t(request, mark("内容有误，请修改")))
    except ConnectorError as error:
        return refused(request, error, back=f"/pages/apply/drafts/{row.id}")
    drafts.close(row, made.number)
    if way.kind is RequestKind.REPLACE_KEY and made.account_id == act.actor.account_id:
        # The person's own account is frozen with this, and his session ends: no other page could show him the result.
        return result(request, act, made.number)
    return see_other(request, f"/pages/requests/{made.number}/submitted#main")


def _as_now(act: Act, way: Way, draft: Draft) -> tuple[RequestForm, tuple[dict[str, Any], ...]]:
    """The form and its chain by the rules and offices of this moment."""
    form, planned = entries.check(act, way, draft)
    return form, chain.as_stored(act, planned, urgent=form.urgent)


def _send(act: Act, row: PageFormRow, form: RequestForm) -> RequestRow:
    if row.resubmits:
        return requests.resubmit_request(act, row.resubmits, form)
    return requests.submit_request(act, form)


def _check_again(request: Request, row: PageFormRow, why: str) -> Response:
    return see_other(request, f"/pages/apply/drafts/{row.id}/check", banner=_t(request, why))


def _t(request: Request, chinese: str) -> str:
    return translator(language_of(request))(chinese)
