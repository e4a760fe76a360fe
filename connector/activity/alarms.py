"""Watches the logins as they are ingested: two places at once, locks by brute force, one address trying many accounts.

Called with the events that are new to the mirror, in the transaction that stores them: nothing is missed and nothing
is told twice, whatever is read again. The record names accounts and the mirror's events, never an address (GX 11).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from ipaddress import ip_network
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, func, select

from connector.activity import places
from connector.activity.alarm_tables import FailureRow, PlaceRow
from connector.activity.bulk import among, insert_many
from connector.activity.places import AT_ONCE, SPRAY_TIME, SPRAYED, Failure, Network, Place, TwoPlaces
from connector.activity.tables import IdpEventRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.ports import IdpEvent
from connector.register.tables import AccountRow

AGAIN_AFTER = timedelta(hours=1)  # The same pair of places, or the same address, is told of once an hour.
LOCKS = {
    "USER_DISABLED_BY_TEMPORARY_LOCKOUT": "temporary",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT": "permanent",
}
LOGGED_OUT = "ACTION:USER"  # The type of users/…/logout among the admin events.
PLACE = tuple(field.name for field in fields(Place))
FAILURE = tuple(column.name for column in FailureRow.__table__.columns)


class LoginWatch:
    """`own_networks` are the centre's own (CIDR): they count as one place, whichever of them somebody sits in."""

    def __init__(self, own_networks: Iterable[str] = ()) -> None:
        self._own: tuple[Network, ...] = tuple(ip_network(cidr, strict=False) for cidr in own_networks)

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        """Records an alarm for each thing these new login events show; returns how many."""
        return self._see_places(act, events) + self._see_locks(act, events) + self._see_failures(act, events)

    def _see_places(self, act: Act, events: Sequence[IdpEvent]) -> int:
        seen = [event for event in events if event.session_id and not event.error]
        if not seen:
            return 0
        changed, found = places.follow(_known(act, seen), seen, self._own)
        _keep(act, changed)
        act.session.execute(delete(PlaceRow).where(PlaceRow.used_at < seen[0].at - 2 * AT_ONCE - AGAIN_AFTER))
        return sum(_tell_of_two_places(act, one) for one in found)

    def _see_locks(self, act: Act, events: Sequence[IdpEvent]) -> int:
        locked = [event for event in events if event.type in LOCKS]
        for event in locked:
            _record(act, Event.LOGIN_LOCKED, event.user_id, lock=LOCKS[event.type], events=[event.event_id])
        return len(locked)

    def _see_failures(self, act: Act, events: Sequence[IdpEvent]) -> int:
        failures = [found for event in events if (found := places.failure_of(event, lambda n: _digest(act, "who", n)))]
        if not failures:
            return 0
        _remember(act, failures)
        newest = {failure.address: failure for failure in sorted(failures, key=lambda failure: failure.at)}
        tried = _tried(act, newest)
        sprayed = [(newest[address], count) for address, count in tried if self._is_sprayed(address, count)]
        return sum(_tell_of_spraying(act, failure, count) for failure, count in sprayed)

    def _is_sprayed(self, address: str, accounts: int) -> bool:
        return places.is_sprayed(address, accounts, self._own)


def _known(act: Act, events: Sequence[IdpEvent]) -> list[Place]:
    """The sessions of these people that were used of late."""
    users = {event.user_id for event in events if event.user_id}
    since = min(event.at for event in events) - 2 * AT_ONCE
    columns = [PlaceRow.__table__.c[name] for name in PLACE]
    statement = select(*columns).where(among(act.session, PlaceRow.user_id, users), PlaceRow.used_at >= since)
    return [Place(*row) for row in act.session.execute(statement)]


def _keep(act: Act, changed: Sequence[Place]) -> None:
    insert_many(act.session, PlaceRow.__table__, PLACE, list(map(attrgetter(*PLACE), changed)), _move_place)


def _move_place(insert: Any) -> Any:
    newer = {name: insert.excluded[name] for name in PLACE if name not in ("session_id", "user_id")}
    return insert.on_conflict_do_update(index_elements=["session_id"], set_=newer)


