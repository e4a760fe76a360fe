"""The cursor of a directory: one opaque text that holds where changes go on, and for which mapping. Pure."""

import hashlib
import json

from connector.ports import CursorLostError
from connector.settings import DirectorySettings

_VERSION = "1"
_MAPPING = (
    "url",
    "kind",
    "base",
    "filter",
    "key_attribute",
    "name_attribute",
    "status_attribute",
    "unit_attribute",
    "post_attribute",
    "phone_attribute",
    "mail_attribute",
    "document_attribute",
    "departed_values",
    "departed_base",
    "departed_group",
)


def make_cursor(settings: DirectorySettings, left: frozenset[str], way: str, position: str) -> str:
    """The cursor for `way` (syncrepl, usn, timestamp) at `position`; `left` are the members of the leavers' group."""
    return ":".join((_VERSION, settings.kind, way, _fingerprint(settings, left), position))


def open_cursor(settings: DirectorySettings, left: frozenset[str], cursor: str) -> tuple[str, str]:
    """(way, position) of a cursor made under the same mapping; raises CursorLostError for any other.

    What a changed mapping, or a changed group of leavers, means for people whose own entries did not change is told
    by a whole read only.
    """
    parts = cursor.split(":", 4)
    if len(parts) != 5 or parts[:2] != [_VERSION, settings.kind] or parts[3] != _fingerprint(settings, left):
        raise CursorLostError
    return parts[2], parts[4]


def _fingerprint(settings: DirectorySettings, left: frozenset[str]) -> str:
    mapping = [getattr(settings, name) for name in _MAPPING]
    text = json.dumps([mapping, sorted(left)], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
