"""Finds offices without anybody who could decide before they block a request (B6, B13; LC 6(1), JC 11).

`list_vacancies` reads the present state; `record_vacancies` keeps what was found, so that each is told once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.register import absences, standing, units
from connector.register.offices import check_holds, in_office, office_day
from connector.register.readers import APPOINTMENTS
from connector.register.tables import AccountRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from connector.requests.deadline_tables import VacancyRow
from connector.requests.rules import can_be_decided_by_different_people

GRAVE = ("vacant", "out_of_use", "too_few")  # A request is blocked by these today.
ORDER = ("vacant", "out_of_use", "too_few", "away", "ending")
CAUSES = ("", "violation")


@dataclass(frozen=True)
class Vacancy:
    """One office of one unit and what is wrong with it.

    `problem`: vacant (nobody holds it), out_of_use (no holder's account is active), away (every holder is away without
    a deputy), ending (the last appointment ends by `until`), too_few (a chain needs more different people).
    """

    unit_id: str
    unit_code: str
    unit: str
    office: str
    problem: str
    clause: str
    until: date | None = None


@dataclass(frozen=True)
class Holder:
    """One who holds an office today."""

    person_id: str
    in_use: bool
    valid_to: date | None


Held = Mapping[tuple[Office, str], Sequence[Holder]]


def list_vacancies(act: Act) -> list[Vacancy]:
    """Every office the packs need of a unit with people, and of the centre, that could not decide, worst first.

    Read by the security administrator, the auditor, the principal, the head of the system department; the machine's
    operator and the jobs. ForbiddenError for anybody else (JC 8, GS 9).
    """
    if act.actor.kind not in (ActorKind.HOST, ActorKind.JOB):
        check_holds(act, *APPOINTMENTS, doing="查看岗位空缺 / read the vacancies")
    held, away = _held(act), absences.away_today(act)
    centre = units.centre(act)
    chains = dict.fromkeys(
        act.rulebook.stages(kind, sensitive=True, cause=cause) for kind in RequestKind for cause in CAUSES
    )
    found: dict[tuple[str, str, str], Vacancy] = {}
    for unit in _units_with_people(act):
        for stages in chains:
            places = [(s.office, centre if s.of == "centre" else unit, s.clause) for s in stages]
            for one in (*_alone(act, held, away, places), *_together(held, places)):
                found.setdefault((one.unit_id, one.office, one.problem), one)
    for one in _confirmers(held, centre):
        found.setdefault((one.unit_id, one.office, one.problem), one)
    return sorted(found.values(), key=lambda one: (ORDER.index(one.problem), one.unit_code, one.office))


def record_vacancies(act: Act) -> dict[str, int]:
    """Keeps what is found now: each new vacancy is recorded once, with an alarm where it blocks; filled ones end."""
    found = {(one.unit_id, one.office, one.problem): one for one in list_vacancies(act)}
    known = {
        (row.unit_id, row.office, row.problem): row
        for row in act.session.scalars(select(VacancyRow).where(VacancyRow.cleared_at.is_(None)))
    }
    for key in found.keys() - known.keys():
        row = VacancyRow(unit_id=key[0], office=key[1], problem=key[2], found_at=act.now)
        act.session.add(row)
        act.session.flush()
        _record(act, Event.VACANCY_FOUND, row, found[key].unit_code, alarm=key[2] in GRAVE)
    for key in known.keys() - found.keys():
        known[key].cleared_at = act.now
        unit = act.session.get_one(UnitRow, key[0])
        _record(act, Event.VACANCY_CLEARED, known[key], unit.code, alarm=False)
    return {"vacant": len(found), "new": len(found.keys() - known.keys()), "filled": len(known.keys() - found.keys())}


def _held(act: Act) -> Held:
    statement = (
        select(AppointmentRow, AccountRow.status)
        .outerjoin(AccountRow, AccountRow.person_id == AppointmentRow.person_id)
        .where(in_office(act))
    )
    held: dict[tuple[Office, str], list[Holder]] = defaultdict(list)
    for row, status in act.session.execute(statement):
        holder = Holder(row.person_id, status == AccountStatus.ACTIVE.value, row.valid_to)
        held[Office(row.office), row.unit_id].append(holder)
    return held


def _units_with_people(act: Act) -> list[UnitRow]:
    """Units somebody may apply for: those with an account that is not cancelled."""
    with_people = (
        select(PersonRow.unit_id)
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(AccountRow.status != AccountStatus.CANCELLED.value)
    )
    return list(act.session.scalars(select(UnitRow).where(UnitRow.id.in_(with_people)).order_by(UnitRow.path)))


Places = Sequence[tuple[Office, UnitRow, str]]


def _alone(act: Act, held: Held, away: Collection[str], places: Places) -> Iterable[Vacancy]:
    """What is wrong with each office by itself."""
    for office, unit, clause in places:
        holders = held.get((office, unit.id), ())
        in_use = [holder for holder in holders if holder.in_use]
        problem, until = "", None
        if not in_use:
            problem = "out_of_use" if holders else "vacant"
        elif all(holder.person_id in away for holder in in_use) and not standing.deputies_of(act, office, unit.id):
            problem = "away"
        elif until := _last_day(act, in_use):
            problem = "ending"
        if problem:
            yield _vacancy(unit, office, problem, clause, until)


def _last_day(act: Act, in_use: Sequence[Holder]) -> date | None:
    """The day on which the last holder's appointment ends, when that is soon."""
    soon = office_day(act) + timedelta(days=act.rulebook.number("vacancy_notice_days"))
    days = [holder.valid_to for holder in in_use]
    ends = [day for day in days if day is not None]
    return max(ends) if len(ends) == len(days) and max(ends) <= soon else None


def _together(held: Held, places: Places) -> Iterable[Vacancy]:
    """The offices of a chain that share too few people, though each of them is held (JC 7)."""
    people = [[h.person_id for h in held.get((office, unit.id), ()) if h.in_use] for office, unit, _ in places]
    if not all(people) or can_be_decided_by_different_people(people):
        return
    for number, (office, unit, clause) in enumerate(places):
        others = {person for other, some in enumerate(people) if other != number for person in some}
        if set(people[number]) <= others:
            yield _vacancy(unit, office, "too_few", clause)


def _confirmers(held: Held, centre: UnitRow) -> Iterable[Vacancy]:
    """An appointment is made by one and confirmed by another: fewer than two people can do neither (B13, JC 7)."""
    able = {
        holder.person_id
        for (office, _), holders in held.items()
        if office in (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)
        for holder in holders
        if holder.in_use
    }
    makers = [h for (o, _), some in held.items() if o is Office.SECURITY_ADMINISTRATOR for h in some if h.in_use]
    if not makers:
        yield _vacancy(centre, Office.SECURITY_ADMINISTRATOR, "vacant", "JC 8, GS 9")
    elif len(able) < 2:
        yield _vacancy(centre, Office.SECURITY_ADMINISTRATOR, "too_few", "JC 7, JC 8")


def _vacancy(unit: UnitRow, office: Office, problem: str, clause: str, until: date | None = None) -> Vacancy:
    return Vacancy(unit.id, unit.code, unit.name, office.value, problem, clause, until)


def _record(act: Act, event: Event, row: VacancyRow, unit_code: str, *, alarm: bool) -> None:
    audit.record(
        act, event, f"unit:{row.unit_id}", alarm=alarm, unit=unit_code, office=row.office, problem=row.problem,
    )  # fmt: skip
