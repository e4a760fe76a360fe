"""The ledger built from the entries of the record alone, and its comparison with the tables (A5; JC 15, GS 16). Pure.

Knows no table: entries come as they stand in the record or in an export of it. What an older entry does not tell is
UNKNOWN: it is counted and never taken for a difference. From version 2 on (`v` in the data of an entry) the entries on
accounts tell everything that the ledger shows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from connector.audit.events import Event

UNKNOWN = "?"
FULLY_TOLD = 2
Entry = Mapping[str, Any]  # the content of an entry: at, event, actor, person_id, account_id, request_id, data


@dataclass
class Span:
    """Something that held from `since` until `until` (None: still), given and taken away by these sources."""

    name: str
    source: str | None
    since: datetime
    until: datetime | None = None
    ended_by: str | None = None
    cause: str = ""


@dataclass
class RebuiltAccount:
    """One account with its whole history. Texts are UNKNOWN where no entry tells them."""

    account_id: str
    person_id: str = UNKNOWN
    user_name: str = UNKNOWN
    account_class: str = UNKNOWN
    unit: str = UNKNOWN
    purpose: str = UNKNOWN
    valid_until: str | None = UNKNOWN
    opened_at: datetime | None = None
    opened_by: str = UNKNOWN
    suspended_until: str | None = None
    states: list[Span] = field(default_factory=list)
    grants: list[Span] = field(default_factory=list)


@dataclass(frozen=True)
class LedgerLine:
    """One account as it stood at a moment, told by the record alone."""

    account_id: str
    user_name: str
    person_id: str
    account_class: str
    purpose: str
    unit: str
    status: str
    status_cause: str
    status_since: datetime
    opened_by: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One thing that record and tables say otherwise. An account is named by its id and user name."""

    account: str
    what: str
    record: str
    tables: str


class LedgerOfRecord:
    """Reads entries in the order of the record; `accounts` by id are what they amount to."""

    def __init__(self) -> None:
        self.accounts: dict[str, RebuiltAccount] = {}
        self._units: dict[str, str] = {}  # present unit of each person
        self._read: Mapping[str, Callable[[Entry], None]] = {
            Event.PERSON_REGISTERED: self._place,
            Event.PERSON_CHANGED: self._place,
            Event.ACCOUNT_OPENED: self._open,
            Event.ACCOUNT_STATUS_CHANGED: self._change_status,
            Event.GRANT_ADDED: self._add,
            Event.GRANT_WITHDRAWN: self._withdraw,
        }

    def read(self, entries: Iterable[Entry]) -> "LedgerOfRecord":
        """Takes the entries in; those that tell nothing about accounts are passed over."""
        for entry in entries:
            if reader := self._read.get(entry["event"]):
                reader(entry)
        return self

    def as_of(self, moment: datetime) -> list[LedgerLine]:
        """The ledger as it stood at the moment, by user name. The unit is the one told last."""
        lines = []
        for account in self.accounts.values():
            state = next((span for span in account.states if _holds(span, moment)), None)
            if state is not None:
                lines.append(_line(account, state, moment))
        return sorted(lines, key=lambda line: line.user_name)

    def _place(self, entry: Entry) -> None:
        unit = entry["data"].get("unit")
        if unit is None:
            return
        self._units[str(entry["person_id"])] = unit
        for account in self.accounts.values():
            if account.person_id == entry["person_id"]:
                account.unit = unit

    def _open(self, entry: Entry) -> None:
        data, at, person_id = entry["data"], _moment(entry["at"]), str(entry["person_id"])
        told = data.get("v", 1) >= FULLY_TOLD
        account = RebuiltAccount(
            account_id=str(entry["account_id"]),
            person_id=person_id,
            user_name=data["user_name"],
            account_class=data["account_class"],
            unit=data.get("unit") or self._units.get(person_id, UNKNOWN),
            purpose=data["purpose"] if told else UNKNOWN,
            valid_until=data["valid_until"] if told else UNKNOWN,
            opened_at=at,
            opened_by=data["opened_by"],
        )
        account.states.append(Span("active", entry["request_id"], at, cause="opened"))
        self.accounts[account.account_id] = account

    def _change_status(self, entry: Entry) -> None:
        account, data, at = self._account(entry), entry["data"], _moment(entry["at"])
        if account.states:
            account.states[-1].until = at
        account.states.append(Span(data["status"], entry["request_id"], at, cause=data["cause"]))
        account.suspended_until = data["until"]
        if data.get("v", 1) >= FULLY_TOLD:
            account.valid_until = data["valid_until"]
            account.purpose = data.get("purpose", account.purpose)  # Who returns may return for a time.

    def _add(self, entry: Entry) -> None:
        account, at = self._account(entry), _moment(entry["at"])
        account.grants += [Span(name, entry["data"]["by"], at) for name in entry["data"]["permissions"]]

    def _withdraw(self, entry: Entry) -> None:
        account, at = self._account(entry), _moment(entry["at"])
        for span in account.grants:
            if span.until is None and span.name in entry["data"]["permissions"]:
                span.until, span.ended_by = at, entry["data"]["by"]

    def _account(self, entry: Entry) -> RebuiltAccount:
        """The account of the entry; one whose opening the record does not tell begins here."""
        known = str(entry["account_id"])
        return self.accounts.setdefault(known, RebuiltAccount(known, person_id=str(entry["person_id"])))


