"""Reading Keycloak's events: nothing is missed, nothing counted twice, and a gap is admitted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.activity import cursor, reader, service
from connector.activity.tables import ActivityRow, CursorRow, IdpEventRow, SubsystemUseRow
from connector.activity.watch import Watch, Watches
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.ports import IdpEvent, KeycloakUnavailableError
from connector.realm_config import load_realm_config
from tests.fixtures_activity import open_mirror
from tests.fixtures_register import NOON, Desk

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class EventStore:
    """An identity provider of events alone: sorted by time; within a millisecond in an order of each query."""

    events: list[IdpEvent] = field(default_factory=list)
    fails_at_call: int = 0
    calls: int = 0

    def list_events(self, kind: str, since: datetime, first: int, page: int) -> list[IdpEvent]:
        self.calls += 1
        if self.calls == self.fails_at_call:
            raise KeycloakUnavailableError("down")
        found = [event for event in self.events if event.kind == kind and event.at >= since]
        found.sort(key=lambda event: (event.at, hash((event.event_id, since))))
        return found[first : first + page]


def event(number: int, at: datetime, type_name: str = "LOGIN", **fields: Any) -> IdpEvent:
    given = {"kind": "login", "user_id": "u1", "client_id": "website", "ip": None, "error": None} | fields
    return IdpEvent(event_id=f"e{number}", at=at, type=type_name, **given)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    yield opened
    opened.close()


def catch_up(desk: Desk, source: EventStore, *, now: datetime = NOON, page: int = 10) -> reader.Caught:
    return reader.catch_up(source, lambda: desk.act(now=now), "login", now=now, page=page)  # type: ignore[arg-type]


def stored_ids(desk: Desk) -> set[str]:
    with desk.act() as act:
        return set(act.session.scalars(select(IdpEventRow.id)))


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25, 100])
def test_catch_up_any_number_of_events_stores_each_once(desk: Desk, count: int) -> None:
    source = EventStore([event(n, START + timedelta(seconds=n)) for n in range(count)])
    caught = catch_up(desk, source)
    assert (caught.new, stored_ids(desk)) == (count, {f"e{n}" for n in range(count)})
    assert catch_up(desk, source).new == 0


@pytest.mark.parametrize("tied", [9, 10, 11, 35])
def test_catch_up_events_of_one_millisecond_across_pages_misses_none(desk: Desk, tied: int) -> None:
    times = [START] * 7 + [START + timedelta(seconds=1)] * tied + [START + timedelta(seconds=2)] * 3
    source = EventStore([event(n, at) for n, at in enumerate(times)])
    assert catch_up(desk, source).new == len(times)


def test_catch_up_event_shown_late_is_found_in_the_overlap(desk: Desk) -> None:
    newest = START + timedelta(minutes=1)
    source = EventStore([event(1, START), event(2, newest)])
    catch_up(desk, source)
    source.events.append(event(3, newest - cursor.OVERLAP))
    source.events.append(event(4, newest))
    assert catch_up(desk, source).new == 2


def test_catch_up_keycloak_dies_between_pages_goes_on_from_what_was_stored(desk: Desk) -> None:
    source = EventStore([event(n, START + timedelta(minutes=n)) for n in range(50)], fails_at_call=4)
    with pytest.raises(KeycloakUnavailableError):
        catch_up(desk, source)
    before = len(stored_ids(desk))
    assert 0 < before < 50
    calls = source.calls
    assert catch_up(desk, source).new == 50 - before
    assert source.calls - calls < 6, "it must not read again from the beginning"


def coverage(desk: Desk) -> datetime:
    with desk.act() as act:
        return act.session.scalars(select(CursorRow.covers_since)).one()


def test_catch_up_first_run_covers_from_the_oldest_event(desk: Desk) -> None:
    catch_up(desk, EventStore([event(1, START), event(2, START + timedelta(days=1))]))
    assert coverage(desk) == START


def test_catch_up_no_events_at_all_covers_from_now_only(desk: Desk) -> None:
    catch_up(desk, EventStore())
    assert coverage(desk) == NOON


def alarms(desk: Desk) -> list[str]:
    with desk.act() as act:
        return [row.event for row in act.session.scalars(select(AuditEntryRow)) if row.alarm]


def test_catch_up_after_outage_with_events_lost_restarts_coverage_and_alarms(desk: Desk) -> None:
    source = EventStore([event(1, START)])
    catch_up(desk, source)
    later = NOON + timedelta(days=100)
    oldest_kept = later - timedelta(days=90)
    source.events = [event(2, oldest_kept)]
    assert catch_up(desk, source, now=later).lost
    assert coverage(desk) == oldest_kept
    assert alarms(desk) == ["events.ingested"]


def test_catch_up_after_outage_with_all_events_kept_keeps_coverage(desk: Desk) -> None:
    source = EventStore([event(1, START)])
    catch_up(desk, source)
    later = NOON + timedelta(days=3)
    source.events.append(event(2, later))
    caught = catch_up(desk, source, now=later)
    assert (caught.lost, caught.cleared, coverage(desk), alarms(desk)) == (False, False, START, [])


@pytest.mark.parametrize("away", [cursor.SURE, cursor.SURE + timedelta(seconds=1)], ids=["was there", "was away"])
def test_catch_up_last_event_expired_is_a_gap_only_for_a_reader_who_was_away(desk: Desk, away: timedelta) -> None:
    source = EventStore([event(1, START)])
    seen_until = START + cursor.KEPT
    catch_up(desk, source, now=seen_until - away)
    source.events = [event(2, seen_until)]
    caught = catch_up(desk, source, now=seen_until)
    assert (caught.lost, caught.cleared) == (away > cursor.SURE, False)
    assert coverage(desk) == (seen_until if away > cursor.SURE else START)


@pytest.mark.parametrize("left", [0, 1, 25], ids=["nothing after it", "one event after it", "pages after it"])
@pytest.mark.parametrize("away", [timedelta(seconds=15), timedelta(days=3)], ids=["at once", "after an outage"])
def test_catch_up_log_cleared_restarts_coverage_and_alarms_once(desk: Desk, left: int, away: timedelta) -> None:
    source = EventStore([event(n, START + timedelta(minutes=n)) for n in range(30)])
    catch_up(desk, source)
    now = NOON + away
    source.events = [event(100 + n, now - timedelta(seconds=left - n)) for n in range(left)]
    caught = catch_up(desk, source, now=now)
    assert (caught.cleared, caught.lost, caught.new) == (True, False, left)
    assert coverage(desk) == (now - timedelta(seconds=left) if left else now)
    source.events.append(event(200, now))
    again = [catch_up(desk, source, now=now + timedelta(seconds=15)) for _ in range(2)]
    assert [one.cleared for one in again] == [False, False]
    assert alarms(desk) == ["events.cleared_found"]


def test_catch_up_log_cleared_twice_alarms_twice(desk: Desk) -> None:
    source = EventStore([event(1, START)])
    catch_up(desk, source)
    for turn in (1, 2):
        source.events = [event(10 * turn, NOON + timedelta(minutes=turn))]
        assert catch_up(desk, source, now=NOON + timedelta(minutes=turn, seconds=1)).cleared
    assert alarms(desk) == ["events.cleared_found"] * 2


def test_catch_up_log_cleared_and_keycloak_dies_still_alarms(desk: Desk) -> None:
    source = EventStore([event(1, START)])
    catch_up(desk, source)
    source.events = [event(10 + n, START + timedelta(minutes=1 + n)) for n in range(50)]
    source.fails_at_call = source.calls + 3
    with pytest.raises(KeycloakUnavailableError):
        catch_up(desk, source)
    assert alarms(desk) == ["events.cleared_found"]
    assert not catch_up(desk, source).cleared


def test_catch_up_cut_off_says_how_far_the_mirror_knows_everything(desk: Desk) -> None:
    source = EventStore([event(n, START + timedelta(minutes=n)) for n in range(50)], fails_at_call=4)
    with pytest.raises(KeycloakUnavailableError):
        catch_up(desk, source)
    assert read_at(desk) < START + timedelta(minutes=30), "not until now: half of the events were never read"
    catch_up(desk, source)
    assert read_at(desk) == NOON


def read_at(desk: Desk) -> datetime:
    with desk.act() as act:
        return act.session.scalars(select(CursorRow.read_at)).one()


def test_catch_up_when_its_time_is_up_stops_behind_and_the_next_run_goes_on(desk: Desk) -> None:
    source: Any = EventStore([event(n, START + timedelta(minutes=n)) for n in range(50)])

    def run() -> reader.Caught:
        return reader.catch_up(source, desk.act, "login", now=NOON, page=10, budget=timedelta(0))

    caught = [run() for _ in range(8)]
    assert [one.behind for one in caught].count(True) == 5
    assert not caught[-1].behind
    assert sum(one.new for one in caught) == 50
    assert [one.cleared for one in caught] == [False] * 8
    assert read_at(desk) == NOON


def test_catch_up_when_its_time_is_up_first_settles_whether_the_log_was_cleared(desk: Desk) -> None:
    source: Any = EventStore([event(1, START)])
    catch_up(desk, source)
    source.events = [event(10 + n, START - cursor.OVERLAP + timedelta(seconds=n)) for n in range(100)]
    caught = reader.catch_up(source, desk.act, "login", now=NOON, page=10, budget=timedelta(0))
    assert (caught.cleared, caught.behind) == (True, True)


def test_catch_up_far_behind_leaves_keycloak_alone_between_full_pages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(reader, "sleep", rests.append)
    source: Any = EventStore([event(n, START + timedelta(minutes=n)) for n in range(25)])
    reader.catch_up(source, desk.act, "login", now=NOON, page=10, rest=2.0)
    assert len(rests) == 2
    assert all(rest > 0 for rest in rests)
    reader.catch_up(source, desk.act, "login", now=NOON, page=10, rest=2.0)
    assert len(rests) == 2, "who is up to date does not wait"


def test_pace_rests_for_what_reading_and_storing_cost_but_never_long(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    clock = [0.0]
    monkeypatch.setattr(reader, "sleep", rests.append)
    monkeypatch.setattr(reader, "monotonic", lambda: clock[0])

    def slow() -> Iterator[list[IdpEvent]]:
        for n in range(4):
            clock[0] += 0.25
            yield [event(n, START)]

    pace = reader.Pace(4.0, 1, NOON)
    pages = pace.read(slow())
    for cost in (0.0, 0.5, 60.0):
        next(pages)
        with pace.storing():
            clock[0] += cost
    next(pages)
    assert rests == [1.0, 3.0, reader.LONGEST_REST]


def test_catch_up_events_of_the_last_minute_are_read_without_a_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(reader, "sleep", rests.append)
    source: Any = EventStore([event(n, NOON - timedelta(seconds=50 - n)) for n in range(25)])
    reader.catch_up(source, desk.act, "login", now=NOON, page=10, rest=2.0)
    assert rests == []


def test_catch_up_time_kept_is_that_of_the_realm_as_code() -> None:
    realm = load_realm_config().realm
    seconds = int(cursor.KEPT.total_seconds())
    assert (realm["eventsExpiration"], realm["attributes"]["adminEventsExpiration"]) == (seconds, str(seconds))


def test_catch_up_watches_see_each_new_event_once_in_the_transaction_that_stores_it(desk: Desk) -> None:
    class Notebook:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
            assert set(act.session.scalars(select(IdpEventRow.id))) >= {each.event_id for each in events}
            self.seen += [each.event_id for each in events]
            return len(events)

    class Faulty:
        def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
            raise KeycloakUnavailableError("a watch that breaks")

    source = EventStore([event(n, START + timedelta(seconds=n), kind="admin") for n in range(25)])
    first, second = Notebook(), Notebook()

    def watched(*watches: Watch) -> reader.Caught:
        idp: Any = source
        return reader.catch_up(idp, desk.act, "admin", now=NOON, page=10, watch=Watches(*watches))

    with pytest.raises(KeycloakUnavailableError):
        watched(first, Faulty())
    assert stored_ids(desk) == set()
    first.seen.clear()
    watched(first, second)
    watched(first, second)
    assert first.seen == second.seen == [f"e{n}" for n in range(25)]


def ingest(desk: Desk, *events: IdpEvent) -> ActivityRow | None:
    with desk.act() as act:
        for kind in ("login", "admin"):
            service.ingest(act, kind, [each for each in events if each.kind == kind])
        return act.session.get(ActivityRow, "u1")


@pytest.mark.req("F1")
@pytest.mark.parametrize("type_name", ["LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN"])
def test_ingest_real_use_moves_last_use(desk: Desk, type_name: str) -> None:
    row = ingest(desk, event(1, START, type_name))
    assert row is not None
    assert row.last_used_at == START
    assert row.last_login_at == (START if type_name == "LOGIN" else None)


@pytest.mark.req("F1")
@pytest.mark.parametrize(
    "other",
    [
        event(1, START, "LOGIN_ERROR", error="invalid_user_credentials"),
        event(1, START, "REFRESH_TOKEN", error="invalid_token"),
        event(1, START, "LOGOUT"),
        event(1, START, "LOGIN", user_id=None),
        event(1, START, "UPDATE:USER", kind="admin", resource_path="users/u1"),
    ],
)
def test_ingest_what_is_no_use_leaves_last_use_unknown(desk: Desk, other: IdpEvent) -> None:
    row = ingest(desk, other)
    assert row is None or row.last_used_at is None


def test_ingest_twice_and_backwards_gives_the_same_mirror(desk: Desk) -> None:
    events = [
        event(n, START + timedelta(hours=n), client_id=("website", "member")[n % 2], type_name=name)
        for n, name in enumerate(["LOGIN", "REFRESH_TOKEN", "UPDATE_PASSWORD", "LOGIN", "CODE_TO_TOKEN"])
    ]
    for each in reversed(events):
        ingest(desk, each)
    row = ingest(desk, *events)
    assert row is not None
    hours = [at and (at - START) // timedelta(hours=1) for at in (row.last_used_at, row.last_login_at)]
    assert [*hours, row.password_set_at] == [4, 3, START + timedelta(hours=2)]
    with desk.act() as act:
        uses = {use.subsystem_id: use.last_used_at for use in act.session.scalars(select(SubsystemUseRow))}
        assert act.session.scalar(select(func.count()).select_from(IdpEventRow)) == 5
    assert uses == {"website": START + timedelta(hours=4), "member": START + timedelta(hours=3)}


def reset_by_connector(number: int, at: datetime) -> IdpEvent:
    return event(
        number, at, "ACTION:USER", kind="admin", resource_path="users/u1/reset-password",
        details={"by_user_id": "robot", "representation": {"value": "hunter2"}},
    )  # fmt: skip


@pytest.mark.req("F2")
@pytest.mark.parametrize(
    ("events", "evidence", "hour"),
    [
        ([reset_by_connector(1, START)], "initial", 0),
        ([reset_by_connector(1, START), event(2, START + timedelta(hours=1), "UPDATE_PASSWORD")], "event", 1),
        (
            [
                event(1, START + timedelta(hours=1), "UPDATE_CREDENTIAL", details={"credential_type": "password"}),
                reset_by_connector(2, START),
            ],
            "event",
            1,
        ),
        ([reset_by_connector(2, START + timedelta(hours=2)), event(1, START, "UPDATE_PASSWORD")], "initial", 2),
        ([event(1, START, "UPDATE_PASSWORD"), event(2, START + timedelta(hours=1), "UPDATE_TOTP")], "event", 0),
        (
            [event(1, START, "UPDATE_PASSWORD"), event(2, START + timedelta(hours=1), "UPDATE_PASSWORD", error="x")],
            "event",
            0,
        ),
    ],
)
def test_ingest_passwords_knows_who_set_the_last_one(
    desk: Desk, events: Sequence[IdpEvent], evidence: str, hour: int
) -> None:
    for each in events:
        row = ingest(desk, each)
    assert row is not None
    assert (row.password_evidence, row.password_set_at) == (evidence, START + timedelta(hours=hour))


def test_ingest_details_keeps_no_secret_and_no_typed_name(desk: Desk) -> None:
    typed = {"username": "MyPassw0rd!", "redirect_uri": "https://x/?code=1", "code_id": "c", "auth_method": "openid"}
    mapping = event(
        3, START, "CREATE:CLIENT_ROLE_MAPPING", kind="admin", resource_path="users/u1/role-mappings/clients/c",
        details={"by_user_id": "robot", "representation": [{"name": "notice.editor", "id": "r"}]},
    )  # fmt: skip
    ingest(desk, event(1, START, "LOGIN_ERROR", error="user_not_found", details=typed), mapping)
    ingest(desk, reset_by_connector(2, START))
    with desk.act() as act:
        details = {row.id: row.details for row in act.session.scalars(select(IdpEventRow))}
        assert {row.actor_id for row in act.session.scalars(select(IdpEventRow))} == {None, "robot"}
    assert details == {
        "e1": {"auth_method": "openid"},
        "e2": {"by_user_id": "robot"},
        "e3": {"by_user_id": "robot", "roles": ["notice.editor"]},
    }
