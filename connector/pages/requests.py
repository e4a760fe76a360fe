"""我的申请: the list, a request's page with its chain and its history, and what the applicant may do to it."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import chain, drafts, entries, facts, history
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.proposals import BY_SYSTEM, proposed
from connector.pages.ways import way_of
from connector.pages.wording import Words
from connector.register import people
from connector.regulations.vocabulary import RequestKind
from connector.requests import attachments, batches, show
from connector.requests import service as requests
from connector.requests.errors import NotApplicantError, RequestClosedError
from connector.requests.forms import PROPOSALS
from connector.requests.tables import RequestRow

router = APIRouter(prefix="/pages/requests", tags=["pages"], include_in_schema=False)

ON_A_PAGE = 50
STATES = ("pending", "returned", "approved", "rejected", "withdrawn")


@router.get("")
def list_own(request: Request, act: PageActDep, state: str = "", page: int = 1) -> HTMLResponse:
    """What the person applied for, or is the beneficiary of, newest first."""
    page = min(max(page, 1), 10_000)
    chosen = [state] if state in STATES else []
    rows = requests.list_requests(
        act, states=chosen, applicant_id=act.actor.person_id, first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE + 1
    )
    return render(
        request, "requests.html", title=_t(request, mark("我的申请")), state=state, states=STATES, page=page,
        more=len(rows) > ON_A_PAGE, found=[(row, subject_name(act, row)) for row in rows[:ON_A_PAGE]],
    )  # fmt: skip


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str, page: int = 1) -> HTMLResponse:
    """One request, for those who take part, may decide, or oversee; `page` of its accounts, where there are many."""
    return _page(request, act, number, submitted=False, page=page)


@router.get("/{number}/submitted")
def submitted(request: Request, act: PageActDep, number: str) -> Response:
    """The result of a submission; for anybody else than its applicant, and when it has moved on, the request."""
    row = requests.get_request(act, number)
    if row.applicant_id != act.actor.person_id or row.state != "pending":
        return see_other(request, f"/pages/requests/{number}")
    return result(request, act, number)


@router.get("/{number}/withdraw")
def ask_withdrawal(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """What withdrawing means, and why."""
    return _ask_withdrawal(request, _own(act, number), {}, [])


@router.post("/{number}/withdraw")
def withdraw(request: Request, act: PageActDep, sent: FormDep, number: str) -> Response:
    """Withdraws the person's own request."""
    try:
        row = requests.withdraw_request(act, number, entries.text(sent, "reason")[: entries.MOST_REASON])
    except RefusedInputError as wrong:
        return _ask_withdrawal(request, _own(act, number), sent, wrong.fields)
    return see_other(request, f"/pages/requests/{row.number}", banner=_t(request, mark("申请已撤回")))


@router.post("/{number}/resubmit")
def put_right(request: Request, act: PageActDep, number: str) -> Response:
    """Opens the form of a returned request, with every entry kept."""
    row = _own(act, number)
    if row.applicant_id != act.actor.person_id:
        raise NotApplicantError
    if row.state != "returned":
        raise RequestClosedError(state=row.state)
    way = way_of(RequestKind(row.kind), has_account=row.account_id is not None)
    begun = next((kept for kept in drafts.list_open(act) if kept.resubmits == row.number), None)
    if begun is None:
        begun = drafts.save(act, way.slug, entries.from_request(act, row), resubmits=row.number)
    return see_other(request, f"/pages/apply/drafts/{begun.id}")


def subject_name(act: Act, row: RequestRow) -> str:
    """The name of the person a request is about; empty for a proposal about many."""
    return people.get_person(act, row.person_id).name if row.person_id else ""


def result(request: Request, act: Act, number: str) -> HTMLResponse:
    """The page of a submission that has just been made."""
    return _page(request, act, number, submitted=True)


def papers_of(act: Act, row: RequestRow) -> dict[str, Any]:
    """The stamped scans of a request, whether the person may add one, and the batch it came in."""
    batch = batches.batch_of(act, row.id)
    return {
        "scans": attachments.list_scans(act, row.number),
        "may_attach": attachments.may_attach(act, row),
        "batch": batch.number if batch else "",
    }


def applicant_name(request: Request, act: Act, row: RequestRow) -> str:
    """Who submitted: a person's name; a job is the system."""
    if row.applicant_id:
        return people.get_person(act, row.applicant_id).name
    return Words(language_of(request)).pick(BY_SYSTEM)


def fact_rows(act: Act, row: RequestRow) -> Sequence[facts.Fact]:
    """The facts of a request in the annex's order; none of a proposal, whose facts are its accounts."""
    kind = RequestKind(row.kind)
    if kind in PROPOSALS or row.person_id is None:
        return []
    way = way_of(kind, has_account=row.form.get("account") is not None)
    return [fact for fact in facts.rows(act, facts.of_request(act, way, row)) if fact.parts]


def _page(request: Request, act: Act, number: str, *, submitted: bool, page: int = 1) -> HTMLResponse:
    shown = show.show_request(act, number)
    row = requests.get_request(act, number)
    stages = chain.under_way(act, row)
    person_id = str(act.actor.person_id)
    inbox = {stage.request_id: stage.id for stage, _ in requests.list_inbox(act, person_id)}
    name = subject_name(act, row)
    title = mark("申请已提交") if submitted else ""
    return render(
        request,
        "request.html",
        title=_t(request, title) if title else _title(request, row, name),
        submitted=submitted,
        shown=shown,
        row=row,
        name=name,
        rows=fact_rows(act, row),
        proposal=proposed(act, row, page),
        stages=chain.drawn(request, stages, row),
        now_at=chain.present_deciders(stages),
        due=Words(language_of(request)).due(row.due_at, act.now, act.rulebook.calendar),
        happenings=history.happenings(act, row),
        is_own=row.applicant_id == person_id,
        is_subject=row.person_id == person_id,
        stage_id=inbox.get(row.id),
        papers=papers_of(act, row),
    )


def _title(request: Request, row: RequestRow, name: str) -> str:
    kind = Words(language_of(request)).kind(row.kind)
    return _t(request, mark("{kind}：{name}"), kind=kind, name=name) if name else kind


def _own(act: Act, number: str) -> RequestRow:
    """The person's own request; whoever may not see it learns nothing of it."""
    show.show_request(act, number)
    return requests.get_request(act, number)


def _ask_withdrawal(
    request: Request, row: RequestRow, sent: drafts.Entries, problems: Sequence[FieldProblem]
) -> HTMLResponse:
    return render(
        request, "request_withdraw.html", title=_t(request, mark("撤回申请")), status=422 if problems else 200, row=row,
        reason=entries.text(sent, "reason"), problems=entries.said(Words(language_of(request)), problems),
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)
