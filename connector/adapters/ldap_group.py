"""The members of the leavers' group. Active Directory gives them in ranges; a range is never taken for the whole."""

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_values import Attributes, normal_dn
from connector.departures import errors
from connector.settings import DirectorySettings

_MEMBER = "member"
_RANGE = 1500  # What Active Directory gives at a time (MaxValRange), unless it is set otherwise.
_MOST_RANGES = 10_000


def read_left(link: Link, settings: DirectorySettings) -> frozenset[str]:
    """DNs, as `normal_dn` writes them, of those whom membership in the leavers' group counts as having left."""
    group = settings.departed_group
    if not group:
        return frozenset()
    if settings.kind == "active_directory":
        return frozenset(normal_dn(dn) for dn in read_ranges(link, group))
    found = link.entry(group, [_MEMBER, "uniqueMember"])
    if found is None:
        raise errors.LeaversGroupMissingError
    values = [*found.get(_MEMBER, ()), *found.get("uniqueMember", ())]
    return frozenset(normal_dn(value.decode("utf-8", "replace")) for value in values)


def read_ranges(link: Link, group: str, step: int = _RANGE) -> list[str]:
    """All members of an Active Directory group, range by range until the server says that one was the last."""
    members: list[bytes] = []
    for _ in range(_MOST_RANGES):
        first = len(members)
        found = link.entry(group, [f"{_MEMBER};range={first}-{first + step - 1}"])
        if found is None:
            raise errors.LeaversGroupMissingError
        values, last = _one_range(found, first)
        members += values
        if last:
            return [value.decode("utf-8", "replace") for value in members]
        if not values:
            break
    raise errors.GroupCutShortError(count=len(members))


def _one_range(found: Attributes, first: int) -> tuple[list[bytes], bool]:
    """The values of the range that was asked for, and whether it is the last one, which is named `start-*`."""
    for name, values in found.items():
        word, _, bounds = name.partition(";range=")
        start, _, end = bounds.partition("-")
        if word.casefold() == _MEMBER and start == str(first):
            return list(values), end == "*"
    # An empty group has no attribute at all; that after a first range the rest is missing is something else.
    return [], first == 0 and not found
