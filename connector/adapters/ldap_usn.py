"""Follows changes of Active Directory by uSNChanged, as an account that may only read.

Update sequence numbers belong to one domain controller and one life of its database (its invocationId): those of
another one, or of a restored one, are never compared with them. DirSync was left aside: without the right to
replicate it shows neither renames nor moves, and attributes that did not change are missing from its rows.
"""

from datetime import datetime

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_follow import Delta
from connector.adapters.ldap_pages import read_pages
from connector.adapters.ldap_values import Attributes, is_below, normal_dn
from connector.ports import CursorLostError
from connector.settings import DirectorySettings

_SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
_TOMBSTONES = "(&(isDeleted=TRUE)(objectClass=user)(!(objectClass=computer))(uSNChanged>={first}))"


class UpdateNumbers:
    """Positions are "<invocationId>/<highest number before the read>"."""

    way = "usn"

    def start(self, link: Link, settings: DirectorySettings, now: datetime) -> str:  # noqa: ARG002  as Follower
        """Where this domain controller stands; "" when it does not say who it is."""
        life, highest, _ = _standing(link)
        return f"{life}/{highest}" if life else ""

    def changes(self, link: Link, settings: DirectorySettings, position: str, now: datetime) -> Delta:  # noqa: ARG002
        """Everybody whose entry was added, changed, renamed or moved since, and the tombstones that are shown."""
        known_life, _, number = position.partition("/")
        life, highest, domain = _standing(link)
        if not number.isdigit() or life != known_life or highest < int(number):
            raise CursorLostError
        first = int(number) + 1
        rows = list(read_pages(link, settings, f"(&{settings.filter}(uSNChanged>={first}))"))
        return Delta(rows, _count_tombstones(link, settings, domain, first), f"{life}/{highest}")


def _standing(link: Link) -> tuple[str, int, str]:
    """(invocationId, highest committed number, DN of the domain) of the domain controller that answers."""
    names = ["dsServiceName", "highestCommittedUSN", "defaultNamingContext"]
    root = link.entry("", names) or {}
    service, highest, domain = (_first(root, name).decode("utf-8", "replace") for name in names)
    settings = link.entry(service, ["invocationId"]) if service else None
    return _first(settings or {}, "invocationId").hex(), int(highest or 0), domain


def _count_tombstones(link: Link, settings: DirectorySettings, domain: str, first: int) -> int:
    """Deleted people of the base; an account that may not see deleted objects is shown none, which is no error."""
    wanted = _TOMBSTONES.format(first=first)
    code = link.send(f"CN=Deleted Objects,{domain}", wanted, ["lastKnownParent"], controls=[_SHOW_DELETED])
    rows, base = link.answers() if code == 0 else [], normal_dn(settings.base)
    parents = (_first(row["raw_attributes"], "lastKnownParent").decode("utf-8", "replace") for row in rows)
    return sum(1 for parent in parents if is_below(normal_dn(parent), base))


def _first(attributes: Attributes, name: str) -> bytes:
    values = attributes.get(name) or [b""]
    return values[0]
