"""口令更改: what a leaving administrator knew, item by item, and the note that it was changed (JC 22). No secret."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.departures import service as departures
from connector.departures.rotation import ROTATORS, RotationView
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import departure_tabs, entries, owners
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.departure_words import ITEM_KINDS
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked
from connector.pages.visitor import Visitor
from connector.pages.wording import Words
from connector.register import readers
from connector.register.offices import check_holds

router = APIRouter(prefix="/pages/departures/rotations", tags=["pages"], include_in_schema=False)

NO_ITEM = FieldProblem("item", "请选择已更改的事项", "Choose what was changed", "JC 22")


@router.get("")
def list_rotations(
    request: Request, act: PageActDep, visitor: VisitorDep, shown: str = "open", page: int = 1
) -> HTMLResponse:
    """The cases, the most urgent first."""
    _check_reader(act)
    page, is_open = asked(page), shown != "all"
    found = departures.list_rotations(act, open_only=is_open, limit=ON_A_PAGE + 1, first=(page - 1) * ON_A_PAGE)
    cases = found[:ON_A_PAGE]
    known = owners.by_user_name(act, [case.user_name for case in cases])
    return render(
        request, "rotations.html", title=_t(request, mark("离岗与调动")), more=len(found) > ON_A_PAGE, page=page,
        cases=[(case, known.get(case.user_name)) for case in cases], is_open=is_open,
        tab="rotations", open_tabs=departure_tabs.open_tabs(visitor.offices),
    )  # fmt: skip


@router.get("/{case_id}")
def read(request: Request, act: PageActDep, visitor: VisitorDep, case_id: str) -> HTMLResponse:
    """One case: every account and password he knew, who knows it, and the form to note what was changed."""
    _check_reader(act)
    return _page(request, act, visitor, departures.get_rotation(act, case_id), {}, [])


@router.post("/{case_id}")
def do_item(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, case_id: str) -> Response:
    """Notes that one item was changed; the case closes with its last one."""
    _check_reader(act)
    case = departures.get_rotation(act, case_id)
    sent = {name: entries.text(form, name) for name in ("item", "note")}
    if sent["item"] not in {item.item_id for item in case.items}:
        return _page(request, act, visitor, case, sent, [NO_ITEM])
    try:
        with act.session.begin_nested():
            departures.do_item(act, sent["item"], sent["note"])
    except RefusedInputError as wrong:
        return _page(request, act, visitor, case, sent, wrong.fields)
    banner = _t(request, mark("已登记更改"))
    return see_other(request, f"/pages/departures/rotations/{case_id}", banner=banner)


def _page(
    request: Request, act: Act, visitor: Visitor, case: RotationView, sent: Mapping[str, str],
    problems: list[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    knowers = {secret.name: secret.known_by for secret in departures.list_secrets(act)}
    names = [case.user_name, *(name for known in knowers.values() for name in known)]
    names += [item.done_by for item in case.items if item.done_by]
    known = owners.by_user_name(act, names)
    owner = known.get(case.user_name)
    is_his = owner is not None and owner.person_id == visitor.actor.person_id
    words = Words(language_of(request))
    left = [item for item in case.items if item.done_at is None]
    name = owner.name if owner else case.user_name
    return render(
        request, "rotation.html", title=_t(request, mark("口令更改：{name}"), name=name),
        status=422 if problems else 200, case=case, owner=owner, known=known, knowers=knowers, kinds=ITEM_KINDS,
        sent=sent,
        may_note=bool(left) and not is_his and bool(visitor.offices & frozenset(ROTATORS)),
        offered=[{"value": item.item_id, "words": words.half(item.name)} for item in left],
        problems=entries.said(words, problems),
    )  # fmt: skip


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.ROTATIONS, doing="查看口令更改个案 / the rotation cases")


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
