"""离岗与调动: leavers and what is still awaited of each, movers, people who joined or are back, held plans, the reads.

Nothing is frozen or given back here: forms are applied for, held plans decided among the requests.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from connector.auth.act import Act
from connector.departures import service as departures
from connector.departures.scope import Units, units_in_reach
from connector.departures.tables import DirectoryReadRow
from connector.departures.views import PlanView, show_plan, show_plans
from connector.pages import errors_told, facts, owners
from connector.pages.access import PageActDep, VisitorDep
from connector.pages.departure_tabs import open_tabs
from connector.pages.departure_words import (
    CAUSES,
    FIELDS,
    HINTS,
    OUTCOMES,
    PLAN_STATES,
    PLAN_TAGS,
    PROBLEMS,
    REASONS,
    WAYS_OF_HINTS,
)
from connector.pages.facts import Part
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.pages.visitor import Visitor
from connector.register import readers
from connector.register.offices import check_holds
from connector.register.tables import PermissionRow, UnitRow

router = APIRouter(prefix="/pages/departures", tags=["pages"], include_in_schema=False)

DOING = "查看离岗与调动 / departures and moves"
LAST_READS = 20
LAST_PLANS = 20
HELD = ("held", "rejected")
WORDS: Mapping[str, Any] = {
    "causes": CAUSES, "reasons": REASONS, "plan_states": PLAN_STATES, "plan_tags": PLAN_TAGS, "hints": HINTS,
    "ways": WAYS_OF_HINTS, "problem_words": PROBLEMS, "outcomes": OUTCOMES, "fields": FIELDS,
}  # fmt: skip


class Reading(NamedTuple):
    """One read of the directory; `told` says why it was refused."""

    row: DirectoryReadRow
    told: errors_told.Told | None


@router.get("")
def list_cases(request: Request, act: PageActDep, visitor: VisitorDep, shown: str = "open", page: int = 1) -> Response:
    """Leavers whose form or key is awaited, the most urgent first.

    Held plans and the last read stand above them, for those who see all units.
    """
    if open_tabs(visitor.offices) == ("rotations",):
        return see_other(request, "/pages/departures/rotations")
    within = _units(act)
    page, is_open = asked(page), shown != "all"
    found = departures.list_cases(
        act, open_only=is_open, limit=ON_A_PAGE + 1, first=(page - 1) * ON_A_PAGE, within=within
    )
    cases = found[:ON_A_PAGE]
    known = owners.by_user_name(act, [case.user_name for case in cases])
    return render(
        request, "departures.html", title=_t(request, mark("离岗与调动")),
        cases=[(case, known.get(case.user_name)) for case in cases], more=len(found) > ON_A_PAGE, page=page,
        is_open=is_open, offices=_offices(act, cases), held=[] if within else _held(act), sees_all=within is None,
        last=None if within else next(iter(_reads(act, 1)), None), tab="cases", open_tabs=_tabs(visitor), **WORDS,
    )  # fmt: skip


@router.get("/movers")
def list_movers(
    request: Request, act: PageActDep, visitor: VisitorDep, shown: str = "open", page: int = 1
) -> HTMLResponse:
    """People whose unit or post changed, what their new post may not hold, and the request about it."""
    within = _units(act)
    page, is_open = asked(page), shown != "all"
    found = departures.list_movers(
        act, open_only=is_open, limit=ON_A_PAGE + 1, first=(page - 1) * ON_A_PAGE, within=within
    )
    movers = found[:ON_A_PAGE]
    known = owners.by_user_name(act, [mover.user_name for mover in movers])
    units = _unit_names(act, {code for mover in movers for code in (mover.from_unit, mover.to_unit)})
    parts = _permissions(act, {permission for mover in movers for permission in mover.excess})
    return render(
        request, "movers.html", title=_t(request, mark("离岗与调动")),
        movers=[(mover, known.get(mover.user_name)) for mover in movers], more=len(found) > ON_A_PAGE, page=page,
        is_open=is_open, units=units, parts=parts, tab="movers", open_tabs=_tabs(visitor), sees_all=within is None,
        told={m.problem: errors_told.tell(m.problem) for m in movers if m.problem}, **WORDS,
    )  # fmt: skip


@router.get("/hints")
def list_hints(request: Request, act: PageActDep, visitor: VisitorDep, page: int = 1) -> HTMLResponse:
    """Who joined and has no account, and who is back, each with the application that fits."""
    page, within = asked(page), _units(act)
    found = departures.list_hints(act, limit=ON_A_PAGE + 1, first=(page - 1) * ON_A_PAGE, within=within)
    seen = found[:ON_A_PAGE]
    return render(
        request, "hints.html", title=_t(request, mark("离岗与调动")), found=seen, more=len(found) > ON_A_PAGE,
        page=page, known=owners.by_user_name(act, [hint.user_name for hint in seen if hint.user_name]), tab="hints",
        units=_unit_names(act, {hint.unit_code for hint in seen if hint.unit_code}),
        open_tabs=_tabs(visitor), **WORDS,
    )  # fmt: skip


@router.get("/reads")
def list_reads(request: Request, act: PageActDep, visitor: VisitorDep) -> HTMLResponse:
    """The last reads of the directory: when, how many people, and why one was refused; and the last plans."""
    _check_reader(act)
    return render(
        request, "reads.html", title=_t(request, mark("离岗与调动")), reads=_reads(act, LAST_READS),
        plans=show_plans(act, limit=LAST_PLANS), tab="reads", open_tabs=_tabs(visitor), **WORDS,
    )  # fmt: skip


@router.get("/plans/{plan_hash}")
def read_plan(request: Request, act: PageActDep, plan_hash: str, page: int = 1) -> HTMLResponse:
    """One plan with its people, why it is held, and the request that may release it and no other."""
    _check_reader(act)
    plan = show_plan(act, plan_hash)
    place = paging(page, len(plan.items))
    items = plan.items[place.first : place.first + ON_A_PAGE]
    return render(
        request, "departure_plan.html", title=_t(request, mark("离岗处理方案")), plan=plan, items=items, place=place,
        known=owners.by_user_name(act, [item.user_name for item in items]),
        paged=place if place.pages > 1 else None, **WORDS,
    )  # fmt: skip


def _held(act: Act) -> list[PlanView]:
    """The plans that wait for people; at most one of each kind."""
    return [plan for plan in show_plans(act, limit=LAST_PLANS) if plan.state in HELD]


def _reads(act: Act, count: int) -> list[Reading]:
    newest = select(DirectoryReadRow).order_by(DirectoryReadRow.id.desc()).limit(count)
    return [Reading(row, errors_told.tell(row.error_code)) for row in act.session.scalars(newest)]


def _offices(act: Act, cases: Sequence[departures.CaseView]) -> dict[str, tuple[str, str]]:
    """The office and the unit's name of each "office@unit" that these leavers hold."""
    told = {each for case in cases for each in case.offices}
    units = _unit_names(act, {each.partition("@")[2] for each in told})
    return {each: (each.partition("@")[0], units.get(each.partition("@")[2], "")) for each in told}


def _unit_names(act: Act, codes: Collection[str]) -> dict[str, str]:
    statement = select(UnitRow.code, UnitRow.name).where(UnitRow.code.in_(codes))
    return {code: name for code, name in act.session.execute(statement)}


def _permissions(act: Act, ids: Collection[str]) -> dict[str, Part]:
    """What people call these permissions; one that left the catalogue is not in it."""
    known = act.session.scalars(select(PermissionRow.id).where(PermissionRow.id.in_(ids))).all()
    return dict(zip(sorted(known), facts.permissions(act, known), strict=True))


def _tabs(visitor: Visitor) -> tuple[str, ...]:
    return open_tabs(visitor.offices)


def _units(act: Act) -> Units:
    """The units whose people the visitor may see."""
    return units_in_reach(act, doing=DOING)


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.DEPARTURES, doing=DOING)


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
