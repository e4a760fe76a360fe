"""What a leaving administrator knew, as far as the register of secrets and the record show it (JC 22). Reads only."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import and_, exists, or_, select

from connector.activity import service as activity
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.departures import shared_secrets
from connector.departures.secret_tables import SecretKnowerRow
from connector.provisioning.tables import LinkRow
from connector.register.offices import office_day
from connector.register.tables import AccountRow, AppointmentRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office
from connector.storage.batches import in_batches

ADMINISTRATOR_CLASSES = (AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR)
ADMINISTRATOR_OFFICES = (Office.SYSTEM_ADMINISTRATOR, Office.OPERATOR, Office.SECURITY_ADMINISTRATOR)
MEMORY = timedelta(days=90)  # An office ended longer ago: every password of then has been changed since (JC 25).
CLOCKS_APART = timedelta(seconds=10)  # Keycloak's moment of a password against ours of the link that led to it
REVIEW = "review"

_GIVEN = {
    "endpoint": (Event.ENDPOINT_REGISTERED, Event.ENDPOINT_ROTATED),
    "stream": (Event.STREAM_REGISTERED,),
}
_ENDED = (Event.ENDPOINT_DISABLED, Event.STREAM_DISABLED)


class Known(NamedTuple):
    """One thing he knew. `subject` is "kind:id"."""

    kind: str
    subject: str
    name: str
    opens: str = ""
    secret_id: str | None = None


def is_administrator(act: Act, account: AccountRow) -> bool:
    """Whether his leaving needs a rotation: by the class of his account, by an office he has or had until lately, or
    because somebody noted that he knows a shared secret."""
    return account.person_id in administrators_among(act, [account])


def administrators_among(act: Act, accounts: Sequence[AccountRow]) -> set[str]:
    """Persons of these accounts whose leaving needs a rotation."""
    day = office_day(act)
    held = exists().where(
        AppointmentRow.person_id == PersonRow.id,
        AppointmentRow.office.in_([office.value for office in ADMINISTRATOR_OFFICES]),
        AppointmentRow.confirmed_at.is_not(None),
        or_(AppointmentRow.ended_at.is_(None), AppointmentRow.ended_at >= act.now - MEMORY),
        or_(AppointmentRow.valid_to.is_(None), AppointmentRow.valid_to >= day - MEMORY),
    )
    knows = exists().where(SecretKnowerRow.person_id == PersonRow.id, SecretKnowerRow.until.is_(None))
    found = {account.person_id for account in accounts if account.account_class in ADMINISTRATOR_CLASSES}
    for some in in_batches({account.person_id for account in accounts} - found):
        found.update(act.session.scalars(select(PersonRow.id).where(PersonRow.id.in_(some), or_(held, knows))))
    return found


def what_he_knew(act: Act, account: AccountRow) -> list[Known]:
    """Everything to be changed, and last a look whether that is all: no list of this kind is ever complete."""
    person_id = account.person_id
    shared = [
        Known(row.kind, f"secret:{row.id}", row.name, row.opens, row.id)
        for row in shared_secrets.known_to(act, person_id)
    ]
    review = Known(REVIEW, f"account:{account.id}", "其他共用账号和口令 / anything else he knew")
    return [*shared, *_interface_secrets(act, person_id), *_passwords(act, account), review]


def _interface_secrets(act: Act, person_id: str) -> Iterable[Known]:
    """Secrets of endpoints and streams that were shown to him, and that nobody has made anew since."""
    giving = [event.value for events in _GIVEN.values() for event in events]
    his = select(AuditEntryRow.subject).where(
        AuditEntryRow.actor_person_id == person_id, AuditEntryRow.event.in_(giving)
    )
    statement = (
        select(AuditEntryRow.subject, AuditEntryRow.event, AuditEntryRow.actor_person_id, AuditEntryRow.data)
        .where(AuditEntryRow.subject.in_(his), AuditEntryRow.event.in_([*giving, *(e.value for e in _ENDED)]))
        .order_by(AuditEntryRow.id)
    )
    newest = {subject: (event, actor, data) for subject, event, actor, data in act.session.execute(statement)}
    for subject, (event, actor, data) in sorted(newest.items()):
        if actor == person_id and event in giving:
            kind = subject.partition(":")[0]
            yield Known(f"{kind}_secret", subject, str(data.get("name") or subject), str(data.get("url") or ""))


def _passwords(act: Act, account: AccountRow) -> Iterable[Known]:
    """Accounts of others whose present password he may know: their one-time link passed through his hands."""
    issued = select(AuditEntryRow.subject).where(
        AuditEntryRow.actor_person_id == account.person_id, AuditEntryRow.event == Event.LINK_ISSUED.value
    )
    statement = (
        select(LinkRow, AccountRow)
        .join(AccountRow, AccountRow.id == LinkRow.account_id)
        .where(
            ("link:" + LinkRow.id).in_(issued),
            AccountRow.id != account.id,
            AccountRow.status != AccountStatus.CANCELLED.value,
            or_(
                LinkRow.opened_at.is_not(None),
                and_(LinkRow.ended_at.is_(None), LinkRow.expires_at > act.now),
            ),
        )
        .order_by(AccountRow.user_name, LinkRow.issued_at)
    )
    found = {
        other.user_name: Known("link_password", f"account:{other.id}", other.user_name)
        for link, other in act.session.execute(statement)
        if not _changed_since(act, link, other)
    }
    return found.values()


def _changed_since(act: Act, link: LinkRow, account: AccountRow) -> bool:
    """Whether the person has set a password of his own after the link was opened."""
    set_at = activity.password_set_at(act, account.id)
    return link.opened_at is not None and set_at is not None and set_at > link.opened_at + CLOCKS_APART
