"""A directory in memory that judges its rows as the real one does, and can be told to fail."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.adapters.ldap_rows import parse_rows
from connector.departures.errors import EmptyDirectoryError
from connector.ports import DirectoryReadError, DirectoryReading
from connector.settings import DirectorySettings

PEOPLE = "ou=people,dc=example,dc=cn"


def make_settings(**changes: Any) -> DirectorySettings:
    """Settings that fit the sample directory."""
    fixed = {"base": "dc=example,dc=cn", "status_attribute": "employeeStatus", "departed_values": ("left",)}
    return DirectorySettings(**(fixed | changes))


@dataclass
class FakeDirectory:
    """`add`, `change` and `remove` people; `fails_with` makes every read and check raise. Reads are counted."""

    settings: DirectorySettings = field(default_factory=make_settings)
    fails_with: DirectoryReadError | None = None
    reads: int = 0
    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _added: int = 0

    def add(self, key: str | list[str] | None, *, name: str = "王某", status: str = "active", dn: str = "") -> str:
        """Adds a row, also a broken one (no key, two keys); returns its DN."""
        keys = [key] if isinstance(key, str) else key or []
        self._added += 1
        place = dn or f"uid=p{self._added},{PEOPLE}"
        attributes = {
            self.settings.key_attribute: [k.encode() for k in keys],
            self.settings.name_attribute: [name.encode()],
            self.settings.status_attribute: [status.encode()] if status else [],
        }
        self._rows[place] = {"dn": place, "raw_attributes": attributes}
        return place

    def change(self, dn: str, attribute: str, *values: str) -> None:
        self._rows[dn]["raw_attributes"][attribute] = [value.encode() for value in values]

    def remove(self, dn: str) -> None:
        del self._rows[dn]

    def read(self) -> DirectoryReading:
        self.reads += 1
        self.check()
        if not self._rows:
            raise EmptyDirectoryError
        entries, quarantined = parse_rows(list(self._rows.values()), self.settings)
        return DirectoryReading(entries=entries, quarantined=quarantined, read_at=datetime.now(UTC), seconds=0.0)

    def check(self) -> str:
        if self.fails_with is not None:
            raise self.fails_with
        return "fake directory"
