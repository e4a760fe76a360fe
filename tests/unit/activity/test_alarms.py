"""The watch over logins: two places at once, locks, one address trying many accounts; each told once."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from connector.activity import places, service
from connector.activity.alarm_tables import FailureRow, PlaceRow
from connector.activity.alarms import LoginWatch
from connector.activity.places import network_of
from connector.audit.tables import AuditEntryRow
from connector.ports import IdpEvent
from connector.settings import Settings
from tests.fixtures_activity import add_mirrored_account, open_mirror
from tests.fixtures_register import Desk

START = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME, OFFICE, OFFICE_TOO, CAFE = "123.4.5.6", "60.1.2.3", "60.1.9.9", "39.9.9.9"
_serial = itertools.count(1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    with opened.act() as act:
        add_mirrored_account(act, "u1", opened_at=START)
    yield opened
    opened.close()


def event(kind: str, minute: float, ip: str | None = HOME, session: str | None = "s1", **fields: Any) -> IdpEvent:
    given = {"user_id": "kc-u1", "client_id": "website", "error": None, **fields}
    return IdpEvent(
        event_id=f"e{next(_serial)}", kind="login", at=START + minute * MINUTE, type=kind, ip=ip, session_id=session,
        **given,
    )  # fmt: skip


def login(minute: float, ip: str = HOME, session: str = "s1", **fields: Any) -> IdpEvent:
    return event("LOGIN", minute, ip, session, **fields)


def refresh(minute: float, session: str = "s1", ip: str = "10.0.0.1") -> IdpEvent:
    return event("REFRESH_TOKEN", minute, ip, session)


def failure(minute: float, who: str | None, ip: str = CAFE, name: str = "", error: str = "user_not_found") -> IdpEvent:
    details = {"username": name} if name else {}
    return event("LOGIN_ERROR", minute, ip, None, user_id=who, error=error, details=details)


def see(desk: Desk, *events: IdpEvent, own: tuple[str, ...] = ()) -> list[AuditEntryRow]:
    """Ingests page by page of two, as late and as often as it may come; returns the alarms so far."""
    watch = LoginWatch(own)
    for first in range(0, len(events), 2):
        with desk.act() as act:
            service.ingest(act, "login", events[first : first + 2], watch)
    with desk.act() as act:
        return list(act.session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id)))


def told(entries: list[AuditEntryRow]) -> list[str]:
    assert all(entry.alarm for entry in entries)
    return [entry.event for entry in entries]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("60.1.2.3", "60.1.2.0/24"),
        ("2408:8000:1:2::3", "2408:8000:1::/48"),
        ("10.20.3.4", "own"),
        ("fd00:1::5", "own"),
        ("", ""),
        (None, ""),
        ("unknown", ""),
    ],
)
def test_network_of_an_address_is_its_place(address: str | None, network: str) -> None:
    assert network_of(address, (ip_network("10.20.0.0/16"), ip_network("fd00::/16"))) == network


@pytest.mark.parametrize(
    ("name", "events", "alarms"),
    [
        ("two sessions in two places", [login(0), login(5, OFFICE, "s2")], 1),
        ("two sessions in one network", [login(0, "60.1.2.3"), login(5, "60.1.2.77", "s2")], 0),
        ("the first was not used for a quarter", [login(0), login(15.1, OFFICE, "s2")], 0),
        ("the first was refreshed", [login(0), refresh(10), login(20, OFFICE, "s2")], 1),
        ("the first is refreshed afterwards", [login(0), login(16, OFFICE, "s2"), refresh(17)], 1),
        ("logged out before", [login(0), event("LOGOUT", 4), login(5, OFFICE, "s2")], 0),
        ("ended by the second login itself", [login(0), event("LOGOUT", 5), login(5, OFFICE, "s2")], 0),
        ("refreshes come from the server of a subsystem", [login(0), refresh(1), login(2, session="s2")], 0),
        ("one session moves", [login(0), login(5, OFFICE)], 0),
        ("one session here, there and here", [login(0), login(5, OFFICE), login(9)], 1),
        ("the same within more than a quarter", [login(0), login(5, OFFICE), login(15.1)], 0),
        ("another person", [login(0), login(5, OFFICE, "s2", user_id="kc-u2")], 0),
        ("a login that failed", [login(0), login(5, OFFICE, "s2", error="x")], 0),
        ("no address", [login(0), event("LOGIN", 5, None, "s2")], 0),
    ],
)
def test_see_uses_of_one_person_tells_of_two_places(desk: Desk, name: str, events: list[IdpEvent], alarms: int) -> None:
    assert told(see(desk, *events)) == ["login.two_places"] * alarms


@pytest.mark.parametrize(("minute", "alarms"), [(-1, 1), (3, 0), (6, 1)])
def test_see_a_session_that_an_administrator_ended_is_no_place(desk: Desk, minute: int, alarms: int) -> None:
    at = START + minute * MINUTE
    ended = IdpEvent(
        event_id="a1", kind="admin", at=at, type="ACTION:USER", user_id="kc-u1", client_id=None, ip=None, error=None,
        resource_path="users/kc-u1/logout",
    )  # fmt: skip
    with desk.act() as act:
        service.ingest(act, "admin", [ended])
    assert told(see(desk, login(0), login(5, OFFICE, "s2"))) == ["login.two_places"] * alarms


def test_see_two_places_names_the_account_and_the_events_but_no_address(desk: Desk) -> None:
    first, second = login(0), login(5, OFFICE, "s2")
    (entry,) = see(desk, first, second)
    assert entry.data["user_name"] == "u1"
    assert entry.data["events"] == [first.event_id, second.event_id]
    assert entry.subject == f"account:{entry.account_id}"
    assert not any(part in str(entry.data) for part in (HOME, OFFICE, "123.4.5", "60.1.2"))


def test_see_the_same_pair_tells_once_an_hour(desk: Desk) -> None:
    events = [login(0), *(login(n, OFFICE, f"o{n}") for n in (1, 2, 3)), refresh(4), login(5, CAFE, "s9")]
    assert told(see(desk, *events)) == ["login.two_places"] * 3  # Home and office, home and café, office and café.
    later = [login(90, HOME, "t1"), login(91, OFFICE, "t2")]
    assert len(see(desk, *later)) == 4


def test_see_events_twice_tells_once(desk: Desk) -> None:
    events = [login(0), login(5, OFFICE, "s2"), failure(6, "kc-u1")]
    assert len(see(desk, *events)) == len(see(desk, *events)) == 1


def test_see_the_centres_own_networks_are_one_place(desk: Desk) -> None:
    assert told(see(desk, login(0, OFFICE), login(5, OFFICE_TOO, "s2"), own=("60.1.0.0/16",))) == []
    assert told(see(desk, login(6, HOME, "s3"), own=("60.1.0.0/16",))) == ["login.two_places"]


def test_see_a_lock_tells_of_it(desk: Desk) -> None:
    entries = see(desk, event("USER_DISABLED_BY_TEMPORARY_LOCKOUT", 0, None, None))
    assert told(entries) == ["login.locked"]
    assert (entries[0].data["user_name"], entries[0].data["lock"]) == ("u1", "temporary")


def test_see_a_lock_of_somebody_unknown_here_tells_of_it_too(desk: Desk) -> None:
    entries = see(desk, event("USER_DISABLED_BY_PERMANENT_LOCKOUT", 0, None, None, user_id="stranger"))
    assert [(entry.event, entry.subject) for entry in entries] == [("login.locked", "keycloak_user:stranger")]


@pytest.mark.parametrize(
    ("count", "span", "ip", "alarms"),
    [
        (9, 9.0, CAFE, 0),
        (10, 9.0, CAFE, 1),
        (30, 9.0, CAFE, 1),
        (10, 30.0, CAFE, 0),
        (49, 9.0, OFFICE, 0),
        (50, 9.0, OFFICE, 1),
    ],
)
def test_see_failures_for_many_accounts_from_one_address_tells_of_spraying(
    desk: Desk, count: int, span: float, ip: str, alarms: int
) -> None:
    events = [failure(span * n / count, f"kc-{n}", ip, error="invalid_user_credentials") for n in range(count)]
    entries = see(desk, *events, own=("60.1.0.0/16",))
    assert told(entries) == ["login.sprayed"] * alarms
    assert not any(ip in entry.subject + str(entry.data) for entry in entries)


def test_see_failures_of_names_that_are_none_count_apart_and_keep_no_name(desk: Desk) -> None:
    assert told(see(desk, *(failure(0.1 * n, None, name="wang") for n in range(20)))) == []
    assert told(see(desk, *(failure(3, None, name=f"wang{n}") for n in range(10)))) == ["login.sprayed"]
    with desk.act() as act:
        assert not [row for row in act.session.scalars(select(FailureRow)) if "wang" in row.who]


def test_see_failures_counts_each_address_within_its_own_time(desk: Desk) -> None:
    early = [failure(0, f"kc-{n}") for n in range(places.SPRAYED - 1)]
    with desk.act() as act:  # One page, in which another address has an early failure.
        service.ingest(act, "login", [*early, failure(0, "kc-1", HOME), failure(15, "kc-99")], LoginWatch())
        assert list(act.session.scalars(select(AuditEntryRow))) == []


def test_see_failures_that_are_no_wrong_password_are_none(desk: Desk) -> None:
    assert told(see(desk, *(failure(0, f"kc-{n}", error="expired_code") for n in range(20)))) == []


def test_see_long_ago_is_forgotten(desk: Desk) -> None:
    see(desk, login(0), failure(0, "kc-u1"))
    see(desk, login(60 * 24, session="s2"), failure(60 * 24, "kc-u2"))
    with desk.act() as act:
        left = [act.session.scalar(select(func.count()).select_from(table)) for table in (PlaceRow, FailureRow)]
    assert left == [1, 1]


def test_set_networks_that_are_none_is_refused() -> None:
    assert Settings(same_place_networks="10.1.2.3/8, fd00::/16").same_place_networks == ("10.0.0.0/8", "fd00::/16")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Settings(same_place_networks="the office")  # type: ignore[arg-type]


def test_sprayed_limits_are_those_of_the_rules() -> None:
    assert (places.SPRAYED, places.SPRAYED_WITHIN) == (10, 50)
