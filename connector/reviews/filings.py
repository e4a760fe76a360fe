"""The quarterly filing: one person prepares it, the principal signs, its receipt is noted, delay alarms (JC 19)."""

from datetime import date
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.note import sign_note
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, NotFoundError, NotSignedInError, RefusedInputError
from connector.ports import NoteSigner
from connector.register import offices, reach, units
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from connector.reviews import package
from connector.reviews.campaigns import is_older
from connector.reviews.errors import (
    FilingChangedError,
    FilingStateError,
    OwnFilingError,
    PeriodNotOverError,
    UnsignableFilingError,
)
from connector.reviews.filing_tables import FilingRow
from connector.reviews.periods import Period, before, parse, period_of
from connector.reviews.snapshot import difference, take_snapshot
from connector.storage.tables import new_id

CLAUSE, MONTHS = "JC 19", 3
PREPARED, SIGNED, FILED = "prepared", "signed", "filed"
PREPARERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.OPERATOR)


class Made(NamedTuple):
    """A package without its signature: the archive, and the hash of its manifest."""

    archive: bytes
    manifest_hash: str


def make_filing(act: Act, label: str = "") -> FilingRow:
    """Prepares the package of a quarter that is over, by default the last one; again, until it is signed.

    Done by a person of the system department. Raises PeriodNotOverError, FilingStateError, RefusedInputError.
    """
    if act.actor.person_id is None:
        raise NotSignedInError
    offices.check_holds(act, *PREPARERS, doing="制作备案材料 / prepare a filing")
    reach.check_whole(act, doing="制作备案材料 / prepare a filing")  # It holds every account of the centre.
    period = _period(act, label)
    if period.end > act.now:
        raise PeriodNotOverError(period=period.label)
    row = find_filing(act, period.label)
    if row is not None and row.state != PREPARED:
        raise FilingStateError(state=row.state)
    made = build(act, period)
    if row is None:
        row = FilingRow(id=new_id(), number=f"BA-{period.label}", period=period.label, clause=_clause(act))
        act.session.add(row)
    row.state, row.archive, row.manifest_hash = PREPARED, made.archive, made.manifest_hash
    row.prepared_by, row.prepared_at = act.actor.person_id, act.now
    act.session.flush()
    audit.record(act, Event.FILING_PREPARED, f"filing:{row.period}", number=row.number, manifest=row.manifest_hash)
    return row


def build(act: Act, period: Period) -> Made:
    """The package as the register tells it now: the same rows give the same bytes."""
    present, last = take_snapshot(act, period), before(period, MONTHS)
    filed = find_filing(act, last.label)
    if filed is not None and filed.state != PREPARED:
        old = package.unpack(filed.archive)
        accounts, permissions = package.rows_of(old, "accounts"), package.rows_of(old, "permissions")
        source = {"period": last.label, "manifest_sha256": filed.manifest_hash}
    else:
        former = take_snapshot(act, last)
        accounts, permissions = [dict(row) for row in former.accounts], [dict(row) for row in former.permissions]
        source = {"period": last.label, "manifest_sha256": ""}
    files = package.make_files(present, difference(accounts, permissions, present))
    centre = units.centre(act)
    facts = {"unit_code": centre.code, "unit": centre.name, "clause": _clause(act), "previous": source}
    manifest = package.make_manifest(files, period, facts)
    return Made(package.pack({**files, package.MANIFEST: manifest}), sha256(manifest).hexdigest())


def sign_filing(act: Act, number: str, signer: NoteSigner, *, manifest_hash: str) -> FilingRow:
    """The principal signs what he was shown (`manifest_hash`); the product signs that he did, with its own key.

    Raises StepUpNeededError, ForbiddenError, OwnFilingError, FilingStateError, FilingChangedError.
    """
    check_level(act.actor)
    offices.check_holds(act, Office.PRINCIPAL, doing="签署备案材料 / sign a filing")
    row = get_filing(act, number, lock=True)
    if row.prepared_by == act.actor.person_id:
        raise OwnFilingError
    if row.state != PREPARED:
        raise FilingStateError(state=row.state)
    if row.manifest_hash != manifest_hash.strip().lower():
        raise FilingChangedError
    manifest = package.unpack(row.archive)[package.MANIFEST]
    if sha256(manifest).hexdigest() != row.manifest_hash:
        raise UnsignableFilingError(reason=package.MANIFEST)
    row.state, row.signed_by, row.signed_at = SIGNED, act.actor.person_id, act.now
    row.note = sign_note(note_text(act, row), signer)
    act.session.flush()
    audit.record(act, Event.FILING_SIGNED, f"filing:{row.period}", number=number, manifest=row.manifest_hash)
    return row


