"""What is known of an account's use: each reason why it is not, and that silence is told from disuse."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.activity import service
from connector.activity.coverage import Coverage, RecordingWatch, login_coverage, records_logins
from connector.activity.evidence import WORDS, UnknownReason, evidence_of
from connector.activity.evidence_tables import FactorChangeRow
from connector.activity.tables import ActivityRow, CursorRow
from connector.errors import NotFoundError
from connector.ports import IdpEvent
from connector.register.tables import AccountRow
from tests.fixtures_activity import add_mirrored_account, open_mirror
from tests.fixtures_register import NOON, Desk

OPENED = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def account(desk: Desk, **fields: Any) -> str:
    with desk.act() as act:
        return add_mirrored_account(act, "p1", **{"opened_at": OPENED, **fields}).id


def cover(desk: Desk, since: datetime, **fields: Any) -> None:
    with desk.act() as act:
        act.session.merge(CursorRow(kind="login", covers_since=since, **{"read_at": act.now, **fields}))


def unknown(desk: Desk, account_id: str, **options: Any) -> UnknownReason | None:
    with desk.act() as act:
        return evidence_of(act, account_id, **options).unknown


@pytest.mark.req("F1")
def test_evidence_before_the_first_read_is_unknown(desk: Desk) -> None:
    assert unknown(desk, account(desk)) is UnknownReason.NEVER_INGESTED


@pytest.mark.req("F1")
@pytest.mark.parametrize(
    ("since", "reason"),
    [(OPENED, None), (OPENED + timedelta(seconds=1), UnknownReason.OLDER_THAN_EVENTS)],
    ids=["reaches back", "does not"],
)
def test_evidence_of_an_account_older_than_the_events_is_unknown(
    desk: Desk, since: datetime, reason: UnknownReason | None
) -> None:
    cover(desk, since)
    assert unknown(desk, account(desk)) is reason


@pytest.mark.req("F1")
def test_evidence_after_a_gap_is_unknown_and_tells_when_it_was_found(desk: Desk) -> None:
    found_at = OPENED + 2 * DAY
    cover(desk, OPENED + DAY, restarted_at=found_at)
    account_id = account(desk)
    with desk.act() as act:
        told = evidence_of(act, account_id)
    assert (told.unknown, told.restarted_at, told.covers_since) == (UnknownReason.GAP, found_at, OPENED + DAY)
    assert unknown(desk, account_id, since=OPENED + DAY) is None


@pytest.mark.req("F1")
@pytest.mark.parametrize(("age", "reason"), [(DAY, None), (DAY + timedelta(seconds=1), UnknownReason.STALE)])
def test_evidence_read_long_ago_is_unknown(desk: Desk, age: timedelta, reason: UnknownReason | None) -> None:
    cover(desk, OPENED, read_at=NOON - age)
    assert unknown(desk, account(desk)) is reason


@pytest.mark.req("F1")
def test_evidence_while_keycloak_records_nothing_is_unknown(desk: Desk) -> None:
    cover(desk, OPENED, off_since=NOON)
    assert unknown(desk, account(desk)) is UnknownReason.EVENTS_OFF
    with desk.act() as act:
        assert service.covers_since(act) is None


@pytest.mark.parametrize("gone", [False, True], ids=["never made", "deleted there"])
def test_evidence_of_an_account_that_keycloak_does_not_have_is_unknown(desk: Desk, gone: bool) -> None:
    cover(desk, OPENED)
    account_id = account(desk, **({"gone_at": NOON, "last_used_at": NOON} if gone else {}))
    if not gone:
        with desk.act() as act:
            act.session.get_one(AccountRow, account_id).keycloak_id = None
    assert unknown(desk, account_id) is UnknownReason.NOT_IN_KEYCLOAK


@pytest.mark.req("F1")
def test_evidence_of_use_is_known_whatever_the_events_cover(desk: Desk) -> None:
    account_id = account(desk, last_used_at=OPENED + DAY, last_used_source="log")
    with desk.act() as act:
        told = evidence_of(act, account_id)
    assert (told.unknown, told.source, told.last_used_at, told.words) == (None, "log", OPENED + DAY, None)
    assert unknown(desk, account_id, since=OPENED + 2 * DAY) is UnknownReason.NEVER_INGESTED


def test_evidence_of_one_enabled_again_counts_from_then(desk: Desk) -> None:
    cover(desk, OPENED + DAY)
    assert unknown(desk, account(desk, enabled_again_at=OPENED + 2 * DAY, last_used_at=OPENED)) is None


def test_evidence_of_nobody_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFoundError), desk.act() as act:
        evidence_of(act, "nobody")


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(UnknownReason)


TYPES = ["LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN", "LOGOUT"]


def realm_change(sent: Any, at: datetime = NOON, number: int = 1, **fields: Any) -> IdpEvent:
    given = {"type": "UPDATE:REALM", "error": None} | fields
    return IdpEvent(
        event_id=f"r{number}", kind="admin", at=at, user_id=None, client_id=None, ip=None,
        resource_path="events/config", details={"representation": sent}, **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "records"),
    [
        (realm_change({"eventsEnabled": False}), False),
        (realm_change({"eventsEnabled": False, "enabledEventTypes": TYPES}), False),
        (realm_change({"eventsEnabled": True, "enabledEventTypes": TYPES}), True),
        (realm_change({"eventsEnabled": True, "enabledEventTypes": TYPES[1:]}), False),
        (realm_change({"enabledEventTypes": ["LOGIN"]}), False),
        (realm_change({"eventsEnabled": True}), None),
        (realm_change({"eventsEnabled": True, "enabledEventTypes": []}), None),
        (realm_change({"displayName": "x"}), None),
        (realm_change(None), None),
        (realm_change({"eventsEnabled": False}, type="UPDATE:USER"), None),
        (realm_change({"eventsEnabled": False}, error="forbidden"), None),
    ],
)
def test_records_logins_says_what_a_change_of_the_realm_means(event: IdpEvent, records: bool | None) -> None:
    assert records_logins(event) is records


@pytest.mark.req("F1")
def test_recording_switched_off_and_on_makes_a_gap_between(desk: Desk) -> None:
    cover(desk, OPENED)
    off, on = NOON - 3 * DAY, NOON - 2 * DAY

    def see(*events: IdpEvent) -> Coverage:
        with desk.act() as act:
            service.ingest(act, "admin", events, RecordingWatch())
            return login_coverage(act)

    assert see(realm_change({"eventsEnabled": False}, off)).off_since == off
    assert see(realm_change({"eventsEnabled": False}, off + DAY / 2, 2)).off_since == off
    assert see(realm_change({"eventsEnabled": True}, off + DAY / 2, 3)).off_since == off
    told = see(realm_change({"eventsEnabled": True, "enabledEventTypes": TYPES}, on, 4))
    assert (told.off_since, told.since, told.restarted_at) == (None, on, on)
    again = see(realm_change({"eventsEnabled": True, "enabledEventTypes": TYPES}, on + DAY, 5))
    assert again.since == on, "a change that changes nothing is no gap"


def change(number: int, type_name: str, at: datetime, kind: str = "login", **fields: Any) -> IdpEvent:
    given: dict[str, Any] = {"error": None, "resource_path": None} | fields
    return IdpEvent(
        event_id=f"f{number}", kind=kind, at=at, type=type_name, user_id="kc-p1", client_id=None, ip=None, **given
    )


@pytest.mark.req("J1")
def test_ingest_factor_changes_tells_which_when_and_by_whom(desk: Desk) -> None:
    account_id = account(desk)
    key = {"credential_type": "webauthn", "public_key_credential_id": "AU2s"}
    otp = {"credential_type": "otp"}
    by_hand = {"credential_type": "otp", "credential_id": "c9", "by_user_id": "admin"}
    unnamed = {"by_user_id": "admin"}
    login = [
        change(1, "UPDATE_CREDENTIAL", NOON, details=key),
        change(2, "UPDATE_TOTP", NOON + DAY, details=otp),
        change(3, "UPDATE_CREDENTIAL", NOON + DAY, details=otp),
        change(4, "UPDATE_CREDENTIAL", NOON + DAY, details={"credential_type": "password"}),
        change(5, "UPDATE_CREDENTIAL", NOON + DAY, details=otp, error="invalid"),
        change(6, "REMOVE_CREDENTIAL", NOON + 2 * DAY, details=key),
        change(7, "LOGIN", NOON + 2 * DAY, details=key),
    ]
    admin = [
        change(8, "ACTION:USER", NOON + 3 * DAY, "admin", resource_path="users/kc-p1/credentials/c9", details=by_hand),
        change(9, "ACTION:USER", NOON + 4 * DAY, "admin", resource_path="users/kc-p1/credentials/c8", details=unnamed),
        change(10, "ACTION:USER", NOON, "admin", resource_path="users/kc-p1/credentials/c8/moveToFirst", details={}),
        change(11, "ACTION:USER", NOON, "admin", resource_path="users/kc-p1/reset-password", details=by_hand),
    ]
    with desk.act() as act:
        for _ in range(2):
            service.ingest(act, "login", login)
            service.ingest(act, "admin", admin)
        found = service.list_factor_changes(act, account_id)
        known = service.activity_of(act, account_id)
    assert [(row.at, row.factor, row.change, row.actor_id, row.credential) for row in reversed(found)] == [
        (NOON, "key", "enrolled", None, "AU2s"),
        (NOON + DAY, "otp", "enrolled", None, None),
        (NOON + 2 * DAY, "key", "removed", None, "AU2s"),
        (NOON + 3 * DAY, "otp", "removed", "admin", "c9"),
        (NOON + 4 * DAY, "unknown", "removed", "admin", "c8"),
    ]
    assert known is not None
    assert (known.first_seen_at, known.password_evidence, known.password_actor_id) == (NOON, "event", None)


def test_ingest_password_set_by_somebody_else_names_him_until_the_person_changes_it(desk: Desk) -> None:
    account_id = account(desk)
    reset = change(
        1, "ACTION:USER", NOON, "admin", resource_path="users/kc-p1/reset-password", details={"by_user_id": "admin"}
    )
    own = change(2, "UPDATE_PASSWORD", NOON + DAY)
    with desk.act() as act:
        service.ingest(act, "admin", [reset])
        first = service.activity_of(act, account_id)
        assert first is not None
        assert (first.password_evidence, first.password_actor_id) == ("initial", "admin")
        act.session.expire_all()
        service.ingest(act, "login", [own])
        then = service.activity_of(act, account_id)
        assert then is not None
        assert (then.password_evidence, then.password_actor_id, then.password_set_at) == ("event", None, NOON + DAY)


def test_ingest_user_deleted_in_keycloak_is_gone(desk: Desk) -> None:
    account_id = account(desk)
    deleted = change(1, "DELETE:USER", NOON, "admin", resource_path="users/kc-p1", details={})
    left_group = change(2, "DELETE:USER", NOON + DAY, "admin", resource_path="users/kc-p1/x", details={})
    with desk.act() as act:
        service.ingest(act, "admin", [deleted, left_group])
        assert act.session.get_one(ActivityRow, "kc-p1").gone_at == NOON
        assert act.session.scalars(select(FactorChangeRow)).all() == []
    assert unknown(desk, account_id) is UnknownReason.NOT_IN_KEYCLOAK
