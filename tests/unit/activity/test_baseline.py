"""The baseline: everybody is listed once, asked for once, and a run that was cut off goes on where it stopped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from connector.activity import baseline, service
from connector.activity.evidence_tables import BaselineRow, FactorChangeRow
from connector.activity.tables import ActivityRow, CursorRow
from connector.audit.tables import AuditEntryRow
from connector.ports import (
    AccountSnapshot,
    IdpCredential,
    IdpEvent,
    IdpUser,
    KeycloakUnavailableError,
    UnknownUserError,
)
from tests.fixtures_activity import add_mirrored_account, open_mirror, set_coverage
from tests.fixtures_register import NOON, Desk

OLD = datetime(2025, 1, 1, tzinfo=UTC)


def credential(kind: str, at: datetime = OLD, id_: str = "") -> IdpCredential:
    return IdpCredential(id=id_ or f"id-{kind}-{at:%j}", type=kind, label="", created_at=at)


@dataclass
class Idp:
    """Keycloak as the baseline sees it: a listing, and credentials by user id; None for a user that is not there."""

    credentials: dict[str, list[IdpCredential] | None]
    asked: list[str] = field(default_factory=list)
    listings: int = 0
    fails_after: int = -1

    def list_accounts(self) -> Iterator[IdpUser]:
        self.listings += 1
        for user_id in self.credentials:
            yield IdpUser(user_id=user_id, user_name=user_id, enabled=True, created_at=OLD)

    def list_credentials(self, user_id: str) -> list[IdpCredential]:
        if len(self.asked) == self.fails_after:
            raise KeycloakUnavailableError("down")
        self.asked.append(user_id)
        found = self.credentials[user_id]
        if found is None:
            raise UnknownUserError(reason="404: User not found")
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(baseline, "BATCH", 10)
    monkeypatch.setattr(baseline, "PARALLEL", 1)
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def open_accounts(desk: Desk, count: int, **fields: Any) -> list[str]:
    with desk.act() as act:
        return [
            str(add_mirrored_account(act, f"p{n:03}", **{"opened_at": OLD, **fields}).keycloak_id) for n in range(count)
        ]


def take(desk: Desk, idp: Any, *, now: datetime = NOON, **options: Any) -> baseline.Taken:
    return baseline.take_baseline(idp, lambda: desk.act(now=now), **options)


def row_of(desk: Desk, user_id: str) -> ActivityRow:
    with desk.act() as act:
        return act.session.get_one(ActivityRow, user_id)


def test_take_baseline_asks_each_account_once_and_tells_its_progress(desk: Desk) -> None:
    users = open_accounts(desk, 25)
    idp = Idp({user: [credential("password")] for user in users})
    told: list[tuple[int, int | None]] = []
    taken = take(desk, idp, progress=lambda done, total: told.append((done, total)))
    assert (taken.asked, taken.known, taken.finished) == (25, 25, True)
    assert told == [(10, 25), (20, 25), (25, 25)]
    assert sorted(idp.asked) == users
    assert take(desk, idp) == baseline.Taken(0, 0, finished=True)
    assert (len(idp.asked), idp.listings) == (25, 1)
    row = row_of(desk, users[0])
    assert (row.password_set_at, row.password_evidence, row.created_at, row.enabled) == (OLD, "baseline", OLD, True)
    with desk.act() as act:
        assert [entry.data["asked"] for entry in act.session.scalars(select(AuditEntryRow))] == [25]


def test_take_baseline_in_slices_goes_on_where_it_stopped(desk: Desk) -> None:
    users = open_accounts(desk, 25)
    idp = Idp({user: [] for user in users})
    taken = [take(desk, idp, limit=10) for _ in range(3)]
    assert [(one.asked, one.finished) for one in taken] == [(10, False), (10, False), (5, True)]
    assert (sorted(idp.asked), idp.listings) == (users, 1)


def test_take_baseline_keycloak_dies_goes_on_where_it_stopped(desk: Desk) -> None:
    users = open_accounts(desk, 25)
    idp = Idp({user: [] for user in users}, fails_after=15)
    with pytest.raises(KeycloakUnavailableError):
        take(desk, idp)
    idp.fails_after = -1
    assert take(desk, idp).asked == 15, "the ten that were stored are not asked for again"
    with desk.act() as act:
        run = act.session.scalars(select(BaselineRow)).one()
        assert (run.asked, run.total, run.finished_at) == (25, 25, NOON)


def test_take_baseline_user_that_is_gone_is_marked_and_not_asked_again(desk: Desk) -> None:
    (user,) = open_accounts(desk, 1)
    idp = Idp({user: None})
    assert take(desk, idp).known == 0
    assert row_of(desk, user).gone_at == NOON
    assert take(desk, idp).asked == 0


def test_take_baseline_account_opened_under_the_mirror_with_a_known_password_is_not_asked(desk: Desk) -> None:
    with desk.act() as act:
        set_coverage(act, OLD)
    open_accounts(desk, 1, opened_at=NOON, password_set_at=NOON, password_evidence="event")
    assert take(desk, Idp({})).asked == 0


def test_take_baseline_after_a_gap_asks_everybody_again(desk: Desk) -> None:
    users = open_accounts(desk, 3)
    idp = Idp({user: [credential("password")] for user in users})
    take(desk, idp)
    later = NOON + timedelta(days=10)
    with desk.act() as act:
        act.session.add(CursorRow(kind="login", covers_since=later - timedelta(days=1), read_at=later))
    changed = later - timedelta(days=2)
    idp.credentials[users[0]] = [credential("password", changed)]
    assert take(desk, idp, now=later).asked == 3
    assert [row_of(desk, user).password_set_at for user in users] == [changed, OLD, OLD]
    assert idp.listings == 2


@pytest.mark.parametrize(("behind", "evidence"), [(0, "event"), (5, "event"), (6, "baseline"), (-60, "event")])
def test_take_baseline_date_of_the_password_that_an_event_told_stays_the_events(
    desk: Desk, behind: int, evidence: str
) -> None:
    (user,) = open_accounts(desk, 1, opened_at=OLD, password_set_at=OLD, password_evidence="event")
    with desk.act() as act:
        set_coverage(act, NOON)
    told = OLD + timedelta(seconds=behind)
    assert take(desk, Idp({user: [credential("password", told)]})).asked == 1
    row = row_of(desk, user)
    assert (row.password_evidence, row.password_set_at) == (evidence, told if evidence == "baseline" else OLD)


def test_take_baseline_second_factors_are_found_once_beside_those_events_told(desk: Desk) -> None:
    (user,) = open_accounts(desk, 1)
    enrolled = IdpEvent(
        event_id="e1", kind="login", at=OLD + timedelta(seconds=1), type="UPDATE_CREDENTIAL", user_id=user,
        client_id="website", ip=None, error=None, details={"credential_type": "otp"},
    )  # fmt: skip
    with desk.act() as act:
        service.ingest(act, "login", [enrolled])
    idp = Idp({user: [credential("password"), credential("otp", OLD), credential("webauthn", NOON)]})
    take(desk, idp)
    with desk.act() as act:
        act.session.execute(update(ActivityRow).values(baseline_at=None, password_evidence="unknown"))
    take(desk, idp)
    with desk.act() as act:
        rows = act.session.scalars(select(FactorChangeRow).order_by(FactorChangeRow.at)).all()
    assert [(row.factor, row.change, row.source) for row in rows] == [
        ("otp", "enrolled", "event"),
        ("key", "enrolled", "baseline"),
    ]


@dataclass
class Archive:
    """Keycloak's database with so many accounts; `fails_at_page` breaks one read."""

    users: list[str]
    fails_at_page: int = 0
    pages: int = 0

    def check(self) -> str:
        return "fake"

    def count(self) -> int:
        return len(self.users)

    def read(self, after: str, limit: int) -> list[AccountSnapshot]:
        self.pages += 1
        if self.pages == self.fails_at_page:
            raise KeycloakUnavailableError("down")
        return [
            AccountSnapshot(
                user_id=user, created_at=OLD, enabled=False, credentials=(credential("password", id_=user),),
                last_used_at=NOON - timedelta(days=9), uses={"website": NOON - timedelta(days=9)},
            )
            for user in sorted(self.users)
            if user > after
        ][:limit]  # fmt: skip


def test_load_archive_cut_off_goes_on_and_leaves_nothing_to_ask(desk: Desk) -> None:
    users = open_accounts(desk, 25)
    archive: Any = Archive(users, fails_at_page=2)
    with pytest.raises(KeycloakUnavailableError):
        baseline.load_archive(archive, desk.act, page=10)
    archive.fails_at_page = 0
    assert baseline.load_archive(archive, desk.act, page=10) == baseline.Taken(15, 15, finished=True)
    row = row_of(desk, users[24])
    assert (row.password_set_at, row.enabled, row.last_used_source) == (OLD, False, "baseline")
    assert row.last_used_at == NOON - timedelta(days=9)
    assert take(desk, Idp({})).asked == 0
