"""What is shown of inspections, self-checks, corrections and filings. Reads only, in the reader's units."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from connector.auth.act import Act
from connector.register import confine, offices, units
from connector.register.reach import Units, inside, units_in_reach
from connector.register.readers import REVIEWS
from connector.register.tables import AppointmentRow, PersonRow, UnitRow
from connector.reviews import corrections, filings, inspections, self_checks
from connector.reviews.filing_tables import FilingRow
from connector.reviews.inspection_tables import InspectionItemRow, InspectionRow
from connector.reviews.tables import SelfCheckRow

DOING = "查看抽查、自查和备案 / inspections, self-checks and filings"


class InspectionListed(BaseModel):
    number: str
    period: str
    clause: str
    unit_code: str
    unit_name: str
    state: str
    algorithm: str
    population_size: int
    population_sha256: str
    seed: str
    opened_by: str
    opened_at: datetime
    drawn_at: datetime | None
    reported_at: datetime | None


class InspectionItemShown(BaseModel):
    """One thing drawn. `shown` is what was true at the draw."""

    key: str
    unit_code: str
    unit_name: str
    shown: dict[str, Any]
    result: str
    finding: str
    answered_by: str | None
    answered_at: datetime | None


class InspectionShown(InspectionListed):
    rule: dict[str, Any]
    checkpoint: str
    conclusion: str
    items: list[InspectionItemShown]


class CorrectionShown(BaseModel):
    id: str
    source: str
    item: str
    finding: str
    unit_code: str
    unit_name: str
    responsible: str
    due_on: date
    overdue: bool
    clause: str
    state: str
    done_note: str


class SelfCheckShown(BaseModel):
    """One unit's checklist of one period; `signed_at` null while nobody has signed."""

    unit_code: str
    unit_name: str
    period: str
    signed_by: str | None
    signed_at: datetime | None
    findings: list[str]
    answers: list[dict[str, Any]]


class FilingListed(BaseModel):
    number: str
    period: str
    clause: str
    state: str
    manifest_sha256: str
    prepared_by: str
    prepared_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    receipt: str
    received_on: date | None


def list_inspections(act: Act) -> list[InspectionListed]:
    """Inspections, the newest first: all for those who oversee, those that drew from his units for a unit head."""
    within = _reach(act)
    query = select(InspectionRow, UnitRow).join(UnitRow, UnitRow.id == InspectionRow.unit_id)
    rows = act.session.execute(query.order_by(InspectionRow.opened_at.desc())).all()
    return [InspectionListed(**_head(row, unit)) for row, unit in rows if within is None or _items(act, row, within)]


def show_inspection(act: Act, number: str) -> InspectionShown:
    """One inspection with what was drawn; a unit head sees what was drawn in his units, an inspector everything."""
    row = inspections.get_inspection(act, number)
    within = None if act.actor.person_id in row.inspectors else _reach(act)
    unit = units.get_unit_by_id(act, row.unit_id)
    return InspectionShown(
        **_head(row, unit),
        rule=row.rule,
        checkpoint=row.checkpoint,
        conclusion=row.conclusion,
        items=[_item(act, item, own) for item, own in _items(act, row, within)],
    )


def population_of(act: Act, number: str) -> list[str]:
    """What was drawn from, for whoever wants to draw again; for those who oversee."""
    offices.check_holds(act, *REVIEWS, doing=DOING)
    return inspections.get_inspection(act, number).population


def list_corrections(act: Act, *, every: bool = False) -> list[CorrectionShown]:
    """Corrections of the reader's units, the earliest day first."""
    today = offices.office_day(act)
    return [
        CorrectionShown(
            id=row.id,
            source=row.source,
            item=row.item,
            finding=row.finding,
            unit_code=unit.code,
            unit_name=unit.name,
            responsible=_name(act, row.responsible_id) or "",
            due_on=row.due_on,
            overdue=row.state == corrections.OPEN and row.due_on < today,
            clause=row.clause,
            state=row.state,
            done_note=row.done_note,
        )
        for row, unit in corrections.list_corrections(act, open_only=not every)
    ]


def own_corrections(act: Act) -> frozenset[str]:
    """Ids of the corrections that the reader is responsible for."""
    return frozenset(
        row.id for row, _ in corrections.list_corrections(act) if row.responsible_id == act.actor.person_id
    )