def compare(record: Mapping[str, RebuiltAccount], tables: Mapping[str, RebuiltAccount]) -> Iterator[Difference]:
    """Every difference between the ledger of the record and that of the tables, account by account."""
    for account_id in sorted(record.keys() | tables.keys()):
        told, stored = record.get(account_id), tables.get(account_id)
        name = f"{account_id} ({(stored or told or RebuiltAccount(account_id)).user_name})"
        if told is None or stored is None:
            yield Difference(name, "account", "-" if told is None else "yes", "-" if stored is None else "yes")
            continue
        for one in fields(RebuiltAccount):
            ours, theirs = getattr(told, one.name), getattr(stored, one.name)
            if one.name in ("states", "grants"):
                yield from _compare_spans(name, one.name, ours, theirs)
            elif UNKNOWN not in (ours, theirs) and _text(ours) != _text(theirs):
                yield Difference(name, one.name, _text(ours), _text(theirs))


def count_unknown(record: Mapping[str, RebuiltAccount]) -> int:
    """How many values no entry tells: those of accounts that were opened under older entries."""
    return sum(getattr(account, one.name) == UNKNOWN for account in record.values() for one in fields(account))


def _compare_spans(name: str, what: str, record: list[Span], tables: list[Span]) -> Iterator[Difference]:
    ours, theirs = ({_span_text(span) for span in spans} for spans in (record, tables))
    for text in sorted(ours - theirs):
        yield Difference(name, what, text, "-")
    for text in sorted(theirs - ours):
        yield Difference(name, what, "-", text)


def _span_text(span: Span) -> str:
    parts = (span.name, span.cause, span.source, _text(span.since), _text(span.until), span.ended_by)
    return " | ".join(str(part or "-") for part in parts)


def _line(account: RebuiltAccount, state: Span, moment: datetime) -> LedgerLine:
    return LedgerLine(
        account_id=account.account_id,
        user_name=account.user_name,
        person_id=account.person_id,
        account_class=account.account_class,
        purpose=account.purpose,
        unit=account.unit,
        status=state.name,
        status_cause=state.cause,
        status_since=state.since,
        opened_by=account.opened_by,
        permissions=tuple(sorted(span.name for span in account.grants if _holds(span, moment))),
    )


def _holds(span: Span, moment: datetime) -> bool:
    return span.since <= moment and (span.until is None or span.until > moment)


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "-" if value is None else str(value)
