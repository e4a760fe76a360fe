"""Logs of subsystems: what is taken, what is refused and why, and that the same file counts once."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.activity import logs, service
from connector.activity.evidence_tables import LogImportRow
from connector.activity.tables import ActivityRow
from connector.adapters.csv_log import LONGEST, Columns, CsvLog, parse_moment
from connector.audit.tables import AuditEntryRow
from connector.errors import NotFoundError
from connector.ports import IdpEvent, LogColumnsError, LogLine, RefusedLine
from connector.register.tables import AccountRow, SubsystemRow
from tests.fixtures_activity import add_mirrored_account, open_mirror
from tests.fixtures_register import NOON, Desk

OPENED = datetime(2025, 6, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_mirror(tmp_path)
    with opened.act() as act:
        act.session.add_all([SubsystemRow(id=name, name=name) for name in ("door-access", "website")])
        for name in ("p1", "p2"):
            add_mirrored_account(act, name, opened_at=OPENED)
        add_mirrored_account(act, "p3", opened_at=OPENED).keycloak_id = None
    yield opened
    opened.close()


def write(folder: Path, *lines: str, name: str = "door.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def run(desk: Desk, path: Path, *, subsystem: str = "door-access", **options: Any) -> logs.Imported:
    return logs.import_log(CsvLog(path, subsystem=subsystem, **options), desk.act, subsystem=subsystem)


def lines(path: Path, **options: Any) -> list[LogLine | RefusedLine]:
    return list(CsvLog(path, **{"subsystem": "door-access", **options}).lines(NOON))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01 08:00:00", MARCH),
        ("2026/03/01 08:00", MARCH),
        ("2026-03-01T00:00:00Z", MARCH),
        ("2026-03-01T08:00:00+08:00", MARCH),
        ("2026-03-01T08:00:00.250", MARCH + timedelta(milliseconds=250)),
        ("20260301T080000", MARCH),
        ("01.03.2026 08:00", None),
        ("", None),
        ("0001-01-01 00:00:00", None),
    ],
)
def test_parse_moment_without_a_zone_is_chinese_time(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p1,2026-03-01 08:00:00", None),
        (" p1 , 2026-03-01 08:00:00 ,left over", None),
        ('"p1","2026-03-01 08:00:00"', None),
        ("p1", "too few columns"),
        (",2026-03-01 08:00:00", "no user name"),
        ("p1,yesterday", "not a moment in time"),
        ("p1,2026-03-10 12:05:01", "in the future"),
        ("p1,1999-12-31 23:59:59Z", "before the year 2000"),
        ('p1,"2026-03-01', "not a line of CSV"),
        ("p1,2026-03-01 08:00:00," + "x" * LONGEST, "not a line of CSV"),
    ],
)
def test_lines_with_a_fault_are_refused_with_their_number_and_the_next_is_read(
    tmp_path: Path, line: str, reason: str | None
) -> None:
    path = write(tmp_path, "user_name,at", line, "", "p2,2026-03-01 08:00:00")
    first, last = lines(path)
    assert last == LogLine(4, "p2", MARCH, "door-access")
    if reason is None:
        assert first == LogLine(2, "p1", MARCH, "door-access")
    else:
        assert isinstance(first, RefusedLine)
        assert (first.number, first.reason.en) == (2, reason)


def test_lines_of_an_older_system_are_read_by_its_names_and_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "刷卡时间,账号,门禁点", "2026-03-01 08:00:00,p1,开标室", encoding="gb18030")
    names = Columns(user_name="账号", at="刷卡时间")
    assert lines(path, columns=names, encoding="gb18030") == [LogLine(2, "p1", MARCH, "door-access")]
    with pytest.raises(LogColumnsError, match="账号"):
        lines(path, columns=names)


def test_lines_with_a_byte_order_mark_and_carriage_returns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes("\ufeffuser_name,at,subsystem\r\np1,2026-03-01 08:00:00,website\r\n".encode())
    assert lines(path, subsystem="") == [LogLine(2, "p1", MARCH, "website")]


@pytest.mark.parametrize("heading", ["", "user_name;at", "name,at"])
def test_import_of_a_file_without_the_columns_writes_nothing(desk: Desk, tmp_path: Path, heading: str) -> None:
    with pytest.raises(LogColumnsError):
        run(desk, write(tmp_path, heading, "p1,2026-03-01 08:00:00"))
    with desk.act() as act:
        assert act.session.scalars(select(LogImportRow)).all() == []


def test_import_into_an_unknown_subsystem_is_refused(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        run(desk, write(tmp_path, "user_name,at"), subsystem="canteen")


@pytest.mark.req("F1")
def test_import_counts_the_latest_use_of_each_and_is_recorded_with_the_files_digest(desk: Desk, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "user_name,at",
        "p1,2026-03-01 08:00:00",
        "p1,2026-02-01 08:00:00",
        "p9,2026-03-01 08:00:00",
        "p3,2026-03-01 08:00:00",
        "p2,soon",
    )
    done = run(desk, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (done.sha256, done.lines, done.refused, done.moved, done.again) == (digest, 5, 3, 1, False)
    assert [(line.number, line.reason.en) for line in done.reasons] == [
        (4, "no such account"),
        (5, "the account is not in Keycloak yet"),
        (6, "not a moment in time"),
    ]
    with desk.act() as act:
        p1 = act.session.get_one(ActivityRow, "kc-p1")
        assert (p1.last_used_at, p1.last_used_source, p1.last_login_at) == (MARCH, "log", None)
        assert act.session.get(ActivityRow, "kc-p2") is None
        account = act.session.scalars(select(AccountRow).where(AccountRow.user_name == "p1")).one()
        assert service.uses_by_subsystem(act, account.id) == {"door-access": MARCH}
        entry = act.session.scalars(select(AuditEntryRow)).one()
        assert (entry.event, entry.subject) == ("activity.log_imported", "subsystem:door-access")
        assert entry.data == {"sha256": digest, "lines": 5, "refused": 3, "moved": 1}


def test_import_the_same_file_twice_is_nothing_new_under_any_name(desk: Desk, tmp_path: Path) -> None:
    content = ("user_name,at", "p1,2026-03-01 08:00:00")
    run(desk, write(tmp_path, *content))
    again = run(desk, write(tmp_path, *content, name="copy.csv"))
    assert (again.again, again.lines, again.moved) == (True, 0, 0)
    longer = run(desk, write(tmp_path, *content, "p2,2026-03-01 08:00:00", name="longer.csv"))
    assert (longer.again, longer.lines, longer.moved) == (False, 2, 1)
    with desk.act() as act:
        assert len(act.session.scalars(select(AuditEntryRow)).all()) == 2


def test_import_cut_off_is_taken_again_from_its_beginning(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "BATCH", 2)
    path = write(tmp_path, "user_name,at", *(f"p{n % 2 + 1},2026-03-01 08:00:{n:02}" for n in range(10)))

    def die(done: int, _total: int | None) -> None:
        if done == 4:
            raise KeyboardInterrupt

    log = CsvLog(path, subsystem="door-access")
    with pytest.raises(KeyboardInterrupt):
        logs.import_log(log, desk.act, subsystem="door-access", progress=die)
    done = run(desk, path)
    assert (done.again, done.lines, done.moved) == (False, 10, 6)
    assert run(desk, path).again


def test_import_never_moves_a_use_back_and_keeps_the_source_of_the_latest(desk: Desk, tmp_path: Path) -> None:
    used_at = MARCH + timedelta(hours=1)
    login = IdpEvent(
        event_id="e", kind="login", at=used_at, type="LOGIN", user_id="kc-p1", client_id="door-access", ip=None,
        error=None,
    )  # fmt: skip
    with desk.act() as act:
        service.ingest(act, "login", [login])
    assert run(desk, write(tmp_path, "user_name,at", "p1,2026-03-01 08:00:00")).moved == 0
    with desk.act() as act:
        row = act.session.get_one(ActivityRow, "kc-p1")
        assert (row.last_used_at, row.last_used_source) == (used_at, "event")


def test_import_lines_that_name_their_subsystem_are_checked_against_the_catalogue(desk: Desk, tmp_path: Path) -> None:
    at = "2026-03-01 08:00:00"
    path = write(tmp_path, "user_name,at,subsystem", f"p1,{at},website", f"p1,{at},canteen", f"p1,{at},")
    done = run(desk, path, subsystem="")
    assert (done.moved, [line.reason.en for line in done.reasons]) == (1, ["no such subsystem", "no subsystem"])


def test_import_many_refused_lines_lists_the_first_hundred(desk: Desk, tmp_path: Path) -> None:
    done = run(desk, write(tmp_path, "user_name,at", *["p1,soon"] * 150))
    assert (done.refused, len(done.reasons)) == (150, logs.SHOWN)
