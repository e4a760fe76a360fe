"""What a real Keycloak tells of factors, passwords and its own recording, and what the mirror makes of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.activity import baseline, reader, service
from connector.activity.coverage import ADMIN, LOGIN, RecordingWatch, login_coverage
from connector.activity.evidence import UnknownReason, evidence_of
from connector.activity.tables import ActivityRow
from connector.register.tables import AccountRow
from tests.fixtures_activity import add_mirrored_account, open_mirror
from tests.fixtures_register import Desk
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def ingest(desk: Desk, realm: RealmUnderTest) -> datetime:
    now = datetime.now(UTC)
    for kind, watch in ((ADMIN, RecordingWatch()), (LOGIN, None)):
        reader.catch_up(realm.provider, lambda: desk.act(now=now), kind, now=now, watch=watch)
    return now


def account_of(desk: Desk, user_id: str) -> str:
    with desk.act() as act:
        account = add_mirrored_account(act, user_id[:8], opened_at=datetime.now(UTC) - timedelta(minutes=1))
        act.session.get_one(AccountRow, account.id).keycloak_id = user_id
        return account.id


def factors(desk: Desk, account_id: str) -> list[tuple[str, str, str, bool]]:
    with desk.act() as act:
        found = service.list_factor_changes(act, account_id)
        return [(row.factor, row.change, row.source, row.actor_id is not None) for row in reversed(found)]


@pytest.mark.req("J1")
def test_ingest_factors_enrolled_by_the_person_and_removed_by_an_administrator(
    desk: Desk, realm: RealmUnderTest
) -> None:
    with_codes, _ = realm.ready_person(second_factor="otp")
    with_key, _ = realm.ready_person()
    (codes,) = [one for one in realm.provider.list_credentials(with_codes) if one.type == "otp"]
    (key,) = [one for one in realm.provider.list_credentials(with_key) if one.type == "webauthn"]
    realm.admin.delete(f"/users/{with_codes}/credentials/{codes.id}")
    ingest(desk, realm)
    first, second = account_of(desk, with_codes), account_of(desk, with_key)
    assert factors(desk, first) == [("otp", "enrolled", "event", False), ("otp", "removed", "event", True)]
    assert factors(desk, second) == [("key", "enrolled", "event", False)]
    with desk.act() as act:
        assert [row.credential for row in service.list_factor_changes(act, second)] == [key.key_id]
        known = service.activity_of(act, second)
        assert known is not None
        assert (known.password_evidence, known.password_actor_id) == ("event", None)
        assert known.first_seen_at is not None
        assert known.last_used_at is not None
        assert known.first_seen_at < known.last_used_at


@pytest.mark.req("F1")
def test_take_baseline_finds_what_events_do_not_tell_and_nothing_twice(desk: Desk, realm: RealmUnderTest) -> None:
    user_id, _ = realm.ready_person()
    before, _ = realm.ready_person(second_factor="otp")
    realm.admin.delete("/events")
    realm.admin.delete("/admin-events")
    told, _ = realm.ready_person()
    now = ingest(desk, realm)
    accounts = {user: account_of(desk, user) for user in (user_id, before, told)}
    taken = baseline.take_baseline(realm.provider, lambda: desk.act(now=now))
    assert (taken.asked, taken.finished) == (3, True)
    assert [factors(desk, accounts[user]) for user in (user_id, before, told)] == [
        [("key", "enrolled", "baseline", False)],
        [("otp", "enrolled", "baseline", False)],
        [("key", "enrolled", "event", False)],
    ]
    with desk.act() as act:
        rows = {user: act.session.get_one(ActivityRow, user) for user in accounts}
    assert [rows[user].password_evidence for user in (user_id, before, told)] == ["baseline", "baseline", "event"]
    assert rows[user_id].password_set_at == realm.provider.password_set_at(user_id)
    listed = {user.user_id: user for user in realm.provider.list_accounts()}
    assert all((row.created_at, row.enabled) == (listed[user].created_at, True) for user, row in rows.items())


@pytest.mark.req("F1")
def test_recording_switched_off_in_the_console_makes_use_unknown_until_the_realm_is_put_right(
    desk: Desk, realm: RealmUnderTest
) -> None:
    ingest(desk, realm)
    user_id, _ = realm.new_person()
    account_id = account_of(desk, user_id)
    realm.admin.put("/events/config", {"eventsEnabled": False})
    try:
        now = ingest(desk, realm)
        with desk.act(now=now) as act:
            assert login_coverage(act).off_since is not None
            assert evidence_of(act, account_id).unknown is UnknownReason.EVENTS_OFF
    finally:
        realm.applier.apply()
    now = ingest(desk, realm)
    with desk.act(now=now) as act:
        coverage = login_coverage(act)
        assert coverage.off_since is None, "the realm as code names every type of event"
        assert coverage.since == coverage.restarted_at
        assert evidence_of(act, account_id).unknown is UnknownReason.GAP
