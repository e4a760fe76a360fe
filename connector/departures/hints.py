"""What the directory shows and a person should act on: who joined, who is back, which unit is unknown (JC 13; LC 7(2)).

The machine opens no account and enables none. Each hint is mailed once to the head of the unit, and stands in a list.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Row, select, update
from sqlalchemy.orm import aliased

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.hint_mail import tell_heads
from connector.departures.moves import Staff
from connector.departures.plan import KnownPerson
from connector.departures.scope import Units, inside
from connector.departures.staff_tables import HintRow
from connector.departures.tables import DepartureCaseRow
from connector.ports import DirectoryEntry
from connector.register import people
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus
from connector.storage.batches import in_batches

OUT_OF_USE = (AccountStatus.FROZEN, AccountStatus.DISABLED, AccountStatus.CANCELLED)
DOCUMENT_KIND = "resident_id"  # the one that a directory keeps a number of


class HintKind(StrEnum):
    """What kind of hint. The values stand in the record for ever."""

    JOINER = "joiner"
    SAME_PERSON = "same_person"
    RETURNER = "returner"
    UNKNOWN_UNIT = "unknown_unit"


_ABOUT_STRANGERS = (HintKind.JOINER, HintKind.SAME_PERSON)


class Seen(NamedTuple):
    """What an entry hints at."""

    kind: HintKind
    entry: DirectoryEntry
    person_id: str | None


@dataclass(frozen=True, kw_only=True)
class HintView:
    """One hint. `user_name` is the account of the registered person it is about, if any."""

    kind: str
    key: str
    unit_code: str | None
    post: str | None
    user_name: str | None
    account_status: str | None
    mailed: int
    opened_at: datetime
    closed_at: datetime | None


def open_hints(
    act: Act,
    entries: Sequence[DirectoryEntry],
    known: Mapping[str, KnownPerson],
    staff: Mapping[str, Staff],
    unknown_units: Sequence[DirectoryEntry],
    *,
    first: bool,
) -> int:
    """Opens the hints of these entries that are not open yet and tells the unit heads; returns how many.

    `known` is as it was before this reading. A joiner is a key that is new; in the `first` reading of all nobody is.
    """
    seen = [Seen(HintKind.UNKNOWN_UNIT, entry, staff[entry.key].person_id) for entry in unknown_units]
    seen += [] if first else list(_joiners(act, entries, known))
    seen += list(_returners(act, entries, known, staff))
    open_now = {(row.key, row.kind) for row in _open(act)} if seen else set()
    new = [_row(act, each) for each in seen if (each.entry.key, each.kind.value) not in open_now]
    if not new:
        return 0
    act.session.add_all(new)
    act.session.flush()
    tell_heads(act, new)
    kinds = Counter(hint.kind for hint in new)
    audit.record(act, Event.HINTS_OPENED, f"directory-hint:{new[0].id}", kinds=dict(sorted(kinds.items())))
    return len(new)


def settle_hints(act: Act, present: Collection[str], unknown: Collection[str]) -> int:
    """Closes hints that came true or void after a complete read; returns how many.

    `present` are the keys of people who are there and have not departed, `unknown` those whose unit is not known.
    """
    rows = _open(act)
    registered = _registered(act, {row.key for row in rows if row.kind in _ABOUT_STRANGERS})
    in_use = _in_use(act, {row.person_id for row in rows if row.kind == HintKind.RETURNER and row.person_id})
    closed = [
        row.id
        for row in rows
        if row.key not in present
        or (row.kind == HintKind.UNKNOWN_UNIT and row.key not in unknown)
        or (row.kind in _ABOUT_STRANGERS and row.key in registered)
        or (row.kind == HintKind.RETURNER and row.person_id in in_use)
    ]
    if closed:
        act.session.execute(update(HintRow), [{"id": hint_id, "closed_at": act.now} for hint_id in closed])
        audit.record(act, Event.HINTS_CLOSED, f"directory-hint:{closed[0]}", count=len(closed))
    return len(closed)


def list_hints(
    act: Act, *, open_only: bool = True, limit: int = 500, first: int = 0, within: Units = None
) -> list[HintView]:
    """Hints, the oldest first: of these units by what the directory or the register says."""
    named, home = aliased(UnitRow), aliased(UnitRow)
    statement = (
        select(HintRow, AccountRow.user_name, AccountRow.status)
        .outerjoin(AccountRow, AccountRow.person_id == HintRow.person_id)
        .outerjoin(PersonRow, PersonRow.id == HintRow.person_id)
        .outerjoin(home, home.id == PersonRow.unit_id)
        .outerjoin(named, named.code == HintRow.unit_code)
        .where(*inside(within, named.path, home.path))
        .order_by(HintRow.opened_at, HintRow.id)
        .offset(first)
        .limit(limit)
    )
    if open_only:
        statement = statement.where(HintRow.closed_at.is_(None))
    return [
        HintView(
            kind=hint.kind,
            key=hint.key,
            unit_code=hint.unit_code,
            post=hint.post,
            user_name=user_name,
            account_status=status,
            mailed=hint.mailed,
            opened_at=hint.opened_at,
            closed_at=hint.closed_at,
        )
        for hint, user_name, status in act.session.execute(statement)
    ]


def _joiners(act: Act, entries: Iterable[DirectoryEntry], known: Mapping[str, KnownPerson]) -> Iterable[Seen]:
    new = [entry for entry in entries if not entry.departed and _came(entry, known)]
    registered = _registered(act, {entry.key for entry in new})
    for entry in new:
        if entry.key in registered:
            continue
        document = entry.document_number
        same = people.find_by_document(act, DOCUMENT_KIND, document) if document else None
        yield Seen(HintKind.SAME_PERSON if same else HintKind.JOINER, entry, same.id if same else None)


def _came(entry: DirectoryEntry, known: Mapping[str, KnownPerson]) -> bool:
    """Whether the key was not there before: never seen, missing, or marked as departed."""
    before = known.get(entry.key)
    return before is None or before.departed or before.missing_since is not None


def _returners(
    act: Act, entries: Iterable[DirectoryEntry], known: Mapping[str, KnownPerson], staff: Mapping[str, Staff]
) -> Iterable[Seen]:
    """People who had left and are there again, whose account is out of use. A zombie who never left is none."""
    out = {
        key: person
        for key, person in staff.items()
        if person.status in OUT_OF_USE and (person.status != AccountStatus.FROZEN or person.cause == "departure")
    }
    if not out:
        return
    back = [entry for entry in entries if entry.key in out and not entry.departed]
    left = _had_case(act, {out[entry.key].account_id for entry in back})
    for entry in back:
        person = out[entry.key]
        if person.account_id in left or (entry.key in known and _came(entry, known)):
            yield Seen(HintKind.RETURNER, entry, person.person_id)


def _row(act: Act, seen: Seen) -> HintRow:
    return HintRow(
        kind=seen.kind.value,
        key=seen.entry.key,
        unit_code=(seen.entry.unit_code or "")[:64] or None,
        post=(seen.entry.post or "")[:64] or None,
        person_id=seen.person_id,
        mailed=0,
        opened_at=act.now,
    )


def _open(act: Act) -> Sequence[Row[int, str, str, str | None]]:
    columns = select(HintRow.id, HintRow.key, HintRow.kind, HintRow.person_id)
    return act.session.execute(columns.where(HintRow.closed_at.is_(None)).order_by(HintRow.id)).all()


def _registered(act: Act, keys: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in in_batches(keys):
        rows = select(PersonRow.directory_key).where(PersonRow.directory_key.in_(some))
        found |= {key for key in act.session.scalars(rows) if key}
    return found


def _in_use(act: Act, person_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in in_batches(person_ids):
        rows = select(AccountRow.person_id).where(AccountRow.person_id.in_(some), AccountRow.status.not_in(OUT_OF_USE))
        found |= set(act.session.scalars(rows))
    return found


def _had_case(act: Act, account_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in in_batches(account_ids):
        rows = select(DepartureCaseRow.account_id).where(DepartureCaseRow.account_id.in_(some))
        found |= set(act.session.scalars(rows))
    return found
