"""Sampling inspections: population and rule are recorded first, the seed comes after, then the draw (JC 9)."""

from sqlalchemy import select

import connector.reviews.confined  # noqa: F401  # who sees an inspection is said there
from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow, CheckpointRow
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import accounts, offices, units
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.reviews import evidence
from connector.reviews.errors import InspectionStateError, NotSealedYetError
from connector.reviews.inspection_tables import InspectionItemRow, InspectionNumberRow, InspectionRow
from connector.reviews.periods import period_of
from connector.reviews.sampling import ALGORITHM, draw, hash_population, make_seed
from connector.storage import numbers
from connector.storage.tables import new_id

CLAUSE = "JC 9, GS 17"
INSPECTORS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR)
COMMITTED, DRAWN, REPORTED = "committed", "drawn", "reported"


def open_inspection(act: Act, unit_code: str = "", inspectors: tuple[str, ...] = ()) -> InspectionRow:
    """Fixes what is drawn from, by which rule, and records both; the sample cannot be known yet (JC 9, GS 17).

    `unit_code` is inspected with all below it (default: everything); `inspectors` are user names of further inspectors.
    Done by the head of the system department or a security administrator. Raises NotFoundError, RefusedInputError.
    """
    offices.check_holds(act, *INSPECTORS, doing="发起抽查 / open an inspection")
    unit = units.get_unit(act, unit_code) if unit_code else _root(act)
    population = _population(act, unit)
    if not population:
        problem = FieldProblem("unit_code", "该单位没有账号和岗位", "no account and no post there", "JC 9")
        raise RefusedInputError([problem], clause="JC 9")
    rule, periodic = act.rulebook.sample(), act.rulebook.periodic("inspection")
    inspection = InspectionRow(
        id=new_id(),
        number=numbers.next_number(act.session, InspectionNumberRow, "CJ", act.now),
        period=period_of(act.now, periodic.months if periodic else 6).label,
        clause=periodic.clause if periodic else CLAUSE,
        unit_id=unit.id,
        state=COMMITTED,
        inspectors=[accounts.get_by_user_name(act, name).person_id for name in inspectors],
        algorithm=ALGORITHM,
        rule=rule.model_dump(),
        population=population,
        population_hash=hash_population(population),
        opened_by=act.actor.name,
        opened_at=act.now,
    )
    act.session.add(inspection)
    act.session.flush()
    audit.record(
        act, Event.INSPECTION_COMMITTED, subject_of(inspection), number=inspection.number, unit=unit.code,
        algorithm=ALGORITHM, rule=inspection.rule, size=len(population), population=inspection.population_hash,
    )  # fmt: skip
    return inspection


def draw_inspection(act: Act, number: str) -> InspectionRow:
    """Takes the seed, records it, and draws. Anybody may start it: nothing about it can be chosen.

    Raises NotSealedYetError before the checkpoint over the commitment is signed, InspectionStateError when drawn.
    """
    inspection = get_inspection(act, number, lock=True)
    check_state(inspection, COMMITTED, "已抽取 / drawn already")
    note = find_checkpoint(act, inspection)
    if note is None:
        raise NotSealedYetError
    inspection.checkpoint, inspection.seed = note, make_seed(inspection.population_hash, inspection.number, note)
    audit.record(act, Event.INSPECTION_SEEDED, subject_of(inspection), number=number, seed=inspection.seed)
    act.session.flush()
    keys = redraw(inspection, inspection.seed)
    act.session.add_all(evidence.item_of(act, inspection.id, key) for key in keys)
    inspection.state, inspection.drawn_at = DRAWN, act.now
    audit.record(
        act,
        Event.INSPECTION_DRAWN,
        subject_of(inspection),
        number=number,
        drawn=len(keys),
        sample=hash_population(keys),
    )
    return inspection


def draw_committed(act: Act) -> int:
    """Draws each inspection whose seed is there; for the clock. Returns how many."""
    waiting = select(InspectionRow).where(InspectionRow.state == COMMITTED).order_by(InspectionRow.number)
    ready = [each.number for each in act.session.scalars(waiting) if find_checkpoint(act, each) is not None]
    for number in ready:
        draw_inspection(act, number)
    return len(ready)


def redraw(inspection: InspectionRow, seed: str) -> list[str]:
    """The sample that this seed gives."""
    rule = {name: int(inspection.rule[name]) for name in ("share_percent", "least", "most")}
    return draw(inspection.population, seed, **rule)


def find_checkpoint(act: Act, inspection: InspectionRow) -> str | None:
    """The note of the first checkpoint over the entry of the commitment; None before it is signed."""
    position = act.session.scalar(
        select(AuditEntryRow.position).where(
            AuditEntryRow.event == Event.INSPECTION_COMMITTED.value, AuditEntryRow.subject == subject_of(inspection)
        )
    )
    if position is None:
        return None
    return act.session.scalar(
        select(CheckpointRow.note).where(CheckpointRow.size > position).order_by(CheckpointRow.id).limit(1)
    )


def get_inspection(act: Act, number: str, *, lock: bool = False) -> InspectionRow:
    """The inspection with this number; raises NotFoundError."""
    query = select(InspectionRow).where(InspectionRow.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = act.session.scalars(query).one_or_none()
    if found is None:
        raise NotFoundError(kind="抽查 (inspection)", name=number)
    return found


def items_of(act: Act, inspection: InspectionRow) -> list[InspectionItemRow]:
    """What was drawn, by key."""
    rows = select(InspectionItemRow).where(InspectionItemRow.inspection_id == inspection.id)
    return list(act.session.scalars(rows.order_by(InspectionItemRow.key)))


def check_state(inspection: InspectionRow, state: str, missing: str) -> None:
    if inspection.state != state:
        raise InspectionStateError(state=inspection.state, missing=missing)


def subject_of(inspection: InspectionRow) -> str:
    """What the record calls it."""
    return f"inspection:{inspection.id}"


def _root(act: Act) -> UnitRow:
    top = act.session.scalars(select(UnitRow).order_by(UnitRow.path).limit(1)).first()
    return top or units.centre(act)


def _population(act: Act, unit: UnitRow) -> list[str]:
    rows = act.session.execute(
        select(AccountRow.user_name, UnitRow.code, PersonRow.post)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(UnitRow.path.startswith(unit.path, autoescape=True), AccountRow.status != AccountStatus.CANCELLED.value)
    ).all()
    names = {f"account:{user_name}" for user_name, _, _ in rows}
    return sorted(names | {f"post:{code}/{post}" for _, code, post in rows if post})
