"""What stands open where somebody has left: his offices without a successor, and stages that wait on him alone.

Reads only; the security administrator ends and makes appointments.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, select

from connector.auth.act import Act
from connector.register.offices import in_office
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.tables import ParticipantRow, RequestRow, StageRow
from connector.storage.batches import in_batches

LEAVING_CAUSES = ("departure", "cancel")
_OUT = (AccountStatus.FROZEN, AccountStatus.DISABLED, AccountStatus.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What one person leaves open. `offices` are "office@unit"; `requests` numbers that nobody else can decide now."""

    person_id: str
    user_name: str
    account_status: str
    since: datetime
    offices: tuple[str, ...]
    requests: tuple[str, ...]


def list_handovers(act: Act, *, limit: int = 500) -> list[Handover]:
    """Everybody who has left, or whose account was cancelled, and who still holds an office (JC 22; B13)."""
    statement = (
        select(PersonRow.id, AccountRow.user_name, AccountRow.status, AccountStateRow.since)
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .join(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(
            AccountRow.status.in_([status.value for status in _OUT]),
            AccountStateRow.cause.in_(LEAVING_CAUSES),
            exists().where(AppointmentRow.person_id == PersonRow.id, in_office(act)),
        )
        .order_by(AccountStateRow.since, AccountRow.user_name)
        .limit(limit)
    )
    found = list(act.session.execute(statement))
    offices, waiting = open_duties(act, [person_id for person_id, *_ in found])
    return [
        Handover(
            person_id=person_id,
            user_name=user_name,
            account_status=status,
            since=since,
            offices=offices.get(person_id, ()),
            requests=waiting.get(person_id, ()),
        )
        for person_id, user_name, status, since in found
    ]


def open_duties(act: Act, person_ids: Collection[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """By person: the offices he holds today, and the numbers of requests whose open stage waits on him alone."""
    held: dict[str, list[tuple[str, str, str]]] = {}
    for some in in_batches(person_ids):
        for person_id, office, unit_id, code in act.session.execute(_held_by(some).where(in_office(act))):
            held.setdefault(person_id, []).append((office, unit_id, code))
    offices = {person: tuple(f"{office}@{code}" for office, _, code in duties) for person, duties in held.items()}
    waiting = {
        person: tuple(sorted({n for office, unit_id, _ in duties for n in _waiting_on_nobody(act, office, unit_id)}))
        for person, duties in held.items()
    }
    return offices, waiting


def _held_by(person_ids: Collection[str]) -> Select[str, str, str, str]:
    return (
        select(AppointmentRow.person_id, AppointmentRow.office, AppointmentRow.unit_id, UnitRow.code)
        .join(UnitRow, UnitRow.id == AppointmentRow.unit_id)
        .where(AppointmentRow.person_id.in_(person_ids))
        .order_by(UnitRow.path, AppointmentRow.office)
    )


def _waiting_on_nobody(act: Act, office: str, unit_id: str) -> list[str]:
    """Numbers of requests whose open stage belongs to this office, and which nobody with an account in use may decide:
    who takes part already, or is out of use, cannot."""
    takes_part = exists().where(
        ParticipantRow.request_id == StageRow.request_id,
        ParticipantRow.version == StageRow.version,
        ParticipantRow.person_id == AppointmentRow.person_id,
    )
    another = (
        exists()
        .where(
            AppointmentRow.office == office,
            AppointmentRow.unit_id == unit_id,
            in_office(act),
            AccountRow.person_id == AppointmentRow.person_id,
            AccountRow.status == AccountStatus.ACTIVE.value,
            ~takes_part,
        )
        .correlate(StageRow)
    )
    statement = (
        select(RequestRow.number)
        .join(StageRow, and_(StageRow.request_id == RequestRow.id, StageRow.version == RequestRow.version))
        .where(StageRow.office == office, StageRow.unit_id == unit_id, StageRow.state == "open", ~another)
    )
    return list(act.session.scalars(statement))