def note_text(act: Act, row: FilingRow) -> str:
    """What is signed: the format, the number, the manifest's hash, who prepared and who signed, when."""
    names = [_name(act, row.prepared_by), _name(act, row.signed_by)]
    moment = f"{row.signed_at:%Y-%m-%dT%H:%M:%SZ}" if row.signed_at else ""
    lines = [package.FORMAT, row.number, row.manifest_hash, f"prepared {names[0]}", f"signed {names[1]}", moment]
    return "\n".join(lines) + "\n"


def note_receipt(act: Act, number: str, *, receipt: str, received_on: date) -> FilingRow:
    """Notes the number under which the authority has taken the filing. Raises FilingStateError, RefusedInputError."""
    offices.check_holds(act, *PREPARERS, doing="登记备案回执 / note the receipt of a filing")
    row = get_filing(act, number, lock=True)
    if row.state != SIGNED:
        raise FilingStateError(state=row.state)
    if not 2 <= len(receipt.strip()) <= 64 or received_on > offices.office_day(act):
        problem = FieldProblem("receipt", "请填写回执编号和收到日期", "give its number and the day", CLAUSE)
        raise RefusedInputError([problem], clause=CLAUSE)
    row.state, row.receipt, row.received_on = FILED, receipt.strip(), received_on
    row.filed_by, row.filed_at = act.actor.name, act.now
    audit.record(act, Event.FILING_RECEIVED, f"filing:{row.period}", number=number, receipt=row.receipt)
    return row


def alarm_overdue(act: Act) -> bool:
    """Alarms, once for a quarter, that its filing has no receipt although it is due (JC 19)."""
    rule = act.rulebook.periodic("filing")
    if rule is None:
        return False
    period = before(period_of(act.now, rule.months), rule.months)
    row = find_filing(act, period.label)
    due_at = act.rulebook.calendar.due(period.end, rule.working_days)
    if act.now < due_at or (row is not None and row.state == FILED) or not is_older(act, period):
        return False
    subject = f"filing:{period.label}"
    told = (AuditEntryRow.event == Event.FILING_OVERDUE.value, AuditEntryRow.subject == subject)
    if act.session.scalar(select(AuditEntryRow.id).where(*told).limit(1)) is not None:
        return False
    audit.record(
        act, Event.FILING_OVERDUE, subject, alarm=True, state=row.state if row else "", due_at=due_at.isoformat()
    )
    return True


def find_filing(act: Act, label: str) -> FilingRow | None:
    """The filing of this quarter."""
    return act.session.scalars(select(FilingRow).where(FilingRow.period == label)).one_or_none()


def get_filing(act: Act, number: str, *, lock: bool = False) -> FilingRow:
    """The filing with this number; raises NotFoundError."""
    query = select(FilingRow).where(FilingRow.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = act.session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError(kind="备案 (filing)", name=number)
    return row


def list_filings(act: Act) -> list[FilingRow]:
    """All of them, the newest quarter first."""
    return list(act.session.scalars(select(FilingRow).order_by(FilingRow.period.desc())))


def signed_package(row: FilingRow) -> bytes:
    """The archive as it is handed over: with the signature, once there is one."""
    if not row.note:
        return row.archive
    return package.pack({**package.unpack(row.archive), package.SIGNATURE: row.note.encode()})


def _period(act: Act, label: str) -> Period:
    period = parse(label) if label else before(period_of(act.now, MONTHS), MONTHS)
    if period is None or period != period_of(period.start, MONTHS):
        problem = FieldProblem("period", "季度应写作 2026-Q3", "a quarter is written 2026-Q3", CLAUSE)
        raise RefusedInputError([problem], clause=CLAUSE)
    return period


def _clause(act: Act) -> str:
    rule = act.rulebook.periodic("filing")
    return rule.clause if rule else CLAUSE


def _name(act: Act, person_id: str | None) -> str:
    return act.session.get_one(PersonRow, person_id).name if person_id else ""
