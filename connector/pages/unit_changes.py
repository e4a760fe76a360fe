"""单位撤并: what a change of a unit would do, previewed, then asked for as exactly that (A3; HH 1, GS 3)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages import entries, owners
from connector.pages.access import FormDep, PageActDep
from connector.pages.days import read_day
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.registration_words import WAYS
from connector.pages.wording import Words
from connector.register import units
from connector.register.offices import check_holds
from connector.register.tables import AppointmentRow, PersonRow, UnitRow
from connector.register.unit_changes import UnitChange, UnitPlan
from connector.register.unit_tables import UnitPlanRow
from connector.regulations.vocabulary import RequestKind
from connector.requests import reorganise
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

router = APIRouter(prefix="/pages/unit-changes", tags=["pages"], include_in_schema=False)

BOXES = ("unit", "how", "effective_on", "target", "name", "accounts", "reason")
DOING = "单位撤并 / change a unit"
LAST_PLANS = 50
STATES = {
    "approved": mark("已批准，待生效"), "done": mark("已完成"), "stale": mark("方案已失效"),
}  # fmt: skip
MISSING = {
    "unit": FieldProblem("unit", "请填写单位代码", "Give the code of the unit", "HH 1"),
    "how": FieldProblem("how", "请选择办理事项", "Choose what becomes of it", "HH 1"),
    "effective_on": FieldProblem("effective_on", "请填写生效日期", "Give the day", "HH 1"),
    "reason": FieldProblem("reason", "请填写依据", "Say on which ground", "HH 1"),
    "target": FieldProblem("target", "请填写并入或上级单位的代码", "Give the code of the other unit", "HH 1"),
    "name": FieldProblem("name", "请填写新名称", "Give the new name", "HH 1"),
    "accounts": FieldProblem("accounts", "请填写随同划出的账号", "Name the accounts that go", "HH 1"),
}
NEEDS = {"close": ("target",), "split": ("target", "accounts"), "rename": ("name",), "move": ("target",)}


@router.get("")
def ask(request: Request, act: PageActDep) -> HTMLResponse:
    """The form, and the plans that were approved."""
    return _page(request, act, {}, [], None)


@router.post("")
def preview(request: Request, act: PageActDep, form: FormDep) -> Response:
    """What the change would do now; stores nothing."""
    sent = {box: entries.text(form, box) for box in BOXES}
    problems, change = _read(sent)
    plan = None
    if change is not None:
        try:
            plan = reorganise.preview_change(act, sent["unit"], change)
        except RefusedInputError as wrong:
            problems = [_renamed(problem) for problem in wrong.fields]
    return _page(request, act, sent, problems, plan)


@router.post("/submit")
def submit(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Sends the request for exactly the plan that was shown; another plan now is refused."""
    sent = {box: entries.text(form, box) for box in BOXES}
    problems, change = _read(sent, plan_hash=entries.text(form, "plan_hash"))
    if change is not None:
        wanted = RequestForm(
            kind=RequestKind.REORGANISE_UNIT, unit_code=sent["unit"], reason=sent["reason"], unit_change=change
        )
        try:
            with act.session.begin_nested():
                row = requests.submit_request(act, wanted)
            return see_other(request, f"/pages/requests/{row.number}", banner=_t(request, mark("申请已提交")))
        except RefusedInputError as wrong:
            problems = [_renamed(problem) for problem in wrong.fields]
    return _page(request, act, sent, problems, None)


def _page(
    request: Request, act: Act, sent: Mapping[str, str], problems: Sequence[FieldProblem], plan: UnitPlan | None
) -> HTMLResponse:
    check_holds(act, *reorganise.KEEPERS, doing=DOING)
    words = Words(language_of(request))
    return render(
        request, "unit_change.html", title=_t(request, mark("单位撤并、更名和划转")), status=422 if problems else 200,
        sent=sent, plan=plan, shown=_shown(act, plan) if plan else {}, ways=WAYS, states=STATES,
        way_choices=[{"value": how, "words": words.pick(name)} for how, name in WAYS.items()],
        plans=_plans(act), problems=entries.said(words, problems),
    )  # fmt: skip


def _read(
    sent: Mapping[str, str], plan_hash: str = reorganise.UNCHECKED
) -> tuple[list[FieldProblem], UnitChange | None]:
    problems: list[FieldProblem] = []
    day = read_day(sent["effective_on"], "effective_on", problems)
    needed = ("unit", "how", "effective_on", "reason", *NEEDS.get(sent["how"], ()))
    problems += [MISSING[box] for box in needed if not sent[box]]
    if problems or day is None or sent["how"] not in WAYS:
        return problems or [MISSING["how"]], None
    used = {box: sent[box] for box in NEEDS[sent["how"]]}
    if "accounts" in used:
        used["accounts"] = tuple(dict.fromkeys(re.split(r"[\s,，、;；]+", sent["accounts"])))  # type: ignore[assignment]
    try:
        wanted = {"how": sent["how"], "effective_on": day, "plan_hash": plan_hash, **used}
        return [], UnitChange.model_validate(wanted)
    except ValidationError as wrong:
        boxes = [str(each["loc"][-1]) if each["loc"] else "how" for each in wrong.errors()]
        return [MISSING.get(box, MISSING["how"]) for box in boxes], None


def _renamed(problem: FieldProblem) -> FieldProblem:
    """The box of this page that the problem belongs to."""
    field = {"unit_code": "unit", "unit_change": "effective_on"}.get(problem.field, problem.field)
    return problem._replace(field=field if field in BOXES else "how")


def _shown(act: Act, plan: UnitPlan) -> dict[str, Any]:
    """Names in the place of the plan's ids."""
    offices = select(AppointmentRow.office, PersonRow.name).join(PersonRow, PersonRow.id == AppointmentRow.person_id)
    return {
        "unit": units.get_unit(act, plan.unit),
        "target": units.get_unit(act, plan.target) if plan.target else None,
        "people": list(owners.by_person(act, plan.persons).values()),
        "offices": act.session.execute(offices.where(AppointmentRow.id.in_(plan.appointments))).all(),
    }


def _plans(act: Act) -> list[Any]:
    statement = (
        select(UnitPlanRow, UnitRow, RequestRow.number)
        .join(UnitRow, UnitRow.id == UnitPlanRow.unit_id)
        .outerjoin(RequestRow, RequestRow.id == UnitPlanRow.request_id)
        .order_by(UnitPlanRow.made_at.desc())
        .limit(LAST_PLANS)
    )
    return list(act.session.execute(statement).all())


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
