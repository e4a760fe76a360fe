"""Follows changes by modifyTimestamp: works on every server, shows nobody who is gone."""

from datetime import datetime, timedelta

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_follow import Delta
from connector.adapters.ldap_pages import read_pages
from connector.ports import CursorLostError
from connector.settings import DirectorySettings

_FORM = "%Y%m%d%H%M%SZ"
# The server's clock may be behind ours, and an entry may carry a moment of before it could be seen.
OVERLAP = timedelta(minutes=5)


class Timestamps:
    """Positions are moments of this machine's clock, less the overlap; what is read twice is the same twice."""

    way = "timestamp"

    def start(self, link: Link, settings: DirectorySettings, now: datetime) -> str:
        """A server that shows no modifyTimestamp would seem to be without changes for ever."""
        shown = link.entry(settings.base, ["modifyTimestamp"])
        return _position(now) if shown and shown.get("modifyTimestamp") else ""

    def changes(self, link: Link, settings: DirectorySettings, position: str, now: datetime) -> Delta:
        """Everybody whose entry was added or changed since; gone is always 0."""
        if not (position.isascii() and position[:-1].isdigit() and position.endswith("Z")):
            raise CursorLostError
        text = f"(&{settings.filter}(modifyTimestamp>={position}))"
        return Delta(list(read_pages(link, settings, text)), 0, _position(now))


def _position(now: datetime) -> str:
    return f"{now - OVERLAP:{_FORM}}"
