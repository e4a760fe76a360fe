"""A subsystem's own log as CSV: user name, moment and, where it has one, the subsystem. Reads a line at a time."""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property, partial
from pathlib import Path
from typing import TextIO

from connector.errors import Text
from connector.ports import LogColumnsError, LogLine, RefusedLine

CHINA = timezone(timedelta(hours=8))  # A moment without a zone was written by a clock on the wall.
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)  # Clocks of subsystems differ a little.
CHUNK = 1 << 20
LONGEST = 1 << 16  # Characters of one line; what is longer is no line of a log.

NO_LINE = Text("此行不是有效的 CSV", "not a line of CSV")
SHORT = Text("列数不足", "too few columns")
NO_USER = Text("没有账号名", "no user name")
BAD_MOMENT = Text("时间无法识别", "not a moment in time")
FUTURE = Text("时间在将来", "in the future")
ANCIENT = Text("时间早于2000年", "before the year 2000")
NO_SUBSYSTEM = Text("没有子系统", "no subsystem")


@dataclass(frozen=True)
class Columns:
    """The names in the heading of the columns that are read; others may stand beside them."""

    user_name: str = "user_name"
    at: str = "at"
    subsystem: str = "subsystem"


@dataclass(frozen=True)
class CsvLog:
    """One file. With `subsystem` every line is of that one, and the file needs no such column."""

    path: Path
    columns: Columns = Columns()
    subsystem: str = ""
    encoding: str = "utf-8-sig"

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def lines(self, now: datetime) -> Iterator[LogLine | RefusedLine]:
        """Raises LogColumnsError before the first line. Bytes that are not of the encoding spoil their line alone."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            rows = _rows(iter(partial(_next_line, file), None))
            _, heading = next(rows, (0, None))
            wanted = self._positions([name.strip() for name in heading or ()])
            for number, row in rows:
                if row != []:  # An empty line says nothing, and at the end of a file nothing is meant by it.
                    yield self._read(number, row, wanted, now)

    def _positions(self, heading: list[str]) -> list[int]:
        names = [self.columns.user_name, self.columns.at] + ([] if self.subsystem else [self.columns.subsystem])
        if missing := [name for name in names if name not in heading]:
            raise LogColumnsError(missing=", ".join(missing))
        return [heading.index(name) for name in names]

    def _read(self, number: int, row: list[str] | None, wanted: list[int], now: datetime) -> LogLine | RefusedLine:
        if row is None:
            return RefusedLine(number, NO_LINE)
        if len(row) <= max(wanted):
            return RefusedLine(number, SHORT)
        user_name, moment, *named = (row[position].strip() for position in wanted)
        subsystem = named[0] if named else self.subsystem
        at = parse_moment(moment)
        if reason := _fault(user_name, at, subsystem, now):
            return RefusedLine(number, reason)
        return LogLine(number, user_name, at or now, subsystem)


def parse_moment(text: str) -> datetime | None:
    """2026-03-10 08:00:00, 2026/03/10 08:00, 2026-03-10T00:00:00Z, …; without a zone it is Chinese time."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
        return (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fault(user_name: str, at: datetime | None, subsystem: str, now: datetime) -> Text | None:
    faults = (
        (not user_name or "\ufffd" in user_name, NO_USER),
        (at is None, BAD_MOMENT),
        (at is not None and at > now + AHEAD, FUTURE),
        (at is not None and at < OLDEST, ANCIENT),
        (not subsystem, NO_SUBSYSTEM),
    )
    return next((reason for applies, reason in faults if applies), None)


def _next_line(file: TextIO) -> str | None:
    """One line, None at the end; of one that is longer than any log's the beginning, without its line end."""
    line = file.readline(LONGEST)
    rest = line
    while len(rest) == LONGEST and not rest.endswith("\n"):
        rest = file.readline(LONGEST)
    return line or None


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | None]]:
    """The lines with their numbers; None for one that is no CSV. A quote that is left open spoils its line only."""
    for number, line in enumerate(lines, start=1):
        try:
            yield number, None if len(line) >= LONGEST else next(csv.reader([line], strict=True), [])
        except csv.Error:
            yield number, None
