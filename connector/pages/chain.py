"""Draws the chain of stages: before it is asked for, before submission, and while it goes on. Decides nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request

from connector.auth.act import Act
from connector.errors import Text
from connector.pages import deciders
from connector.pages.language import Translate, language_of, mark, translator
from connector.pages.ways import Way
from connector.pages.wording import Words
from connector.register import offices, units
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import UnitRow
from connector.regulations.rulebook import WorkingCalendar
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from connector.requests.chain import PlannedStage
from connector.requests.tables import DecisionRow, RequestRow, StageRow

DRAWN_AS = {
    "waiting": "later", "open": "now", "approved": "done", "rejected": "stopped", "returned": "stopped",
    "dropped": "dropped",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage as it is drawn. `state`: done, now, later, stopped, dropped. `names` are those who may, or did, decide.

    `until` is its last moment, `at` when it was decided; `only_sensitive` stages come with sensitive permissions alone.
    """

    office: Text
    unit: str
    names: Sequence[str]
    state: str
    clause: str = ""
    working_days: int | None = None
    until: datetime | None = None
    at: datetime | None = None
    verdict: str = ""
    only_sensitive: bool = False


def sketch(act: Act, way: Way, unit: UnitRow, subject_id: str | None) -> list[Stage]:
    """The chain before anything is typed: who would decide, with the stages that only sensitive permissions need."""
    always = {rule.office for rule in act.rulebook.stages(way.kind)}
    centre = units.centre(act)
    return [
        Stage(
            office=OFFICE_NAMES[rule.office],
            unit=(centre if rule.of == "centre" else unit).name,
            names=_names(act, rule.office, (centre if rule.of == "centre" else unit).id, (subject_id,)),
            state="later",
            clause=rule.clause,
            working_days=act.rulebook.service_level(rule.level).working_days,
            only_sensitive=rule.office not in always,
        )
        for rule in act.rulebook.stages(way.kind, sensitive=True)
    ]


def as_stored(act: Act, planned: Iterable[PlannedStage], *, urgent: bool) -> tuple[dict[str, Any], ...]:
    """The planned chain as it is kept with the form, so that the submission can tell whether it is still the same."""
    stored = []
    for stage in planned:
        level = (urgent and stage.urgent_level) or stage.level
        stored.append(
            {
                "office": stage.office.value,
                "unit": stage.unit.name,
                "names": [person.name for person in stage.deciders],
                "clause": stage.clause,
                "level": level,
                "working_days": act.rulebook.service_level(level).working_days,
            }
        )
    return tuple(stored)


def planned(act: Act, stored: Sequence[dict[str, Any]]) -> list[Stage]:
    """The stored chain with the last day of each stage, were it submitted now and each stage to take its whole time."""
    days = last_days(act.rulebook.calendar, act.now, [(stage["level"], stage["working_days"]) for stage in stored])
    return [
        Stage(
            office=OFFICE_NAMES[Office(stage["office"])],
            unit=stage["unit"],
            names=stage["names"],
            state="later",
            clause=stage["clause"],
            working_days=stage["working_days"],
            until=until,
        )
        for stage, until in zip(stored, days, strict=True)
    ]


def last_days(calendar: WorkingCalendar, now: datetime, levels: Iterable[tuple[str, int]]) -> list[datetime]:
    """Pure: the last moment of each stage, when all of them take as long as they may. Stages of a level share it."""
    used: dict[str, int] = {}
    moments = []
    for level, days in levels:
        until = calendar.due(now, max(0, days - used.get(level, 0)))
        used[level] = used.get(level, 0) + calendar.working_days_between(now, until)
        moments.append(until)
        now = until
    return moments


def under_way(act: Act, request: RequestRow) -> list[Stage]:
    """The stages of the request's present version as they stand."""
    parties = [p for p, part in requests.parts_of(act, request).items() if part != "decider"]
    decided = {decision.stage_id: decision for decision in requests.decisions_of(act, request.id)}
    return [_drawn(act, request, stage, parties, decided.get(stage.id)) for stage in requests.stages_of(act, request)]


def present_deciders(stages: Iterable[Stage]) -> Stage | None:
    """The stage that is open now."""
    return next((stage for stage in stages if stage.state == "now"), None)


def drawn(
    request: Request, stages: Iterable[Stage], row: RequestRow | None = None, *, cites: bool = True
) -> list[dict[str, str]]:
    """The chain as the pages draw it; with a request, its submission comes first. `cites`: with the clauses."""
    words, t = Words(language_of(request)), translator(language_of(request))
    first = {"title": t(mark("提交申请")), "detail": words.moment(row.submitted_at) if row else "", "state": "done"}
    return [
        *([first] if row else []),
        *(
            {
                "title": _title(words, t, stage),
                "detail": _detail(words, t, stage),
                "state": stage.state,
                "clause": stage.clause if cites else "",
            }
            for stage in stages
        ),
    ]


def _title(words: Words, t: Translate, stage: Stage) -> str:
    office = words.pick(stage.office)
    return t(mark("{office}（含敏感权限时）"), office=office) if stage.only_sensitive else office


def _detail(words: Words, t: Translate, stage: Stage) -> str:
    names = t(mark("、")).join(stage.names) or t(mark("暂无可审批的任职人员"))
    if stage.at:
        return t(
            mark("{names}，{verdict}，{at}"),
            names=names,
            verdict=words.verdict(stage.verdict),
            at=words.moment(stage.at),
        )
    if stage.state == "dropped" or stage.working_days is None:
        return names
    limit = t(mark("时限{days}个工作日"), days=stage.working_days) if stage.working_days else t(mark("当日办结"))
    if stage.until:
        return t(mark("{names}；{limit}，最迟{day}"), names=names, limit=limit, day=words.day_text(stage.until))
    return t(mark("{names}；{limit}"), names=names, limit=limit)


def _drawn(act: Act, row: RequestRow, stage: StageRow, parties: Collection[str], decision: DecisionRow | None) -> Stage:
    office = Office(stage.office)
    if decision is None:
        names = [*_names(act, office, stage.unit_id, parties), *deciders.in_place_of(act, row, stage, parties)]
    else:
        names = [deciders.name_of(act, decision)]
    return Stage(
        office=OFFICE_NAMES[office],
        unit=units.get_unit_by_id(act, stage.unit_id).name,
        names=names,
        state=DRAWN_AS[stage.state],
        clause=stage.clause,
        working_days=act.rulebook.service_level(stage.level).working_days,
        until=stage.due_at if stage.state == "open" else None,
        at=decision.decided_at if decision else None,
        verdict=decision.verdict if decision else "",
    )


def _names(act: Act, office: Office, unit_id: str, parties: Collection[str | None]) -> list[str]:
    """Who may decide: nobody who made the request or benefits from it (JC 7)."""
    return [person.name for person in offices.holders(act, office, unit_id) if person.id not in parties]
