"""The HR directory as this product needs it: whole reads, changes since one, and what makes an answer unusable."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.errors import ConnectorError, Text


class DirectoryReadError(ConnectorError):
    """The directory's answer is not complete or not believable; nobody is frozen on it. `reason` says which case."""

    code = "directory-incomplete"
    status = 502
    clause = "JC 14"
    says = Text(
        "人事目录读取不完整，未冻结任何账号：{reason}",
        "The directory read is not complete, nobody was frozen: {reason}",
    )
    remedy = Text(
        "请检查目录服务和只读账号的权限，然后重新运行", "Check the directory and its read-only account, then run again"
    )


class CursorLostError(DirectoryReadError):
    """The directory cannot say what changed since this cursor: it is too old, or another server answers."""

    code = "directory-cursor-lost"
    says = Text("人事目录的增量位置已失效", "The directory cannot go on from where the last read ended")
    remedy = Text("无需处理：下一次将完整读取", "Nothing to do: the next read is a whole one")


@dataclass(frozen=True, kw_only=True)
class DirectoryEntry:
    """One person in the HR directory."""

    key: str  # stable key, for example the employee number
    dn: str
    name: str
    status: str  # what says whether he works here, as read; "" when the entry has nothing of it
    departed: bool  # by the mapping: a departed value, a disabled or expired account, a unit of leavers
    unit_code: str | None = None  # None: not read, or not one value; never taken for a move
    changed_at: datetime | None = None
    post: str | None = None
    phone: str | None = None  # in memory only: compared by digest, never stored or logged
    mail: str | None = None
    document_number: str | None = None  # as phone


@dataclass(frozen=True, kw_only=True)
class DirectoryReading:
    """One complete read. `quarantined` are rows that could not be understood: (dn, reason)."""

    entries: tuple[DirectoryEntry, ...]
    quarantined: tuple[tuple[str, str], ...]
    read_at: datetime
    seconds: float
    cursor: str = ""  # where `changes` goes on after this read; "" when the directory keeps none


@dataclass(frozen=True, kw_only=True)
class DirectoryChanges:
    """What changed since a cursor. Entries that are gone are only counted: an absence is proved by complete reads."""

    entries: tuple[DirectoryEntry, ...]
    quarantined: tuple[tuple[str, str], ...]
    gone: int
    cursor: str
    read_at: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MappedAttribute:
    """One line of the mapping against the live schema: what it is for, and whether the directory knows it."""

    purpose: str  # key, name, status, unit, post, phone, mail, document
    attribute: str
    known: bool | None  # None: the server does not show its schema
    filled: int  # of the entries looked at, how many have it


@dataclass(frozen=True, kw_only=True)
class DirectoryProbe:
    """What a directory is and what would be read of it; `sample` is the number of entries looked at."""

    kind: str
    server: str
    attributes: tuple[MappedAttribute, ...]
    sample: int
    departed: int
    incremental: str  # how changes are read: syncrepl, timestamp, usn, dirsync, or "" (not at all)
    problems: tuple[str, ...]


class Directory(Protocol):
    def read(self) -> DirectoryReading:
        """Reads everybody. Raises DirectoryReadError unless the answer is provably complete."""

    def changes(self, cursor: str) -> DirectoryChanges:
        """What changed since `cursor`. Raises DirectoryReadError; CursorLostError when only a whole read will do."""

    def check(self) -> str:
        """Connects, binds and reads the base entry; returns one line about the server. Raises DirectoryReadError."""

    def probe(self) -> DirectoryProbe:
        """Looks at schema and some entries; raises DirectoryReadError."""
