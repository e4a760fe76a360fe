"""Reads single values of LDAP rows: texts, moments, Active Directory's numbers, DNs. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

Attributes = Mapping[str, Sequence[bytes]]

_FILETIME_ORIGIN = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 0x7FFF_FFFF_FFFF_FFFF
_AROUND_COMMA = re.compile(r"(?<!\\)\s*,\s*")


class UnreadableRowError(ValueError):
    """Says in its text why the row is set aside: the attribute and its fault, never its value."""


def texts(raw: Attributes, name: str) -> list[str]:
    """The attribute's values that are not blank. Raises UnreadableRowError when one is not UTF-8."""
    values = raw.get(name)
    if not values:
        return []
    try:
        found = [value.decode("utf-8").strip() for value in values]
    except UnicodeDecodeError:
        raise UnreadableRowError(f"{name}: not UTF-8") from None
    return [text for text in found if text]


def only_text(raw: Attributes, name: str) -> str | None:
    """The one value of an attribute that nobody is frozen by; None when there is none, more than one, or no text."""
    try:
        found = texts(raw, name)
    except UnreadableRowError:
        return None
    return found[0] if len(found) == 1 else None


def number(raw: Attributes, name: str) -> int | None:
    """The attribute as a number, None when the row does not have it. Raises UnreadableRowError."""
    found = texts(raw, name)
    if not found:
        return None
    try:
        (only,) = found
        return int(only)
    except ValueError:
        raise UnreadableRowError(f"{name}: not a number") from None


def moment(raw: Attributes, name: str) -> datetime | None:
    """Generalized time in UTC, to the second; None when it is not there or not understood."""
    values = raw.get(name)
    if not values:
        return None
    v = values[0]
    try:  # Six slices take a fifth of the time of strptime, and a whole read has one of these for each person.
        return datetime(int(v[:4]), int(v[4:6]), int(v[6:8]), int(v[8:10]), int(v[10:12]), int(v[12:14]), tzinfo=UTC)
    except ValueError:
        return None


def expiry(ticks: int) -> datetime | None:
    """The moment of an accountExpires (tenths of microseconds since 1601); None when it never expires."""
    if ticks <= 0 or ticks >= _NEVER:
        return None
    try:
        return _FILETIME_ORIGIN + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def normal_dn(dn: str) -> str:
    """A DN as it compares: without case, without spaces around its commas."""
    return _AROUND_COMMA.sub(",", dn.strip()).casefold()


def is_below(dn: str, base: str) -> bool:
    """Whether `dn` is `base` or stands below it; both as `normal_dn` writes them."""
    return dn == base or dn.endswith(f",{base}")