def _remember(act: Act, failures: Sequence[Failure]) -> None:
    latest = {(failure.address, failure.who): failure.at for failure in sorted(failures, key=lambda one: one.at)}
    rows = [(address, who, at) for (address, who), at in latest.items()]
    insert_many(act.session, FailureRow.__table__, FAILURE, rows, _move_failure)
    act.session.execute(delete(FailureRow).where(FailureRow.failed_at < failures[0].at - 2 * SPRAY_TIME))


def _move_failure(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["address", "who"], set_={"failed_at": insert.excluded.failed_at}
    )


def _tried(act: Act, newest: Mapping[str, Failure]) -> list[tuple[str, int]]:
    """By address: how many accounts were tried in the time before its newest failure here; only where they are many."""
    oldest = min(failure.at for failure in newest.values()) - SPRAY_TIME
    statement = (
        select(FailureRow.address, func.count())
        .where(FailureRow.address.in_(newest), FailureRow.failed_at >= oldest)
        .group_by(FailureRow.address)
        .having(func.count() >= SPRAYED)
    )
    return [(address, _count_exactly(act, newest[address])) for address, _ in act.session.execute(statement)]


def _count_exactly(act: Act, failure: Failure) -> int:
    within = FailureRow.failed_at.between(failure.at - SPRAY_TIME, failure.at)
    return act.session.scalar(select(func.count()).where(FailureRow.address == failure.address, within)) or 0


def _tell_of_spraying(act: Act, failure: Failure, accounts: int) -> int:
    subject = f"address:{_digest(act, 'address', failure.address)}"
    if _told(act, Event.LOGIN_SPRAYED, subject, "", failure.at):
        return 0
    audit.record(
        act, Event.LOGIN_SPRAYED, subject, alarm=True, accounts=accounts, events=[failure.event_id],
        seen_at=failure.at.isoformat(), key="",
    )  # fmt: skip
    return 1


def _tell_of_two_places(act: Act, found: TwoPlaces) -> int:
    key = _digest(act, "places", "|".join(found.networks))
    if _told(act, Event.LOGIN_TWO_PLACES, _subject(act, found.user_id), key, found.at):
        return 0
    if _logged_out_by_us(act, found):
        return 0
    _record(
        act, Event.LOGIN_TWO_PLACES, found.user_id, events=list(found.events), key=key, seen_at=found.at.isoformat()
    )
    return 1


def _logged_out_by_us(act: Act, found: TwoPlaces) -> bool:
    """Whether an administrative log-out, which leaves no login event, had ended the other session."""
    statement = select(IdpEventRow.resource_path).where(
        IdpEventRow.user_id == found.user_id,
        IdpEventRow.at.between(found.since, found.at),
        IdpEventRow.type == LOGGED_OUT,
    )
    return any(str(path).endswith("/logout") for path in act.session.scalars(statement))


def _told(act: Act, event: Event, subject: str, key: str, at: datetime) -> bool:
    """Whether the same was told within the hour; by the moment it happened, so that late reading tells it too."""
    act.session.flush()
    told = act.session.scalars(
        select(AuditEntryRow.data)
        .where(AuditEntryRow.event == event.value, AuditEntryRow.subject == subject)
        .order_by(AuditEntryRow.at.desc())
        .limit(200)
    )
    return any(data["key"] == key and abs(datetime.fromisoformat(data["seen_at"]) - at) < AGAIN_AFTER for data in told)


def _record(act: Act, event: Event, user_id: str | None, **data: Any) -> None:
    account = _account(act, user_id)
    audit.record(
        act, event, _subject(act, user_id), alarm=True,
        person_id=account.person_id if account else None, account_id=account.id if account else None,
        user_name=account.user_name if account else "", **data,
    )  # fmt: skip


def _subject(act: Act, user_id: str | None) -> str:
    account = _account(act, user_id)
    return f"account:{account.id}" if account else f"keycloak_user:{user_id}"


def _account(act: Act, user_id: str | None) -> AccountRow | None:
    return act.session.scalar(select(AccountRow).where(AccountRow.keycloak_id == user_id)) if user_id else None


def _digest(act: Act, what: str, value: str) -> str:
    return act.vault.digest(value, f"login_watch.{what}")
