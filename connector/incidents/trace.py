"""What a compromised account did and created since a moment (GS 13, GS 14): read from record, requests and the mirror.

Reads only. What cannot be known is said: a gap in the events is a line of the answer, never silence.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from connector.activity.tables import CursorRow, IdpEventRow
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import Text
from connector.provenance.tables import FindingRow
from connector.register.tables import AccountRow, AppointmentRow
from connector.requests.tables import DecisionRow, RequestRow
from connector.storage.batches import in_batches

MOST = 2000  # items of one source; what is beyond is said
ROUNDS = 10  # of users created by users created by …
LATE = timedelta(minutes=10)
KINDS = {"login": Text("登录事件", "login events"), "admin": Text("管理事件", "admin events")}
NEW_USER = "CREATE:USER"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom the trace follows: persons of the register, and the ids Keycloak knows them by."""

    persons: frozenset[str]
    users: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that was done. `found_in`: record, requests, login, console."""

    at: datetime
    found_in: str
    what: str  # event of the record, "OPERATION:RESOURCE", or Keycloak's type
    subject: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class Created:
    """One user that was created; `account_id` is None for one whom nobody applied for."""

    key: str
    account_id: str | None
    person_id: str | None
    user_id: str | None
    name: str
    found_in: str
    reference: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Everything found, oldest first, and in words what may be missing."""

    items: tuple[Item, ...]
    gaps: tuple[Text, ...]


def trace(act: Act, subject: Subject, since: datetime) -> Trace:
    """Everything these persons and Keycloak users did since then, with where each was found, and the gaps."""
    sources = [
        _of_record(act, subject, since), _of_requests(act, subject, since), _of_events(act, subject, since, "login"),
        _of_events(act, subject, since, "admin"),
    ]  # fmt: skip
    items = sorted((item for found in sources for item in found[:MOST]), key=lambda item: (item.at, item.reference))
    cut = [
        Text(
            f"一个来源超过{MOST}条，只列最早的{MOST}条", f"One source has more than {MOST} items; the first are listed"
        )
    ]
    gaps = [*find_gaps(act, subject, since), *(cut if any(len(found) > MOST for found in sources) else ())]
    return Trace(items=tuple(items), gaps=tuple(gaps))


def created_by(act: Act, subject: Subject, since: datetime) -> list[Created]:
    """Users created since then: by requests he had a part in, in the record, in Keycloak's console; and by those."""
    found: dict[str, Created] = {}
    following = subject
    for _ in range(ROUNDS):
        fresh = [one for one in _created(act, following, since) if one.key not in found]
        fresh = [one for one in fresh if one.person_id not in subject.persons and one.user_id not in subject.users]
        if not fresh:
            break
        found |= {one.key: one for one in fresh}
        following = Subject(
            persons=frozenset(one.person_id for one in fresh if one.person_id),
            users=frozenset(one.user_id for one in fresh if one.user_id),
        )
    return sorted(found.values(), key=lambda one: (one.at, one.key))


def appointed_by(act: Act, persons: Collection[str], since: datetime) -> set[str]:
    """Persons whose appointment one of these made or confirmed since then."""
    made = select(AppointmentRow.person_id).where(
        or_(
            (AppointmentRow.made_by.in_(persons)) & (AppointmentRow.made_at >= since),
            (AppointmentRow.confirmed_by.in_(persons)) & (AppointmentRow.confirmed_at >= since),
        )
    )
    return set(act.session.scalars(made))


def find_gaps(act: Act, subject: Subject, since: datetime) -> list[Text]:
    """What the list cannot hold, said plainly: events not read, lost or cleared, and what no event tells."""
    gaps = [gap for kind in KINDS for gap in _gaps_of(act, kind, since)]
    cleared = select(AuditEntryRow.at, AuditEntryRow.event).where(
        AuditEntryRow.event.in_([Event.EVENTS_CLEARED_FOUND.value, Event.EVENTS_INGESTED.value]),
        AuditEntryRow.at >= since, AuditEntryRow.alarm,
    )  # fmt: skip
    for at, _ in act.session.execute(cleared):
        gaps.append(
            Text(f"{_said(at)}发现 Keycloak 事件丢失或被清空", f"Events of Keycloak were lost or cleared ({_said(at)})")
        )
    if not subject.users:
        gaps.append(
            Text("该账号在 Keycloak 中没有用户编号，不能对应事件", "Keycloak has no user for the account: no events")
        )
    gaps.append(
        Text(
            "不含在子系统内部的操作和在 Keycloak 主域的更改：请另行调取其日志",
            "Acts inside the subsystems and changes in Keycloak's master realm are not listed: ask for their logs",
        )
    )
    return gaps


def _gaps_of(act: Act, kind: str, since: datetime) -> list[Text]:
    cursor, name = act.session.get(CursorRow, kind), KINDS[kind]
    if cursor is None:
        return [Text(f"{name.zh}从未读取", f"{name.en} were never read")]
    gaps = []
    if cursor.covers_since > since:
        at = _said(cursor.covers_since)
        gaps.append(Text(f"{name.zh}只完整到{at}，之前的不全", f"{name.en} are complete only since {at}"))
    if cursor.off_since is not None:
        gaps.append(
            Text(
                f"{name.zh}自{_said(cursor.off_since)}起停止记录", f"{name.en} are off since {_said(cursor.off_since)}"
            )
        )
    if act.now - cursor.read_at > LATE:
        gaps.append(
            Text(f"{name.zh}最后读取于{_said(cursor.read_at)}", f"{name.en} were last read {_said(cursor.read_at)}")
        )
    return gaps


