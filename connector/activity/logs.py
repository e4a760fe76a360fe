"""Takes a subsystem's own log into the mirror: a use is a use wherever it is known from (GX 10, LC 7(2)).

A log only adds: it never says that somebody was not there. Nothing of it is kept but the last use of each account.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import select, tuple_

from connector.activity import store
from connector.activity.evidence_tables import LogImportRow
from connector.activity.reader import OpenAct
from connector.activity.rules import Seen
from connector.activity.tables import SubsystemUseRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.ports import ActivityLog, LogLine, RefusedLine
from connector.register import catalogue
from connector.register.tables import AccountRow
from connector.storage.upsert import dialect_insert

BATCH = 1000
SHOWN = 100  # Refused lines that are listed; all are counted.
SOURCE = "log"
UNKNOWN_ACCOUNT = Text("没有此账号", "no such account")
NOT_OPENED = Text("账号尚未在身份服务中建立", "the account is not in Keycloak yet")
UNKNOWN_SUBSYSTEM = Text("没有此子系统", "no such subsystem")


@dataclass
class Imported:
    """What an import did. `again`: this file was imported before, and nothing was read.

    `moved` counts uses later than what was known; `reasons` are the first refused lines.
    """

    sha256: str
    again: bool = False
    lines: int = 0
    refused: int = 0
    moved: int = 0
    reasons: list[RefusedLine] = field(default_factory=list)

    def refuse(self, line: RefusedLine) -> None:
        self.refused += 1
        if len(self.reasons) < SHOWN:
            self.reasons.append(line)


def import_log(
    log: ActivityLog,
    open_act: OpenAct,
    *,
    subsystem: str = "",
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Imported:
    """Imports `log`, a thousand lines in a transaction; one that was cut off is imported again from its beginning.

    `subsystem` is the one that the file is of, "" where its lines name it. Raises NotFoundError (subsystem),
    LogColumnsError.
    """
    result = Imported(log.sha256)
    with open_act() as act:
        known = {one.id for one in catalogue.list_subsystems(act)}
        if subsystem and subsystem not in known:
            raise NotFoundError(kind="子系统 (subsystem)", name=subsystem)
        now = act.now
    lines = log.lines(now)
    batches = _batches(lines)
    first = next(batches, [])  # The heading is looked at before anything is written.
    with open_act() as act:
        if _begin(act, log, subsystem):
            result.again = True
            return result
    while first:
        with open_act() as act:
            _take(act, first, known, result)
        progress(result.lines, None)
        first = next(batches, [])
    with open_act() as act:
        _finish(act, log, subsystem, result)
    return result


def _batches(lines: Iterator[LogLine | RefusedLine]) -> Iterator[list[LogLine | RefusedLine]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


def _begin(act: Act, log: ActivityLog, subsystem: str) -> bool:
    """Notes that this file is being imported; whether it was imported before."""
    values = {
        "sha256": log.sha256, "subsystem_id": subsystem, "file_name": log.name[:255], "started_at": act.now,
        "lines": 0, "refused": 0, "moved": 0,
    }  # fmt: skip
    act.session.execute(dialect_insert(act.session, LogImportRow.__table__).on_conflict_do_nothing(), values)
    return act.session.get_one(LogImportRow, (log.sha256, subsystem)).finished_at is not None


def _take(act: Act, batch: Sequence[LogLine | RefusedLine], subsystems: set[str], result: Imported) -> None:
    result.lines += len(batch)
    names = {line.user_name for line in batch if isinstance(line, LogLine)}
    query = select(AccountRow.user_name, AccountRow.keycloak_id).where(AccountRow.user_name.in_(names))
    accounts = {name: user_id for name, user_id in act.session.execute(query)}
    uses: dict[tuple[str, str], datetime] = {}
    for line in batch:
        if isinstance(line, RefusedLine):
            result.refuse(line)
        elif reason := _fault(line, accounts, subsystems):
            result.refuse(RefusedLine(line.number, reason))
        else:
            use = (str(accounts[line.user_name]), line.subsystem)
            uses[use] = max(uses.get(use, line.at), line.at)
    result.moved += _merge(act, uses)


def _fault(line: LogLine, accounts: dict[str, str | None], subsystems: set[str]) -> Text | None:
    if line.user_name not in accounts:
        return UNKNOWN_ACCOUNT
    if accounts[line.user_name] is None:
        return NOT_OPENED
    return None if line.subsystem in subsystems else UNKNOWN_SUBSYSTEM


def _merge(act: Act, uses: dict[tuple[str, str], datetime]) -> int:
    """Moves last uses forward; returns how many of them are later than what was known."""
    if not uses:
        return 0
    key = tuple_(SubsystemUseRow.keycloak_id, SubsystemUseRow.subsystem_id)
    known = {
        (row.keycloak_id, row.subsystem_id): row.last_used_at
        for row in act.session.scalars(select(SubsystemUseRow).where(key.in_(uses)))
    }
    newer = {use: at for use, at in uses.items() if use not in known or at > known[use]}
    seen: dict[str, Seen] = {}
    for (user_id, subsystem), at in newer.items():
        one = seen.setdefault(user_id, Seen())
        one.used_at = max(one.used_at or at, at)
        one.uses[subsystem] = at
    store.merge_activity(act.session, seen, SOURCE)
    return len(newer)


def _finish(act: Act, log: ActivityLog, subsystem: str, result: Imported) -> None:
    row = act.session.get_one(LogImportRow, (log.sha256, subsystem))
    row.finished_at, row.lines, row.refused, row.moved = act.now, result.lines, result.refused, result.moved
    audit.record(
        act, Event.ACTIVITY_LOG_IMPORTED, f"subsystem:{subsystem}" if subsystem else "activity:log",
        sha256=log.sha256, lines=result.lines, refused=result.refused, moved=result.moved,
    )  # fmt: skip


def list_imports(act: Act, *, limit: int = 100) -> list[LogImportRow]:
    """The imported files, newest first (GX 10)."""
    return list(act.session.scalars(select(LogImportRow).order_by(LogImportRow.started_at.desc()).limit(limit)))
