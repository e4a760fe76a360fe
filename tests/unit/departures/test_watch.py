"""Reported changes between two reads of everybody: what acts at once, what is only counted, what stops them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.auth.actor import host_actor
from connector.departures import service as departures
from connector.departures import watch
from connector.departures.errors import AnswerTimeoutError, SizeLimitError
from connector.departures.sync import JOB
from connector.departures.tables import DepartureCaseRow, DirectoryCursorRow, DirectoryPersonRow
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass
from connector.requests.tables import RequestRow
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON

MINUTE = timedelta(minutes=1)


def cursor_of(desk: DepartureDesk) -> DirectoryCursorRow:
    (row,) = desk.stored(DirectoryCursorRow)
    return row


@pytest.mark.req("E1")
def test_watch_explicit_leaver_is_frozen_at_once_with_his_case(desk: DepartureDesk) -> None:
    desk.leave("003")
    summary = desk.watch(NOON + MINUTE)
    assert (summary["state"], summary["changed"], summary["frozen"]) == ("executed", 1, 1)
    assert desk.frozen() == {"003"}
    assert len(desk.urgent) == 1
    assert [case.cause for case in desk.stored(DepartureCaseRow)] == ["status"]
    assert desk.watch(NOON + 2 * MINUTE)["changed"] == 0
    assert desk.fake.reads == 1


@pytest.mark.req("E4")
def test_watch_deleted_people_are_counted_and_never_frozen(desk: DepartureDesk) -> None:
    desk.vanish("003", "004")
    for minutes in (1, 61, 121):
        summary = desk.watch(NOON + minutes * MINUTE)
        assert summary["frozen"] == 0
    assert desk.frozen() == set()
    assert [row.missing_since for row in desk.stored(DirectoryPersonRow)] == [None] * 20


@pytest.mark.req("E4")
@pytest.mark.parametrize(("leavers", "frozen"), [((1, 1), 2), ((2,), 2), ((3,), 0), ((1, 2), 1), ((1, 1, 1), 2)])
def test_watch_breaker_counts_all_freezes_since_the_last_good_read(
    desk: DepartureDesk, leavers: tuple[int, ...], frozen: int
) -> None:
    """Two may leave; 1+1 do, 3 at once do not, and 1 does where 1+2 come one after the other."""
    keys = iter(f"{number:03d}" for number in range(20))
    for minute, count in enumerate(leavers):
        desk.leave(*(next(keys) for _ in range(count)))
        state = desk.watch(NOON + minute * MINUTE)["state"]
    assert len(desk.frozen()) == frozen
    assert state == ("executed" if frozen == sum(leavers) else "held")


@pytest.mark.req("E4")
def test_watch_held_stops_until_the_next_good_read_of_everybody(desk: DepartureDesk) -> None:
    desk.leave("000", "001", "002")
    assert desk.watch(NOON + MINUTE)["state"] == "held"
    assert [alarm["reason"] for alarm in desk.alarms("directory.changes_stopped")] == ["too-many-leavers"]
    desk.leave("003")
    assert desk.watch(NOON + 2 * MINUTE) == {"state": "stopped", "reason": "too-many-leavers"}
    held = desk.run(NOON + HOUR)
    assert held["state"] == "held"
    assert desk.watch(NOON + HOUR + MINUTE)["state"] == "stopped"
    desk.decide(held["request_id"])
    assert desk.run(NOON + 2 * HOUR)["state"] == "released"
    assert len(desk.frozen()) == 4
    desk.leave("005")
    assert desk.watch(NOON + 2 * HOUR + MINUTE)["frozen"] == 1


@pytest.mark.req("E4")
def test_read_of_everybody_counts_what_changes_froze_before(desk: DepartureDesk) -> None:
    desk.leave("000", "001")
    assert desk.watch(NOON + MINUTE)["frozen"] == 2
    desk.leave("002")
    held = desk.run(NOON + HOUR)
    assert (held["state"], held["reasons"]) == ("held", ["too-many-leavers"])
    assert desk.frozen() == {"000", "001"}


@pytest.mark.req("E4")
def test_read_of_everybody_without_new_leavers_begins_the_count_anew(desk: DepartureDesk) -> None:
    desk.leave("000", "001")
    desk.watch(NOON + MINUTE)
    assert desk.run(NOON + HOUR)["state"] == "nothing"
    assert (cursor_of(desk).frozen, cursor_of(desk).stopped) == (0, None)
    desk.leave("002")
    assert desk.watch(NOON + HOUR + MINUTE)["frozen"] == 1


@pytest.mark.req("E4")
def test_refused_read_of_everybody_stops_the_changes(desk: DepartureDesk) -> None:
    desk.fake.fails_with = SizeLimitError(count=3)
    with pytest.raises(SizeLimitError):
        desk.run(NOON + HOUR)
    desk.fake.fails_with = None
    desk.leave("003")
    assert desk.watch(NOON + HOUR + MINUTE) == {"state": "stopped", "reason": "directory-size-limit"}
    assert desk.frozen() == set()
    desk.run(NOON + 2 * HOUR)
    desk.leave("004")
    assert desk.watch(NOON + 2 * HOUR + MINUTE)["frozen"] == 1


@pytest.mark.req("E4")
def test_watch_refused_by_the_directory_alarms_once_and_stops(desk: DepartureDesk) -> None:
    desk.fake.fails_with = AnswerTimeoutError(seconds=10)
    with pytest.raises(AnswerTimeoutError):
        desk.watch(NOON + MINUTE)
    assert desk.watch(NOON + 2 * MINUTE)["state"] == "stopped"
    assert len(desk.alarms("directory.changes_stopped")) == 1


def test_watch_lost_cursor_does_nothing_until_the_next_read(desk: DepartureDesk) -> None:
    desk.leave("003")
    desk.fake.forget_changes()
    assert desk.watch(NOON + MINUTE)["state"] == "cursor-lost"
    assert desk.watch(NOON + 2 * MINUTE)["state"] == "stopped"
    assert desk.alarms("directory.changes_stopped") == []
    assert desk.run(NOON + HOUR)["frozen"] == 1


def test_watch_before_the_first_read_has_no_cursor(empty_desk: DepartureDesk) -> None:
    assert empty_desk.watch()["state"] == "no-cursor"
    empty_desk.directory = None
    assert empty_desk.watch() == {"state": "no-directory"}


def test_watch_overtaken_by_a_read_of_everybody_does_nothing(desk: DepartureDesk) -> None:
    since = cursor_of(desk).cursor
    desk.leave("003")
    changes = desk.fake.changes(since)
    desk.fake.change(desk.dns["003"], "employeeStatus", "active")
    desk.run(NOON + HOUR)
    with desk.act(JOB, now=NOON + HOUR) as act:
        done = watch.follow_reported(act, changes, since, departures.breaker_rules(desk.settings))
    assert done.state == "overtaken"
    assert desk.frozen() == set()


@pytest.mark.req("E4")
def test_watch_leaving_administrator_is_left_to_a_person(desk: DepartureDesk) -> None:
    desk.hire("900", account_class=AccountClass.SUPER_ADMINISTRATOR)
    desk.dns["900"] = desk.fake.add("900")
    desk.run(NOON + HOUR)
    desk.leave("900")
    assert desk.watch(NOON + HOUR + MINUTE)["frozen"] == 0
    assert [case.frozen_at for case in desk.stored(DepartureCaseRow)] == [None]


def test_watch_mover_follows_at_once_and_counts_for_the_breaker(desk: DepartureDesk) -> None:
    desk.move("003", name="王新")
    assert desk.watch(NOON + MINUTE)["moved"] == 1
    assert desk.person("003").name == "王新"
    for key in ("004", "005"):
        desk.move(key, name="王新")
    assert desk.watch(NOON + 2 * MINUTE)["moved"] == 0  # 1 + 2 of 2.
    held = desk.run(NOON + HOUR)
    assert (held["moved"], held["moves_waiting"]) == (0, 2)
    desk.move("006", name="王新")
    assert desk.watch(NOON + HOUR + MINUTE)["moved"] == 0  # Something waits for people.


def test_watch_person_who_comes_back_clears_his_absence(desk: DepartureDesk) -> None:
    desk.vanish("004")
    desk.run(NOON + HOUR)
    desk.fake.add("004", dn=desk.dns["004"])
    desk.watch(NOON + HOUR + MINUTE)
    desk.vanish("004")
    assert desk.run(NOON + 2 * HOUR + 2 * MINUTE)["frozen"] == 0


def test_slow_read_does_not_undo_a_newer_change(desk: DepartureDesk) -> None:
    """A read of everybody that began before a leaver was reported shows him still at work: he is not back."""
    old = replace(desk.fake.read(), read_at=datetime.now(UTC))
    desk.leave("003")
    later = datetime.now(UTC) + MINUTE
    assert desk.watch(later)["frozen"] == 1
    with desk.act(host_actor("t")) as act:
        row = act.session.get_one(DirectoryCursorRow, 1)
        row.read_at = later
    with desk.act(JOB, now=later) as act:
        departures.plan_run(act, old, departures.breaker_rules(desk.settings))
    with desk.desk.act() as act:
        assert departures.list_hints(act) == []
        assert act.session.get_one(DirectoryPersonRow, "003").departed
    assert desk.frozen() == {"003"}


def test_attribute_lost_in_a_change_is_seen_by_the_next_read(desk: DepartureDesk) -> None:
    for key in ("000", "001", "002"):
        desk.fake.change(desk.dns[key], "employeeStatus")
    desk.watch(NOON + MINUTE)
    assert desk.run(NOON + HOUR)["reasons"] == ["status-vanished"]


def test_nobody_is_asked_for_anything_by_an_empty_change(desk: DepartureDesk) -> None:
    before = cursor_of(desk).cursor
    assert desk.watch(NOON + MINUTE)["state"] == "nothing"
    assert cursor_of(desk).cursor == before
    assert desk.stored(RequestRow) == []
    assert {account.status for account in desk.stored(AccountRow)} == {"active"}