def list_checks(act: Act, checklist: str, period: str = "") -> list[SelfCheckShown]:
    """Who has signed the checklist of a period (default: the present one) and who has not, in the reader's units."""
    rule, _ = self_checks.rule_of(act, checklist)
    label = period or self_checks.periods_now(act, rule)[1].label
    within = _reach(act)
    rows = act.session.scalars(
        select(SelfCheckRow).where(SelfCheckRow.checklist == checklist, SelfCheckRow.period == label)
    )
    signed = {row.unit_id: row for row in rows}
    return [_check(act, unit, label, signed.get(unit.id)) for unit in signing_units(act, checklist, within)]


def signing_units(act: Act, checklist: str, within: Units = None) -> Sequence[UnitRow]:
    """The units in which somebody holds the office that signs; in the order of the tree."""
    found = offices_held(act, self_checks.SIGNERS[checklist].value)
    return [unit for unit in found if within is None or any(units.is_within(unit, above) for above in within)]


def offices_held(act: Act, office: str) -> list[UnitRow]:
    """The units in which this office is held today."""
    rows = (
        select(UnitRow)
        .join(AppointmentRow, AppointmentRow.unit_id == UnitRow.id)
        .where(AppointmentRow.office == office, offices.in_office(act))
        .order_by(UnitRow.path)
    )
    return list(act.session.scalars(rows).unique())


def list_filings(act: Act) -> list[FilingListed]:
    """The quarterly filings, the newest first; for those who oversee and who prepare."""
    check_filing_reader(act)
    return [show_filing(act, row) for row in filings.list_filings(act)]


def check_filing_reader(act: Act) -> None:
    """Raises ForbiddenError for whoever neither oversees nor prepares filings."""
    offices.check_host_or_holds(act, *REVIEWS, *filings.PREPARERS, doing="查看备案材料 / the filings")


def show_filing(act: Act, row: FilingRow) -> FilingListed:
    return FilingListed(
        number=row.number,
        period=row.period,
        clause=row.clause,
        state=row.state,
        manifest_sha256=row.manifest_hash,
        prepared_by=_name(act, row.prepared_by) or "",
        prepared_at=row.prepared_at,
        signed_by=_name(act, row.signed_by),
        signed_at=row.signed_at,
        receipt=row.receipt,
        received_on=row.received_on,
    )


def _reach(act: Act) -> Units:
    return units_in_reach(act, REVIEWS, doing=DOING)


def _items(act: Act, row: InspectionRow, within: Units) -> list[tuple[InspectionItemRow, UnitRow]]:
    query = (
        select(InspectionItemRow, UnitRow)
        .join(UnitRow, UnitRow.id == InspectionItemRow.unit_id)
        .where(InspectionItemRow.inspection_id == row.id, *inside(within, UnitRow.path))
        .order_by(InspectionItemRow.key)
    )
    return [(item, unit) for item, unit in act.session.execute(query)]


def _item(act: Act, item: InspectionItemRow, unit: UnitRow) -> InspectionItemShown:
    return InspectionItemShown(
        key=item.key,
        unit_code=unit.code,
        unit_name=unit.name,
        shown=item.shown,
        result=item.result,
        finding=item.finding,
        answered_by=_name(act, item.answered_by),
        answered_at=item.answered_at,
    )


def _head(row: InspectionRow, unit: UnitRow) -> dict[str, Any]:
    same = ("number", "period", "clause", "state", "algorithm", "seed", "opened_by", "opened_at", "drawn_at")
    return {
        **{name: getattr(row, name) for name in (*same, "reported_at")},
        "unit_code": unit.code,
        "unit_name": unit.name,
        "population_size": len(row.population),
        "population_sha256": row.population_hash,
    }


def _check(act: Act, unit: UnitRow, period: str, row: SelfCheckRow | None) -> SelfCheckShown:
    answers = row.answers if row else []
    return SelfCheckShown(
        unit_code=unit.code,
        unit_name=unit.name,
        period=period,
        signed_by=_name(act, row.signed_by) if row else None,
        signed_at=row.signed_at if row else None,
        findings=[each["name"] for each in answers if not each["ok"]],
        answers=answers,
    )


def _name(act: Act, person_id: str | None) -> str | None:
    with confine.beyond(act):  # Who signed or answered is told, also when he stands above the reader's units.
        return act.session.get_one(PersonRow, person_id).name if person_id else None
