"""A directory in memory that judges its rows as the real one does, and can be told to fail."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.adapters.ldap_rows import check_whole, mapped_attributes, parse_rows
from connector.departures.errors import DuplicateKeyError, EmptyDirectoryError
from connector.ports import (
    CursorLostError,
    DirectoryChanges,
    DirectoryProbe,
    DirectoryReadError,
    DirectoryReading,
    MappedAttribute,
)
from connector.settings import DirectorySettings

PEOPLE = "ou=people,dc=example,dc=cn"
DOCUMENT = "employeeDocument"
_FORGOTTEN = ""


def make_settings(**changes: Any) -> DirectorySettings:
    """Settings that fit the sample directory."""
    fixed = {"base": "dc=example,dc=cn", "status_attribute": "employeeStatus", "departed_values": ("left",)}
    return DirectorySettings(**(fixed | changes))


@dataclass
class FakeDirectory:
    """`add`, `change`, `rename` and `remove` people; `fails_with` makes every read and check raise.

    Reads, whole ones and those of changes, are counted. `forget_changes` makes every cursor so far a lost one.
    """

    settings: DirectorySettings = field(default_factory=lambda: make_settings(document_attribute=DOCUMENT))
    fails_with: DirectoryReadError | None = None
    reads: int = 0
    reads_of_changes: int = 0
    now: datetime | None = None  # the moment at which accounts are judged; None: the present one
    _rows: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)
    _journal: list[str] = field(default_factory=list)  # DNs as they changed or went, oldest first

    def add(
        self,
        key: str | list[str] | None,
        *,
        name: str = "王某",
        status: str = "active",
        dn: str = "",
        unit: str = "",
        post: str = "",
        phone: str = "",
        mail: str = "",
        document: str = "",
    ) -> str:
        """Adds a row, also a broken one (no key, two keys); returns its DN."""
        keys = [key] if isinstance(key, str) else key or []
        place = dn or f"uid=p{len(self._journal) + 1},{PEOPLE}"
        single = {"name": name, "status": status, "unit": unit, "post": post, "phone": phone, "mail": mail}
        values = {purpose: [value] if value else [] for purpose, value in (single | {"document": document}).items()}
        self._rows[place] = {
            name: [value.encode() for value in values[purpose] if value]
            for purpose, name in mapped_attributes(self.settings)
            if purpose != "key"
        }
        self.change(place, self.settings.key_attribute, *keys)
        return place

    def change(self, dn: str, attribute: str, *values: str) -> None:
        """Gives an attribute of the row these values, and no other."""
        self._rows[dn][attribute] = [value.encode() for value in values]
        self._journal.append(dn)

    def rename(self, dn: str, new_dn: str) -> str:
        """Moves the row to another DN; returns it."""
        self._rows[new_dn] = self._rows.pop(dn)
        self._journal.append(new_dn)
        return new_dn

    def remove(self, dn: str) -> None:
        del self._rows[dn]
        self._journal.append(dn)

    def forget_changes(self) -> None:
        self._journal.append(_FORGOTTEN)

    def read(self) -> DirectoryReading:
        self.reads += 1
        self.check()
        if not self._rows:
            raise EmptyDirectoryError
        read_at = datetime.now(UTC)
        rows = parse_rows(self._rows.items(), self.settings, now=self.now or read_at)
        entries, quarantined = check_whole(rows, self.settings)
        return DirectoryReading(
            entries=entries, quarantined=quarantined, read_at=read_at, seconds=0.0, cursor=self._cursor()
        )

    def changes(self, cursor: str) -> DirectoryChanges:
        self.reads_of_changes += 1
        self.check()
        word, _, position = cursor.partition(":")
        touched = self._journal[int(position) :] if word == "fake" else [_FORGOTTEN]
        if _FORGOTTEN in touched:
            raise CursorLostError
        read_at = datetime.now(UTC)
        rows = [(dn, row) for dn, row in self._rows.items() if dn in touched]
        entries, quarantined = parse_rows(rows, self.settings, now=self.now or read_at)
        self._check_leavers(entry.key for entry in entries if entry.departed)
        return DirectoryChanges(
            entries=entries,
            quarantined=quarantined,
            gone=sum(1 for dn in set(touched) if dn not in self._rows),
            cursor=self._cursor(),
            read_at=read_at,
            seconds=0.0,
        )

    def _check_leavers(self, keys: Iterable[str]) -> None:
        """As the real one: whose key also stands on a row that did not change is not believed to have left."""
        name = self.settings.key_attribute
        everybody = Counter(key.decode().casefold() for row in self._rows.values() for key in row.get(name, ()))
        if twice := sum(1 for key in keys if everybody[key.casefold()] > 1):
            raise DuplicateKeyError(count=twice)

    def check(self) -> str:
        if self.fails_with is not None:
            raise self.fails_with
        return "fake directory"

    def probe(self) -> DirectoryProbe:
        self.check()
        filled = tuple(
            MappedAttribute(
                purpose=purpose,
                attribute=name,
                known=True,
                filled=sum(1 for row in self._rows.values() if row.get(name)),
            )
            for purpose, name in mapped_attributes(self.settings)
        )
        entries, _ = parse_rows(self._rows.items(), self.settings, now=self.now or datetime.now(UTC))
        return DirectoryProbe(
            kind=self.settings.kind,
            server="fake directory",
            attributes=filled,
            sample=len(self._rows),
            departed=sum(1 for entry in entries if entry.departed),
            incremental="fake",
            problems=(),
        )

    def _cursor(self) -> str:
        return f"fake:{len(self._journal)}"