def _of_record(act: Act, subject: Subject, since: datetime) -> list[Item]:
    rows = select(AuditEntryRow).where(AuditEntryRow.at >= since, AuditEntryRow.actor_person_id.in_(subject.persons))
    return [
        Item(at=row.at, found_in="record", what=row.event, subject=row.subject, reference=str(row.id))
        for row in act.session.scalars(rows.order_by(AuditEntryRow.id).limit(MOST + 1))
    ]


def _of_requests(act: Act, subject: Subject, since: datetime) -> list[Item]:
    """What others carried out on requests that he had decided: his entry alone would not show what came of it."""
    part = select(DecisionRow.request_id).where(
        DecisionRow.person_id.in_(subject.persons), DecisionRow.decided_at >= since
    )
    applied = select(RequestRow.id).where(
        RequestRow.applicant_id.in_(subject.persons), RequestRow.submitted_at >= since
    )
    rows = select(AuditEntryRow).where(
        AuditEntryRow.at >= since,
        or_(AuditEntryRow.request_id.in_(part), AuditEntryRow.request_id.in_(applied)),
        AuditEntryRow.actor_person_id.is_distinct_from(next(iter(sorted(subject.persons)), None)),
        AuditEntryRow.event.in_([
            Event.ACCOUNT_OPENED.value, Event.GRANT_ADDED.value, Event.ACCOUNT_ENABLED.value, Event.KEY_BOUND.value,
            Event.ACCOUNT_STATUS_CHANGED.value, Event.GRANT_WITHDRAWN.value, Event.LINK_ISSUED.value,
        ]),
    )  # fmt: skip
    return [
        Item(at=row.at, found_in="requests", what=row.event, subject=row.subject, reference=str(row.id))
        for row in act.session.scalars(rows.order_by(AuditEntryRow.id).limit(MOST + 1))
    ]


def _of_events(act: Act, subject: Subject, since: datetime, kind: str) -> list[Item]:
    who = IdpEventRow.user_id if kind == "login" else IdpEventRow.actor_id
    found: list[Item] = []
    for some in in_batches(subject.users):
        rows = select(IdpEventRow).where(who.in_(some), IdpEventRow.kind == kind, IdpEventRow.at >= since)
        found += [
            Item(
                at=row.at, found_in="login" if kind == "login" else "console",
                what=row.type + (f" ({row.error})" if row.error else ""),
                subject=row.resource_path or row.client_id or "", reference=row.id,
            )
            for row in act.session.scalars(rows.order_by(IdpEventRow.at).limit(MOST + 1))
        ]  # fmt: skip
    return found


def _created(act: Act, subject: Subject, since: datetime) -> list[Created]:
    return [*_by_request(act, subject, since), *_in_record(act, subject, since), *_in_console(act, subject, since)]


def _by_request(act: Act, subject: Subject, since: datetime) -> list[Created]:
    decided = select(DecisionRow.request_id).where(DecisionRow.person_id.in_(subject.persons))
    takes_part = or_(RequestRow.applicant_id.in_(subject.persons), RequestRow.id.in_(decided))
    rows = (
        select(AccountRow, RequestRow.number)
        .join(RequestRow, RequestRow.id == AccountRow.opened_by)
        .where(AccountRow.opened_at >= since, takes_part)
    )
    return [_of_account(account, "requests", number) for account, number in act.session.execute(rows)]


def _in_record(act: Act, subject: Subject, since: datetime) -> list[Created]:
    rows = (
        select(AccountRow, AuditEntryRow.id)
        .join(AuditEntryRow, AuditEntryRow.account_id == AccountRow.id)
        .where(
            AuditEntryRow.event == Event.ACCOUNT_OPENED.value,
            AuditEntryRow.actor_person_id.in_(subject.persons),
            AuditEntryRow.at >= since,
        )
    )
    return [_of_account(account, "record", str(entry)) for account, entry in act.session.execute(rows)]


def _in_console(act: Act, subject: Subject, since: datetime) -> list[Created]:
    made = {
        row.user_id: row
        for some in in_batches(subject.users)
        for row in act.session.scalars(_creations(IdpEventRow.actor_id.in_(some), since))
        if row.user_id
    }
    owned, names = _accounts_of(act, made), _names_of(act, made)
    found = []
    for user_id, row in made.items():
        account = owned.get(user_id)
        if account is not None:
            found.append(_of_account(account, "console", row.id, at=row.at))
            continue
        found.append(
            Created(
                key=user_id, account_id=None, person_id=None, user_id=user_id, name=names.get(user_id, user_id),
                found_in="console", reference=row.id, at=row.at,
            )
        )  # fmt: skip
    return found


def _creations(by: ColumnElement[bool], since: datetime) -> Any:
    return select(IdpEventRow).where(
        by, IdpEventRow.type == NEW_USER, IdpEventRow.at >= since, IdpEventRow.error.is_(None)
    )


def _accounts_of(act: Act, user_ids: Iterable[str]) -> dict[str, AccountRow]:
    return {
        str(account.keycloak_id): account
        for some in in_batches(list(user_ids))
        for account in act.session.scalars(select(AccountRow).where(AccountRow.keycloak_id.in_(some)))
    }


def _names_of(act: Act, user_ids: Iterable[str]) -> dict[str, str]:
    """User names that the provenance gate has kept of what was created."""
    return {
        str(user_id): str(facts["user_name"])
        for some in in_batches(list(user_ids))
        for user_id, facts in act.session.execute(
            select(FindingRow.user_id, FindingRow.facts).where(FindingRow.user_id.in_(some))
        )
        if facts.get("user_name")
    }


def _of_account(account: AccountRow, found_in: str, reference: str, at: datetime | None = None) -> Created:
    return Created(
        key=account.id, account_id=account.id, person_id=account.person_id, user_id=account.keycloak_id,
        name=account.user_name, found_in=found_in, reference=reference, at=at or account.opened_at,
    )  # fmt: skip


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
