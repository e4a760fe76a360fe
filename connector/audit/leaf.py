"""The canonical form of an entry (RFC 8785), from which its leaf is hashed. Pure; reads no table."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785

from connector.audit.tree import leaf_hash

# Every column of an entry but the two the sealer sets; `position` is added, so that a moved entry changes its leaf.
CONTENT_FIELDS = (
    "id",
    "at",
    "event",
    "actor_kind",
    "actor",
    "actor_person_id",
    "subject",
    "person_id",
    "account_id",
    "request_id",
    "alarm",
    "data",
)
_LARGEST_INTEGER = 2**53 - 1
_SAFE = frozenset({str, bool, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


class NoCanonicalFormError(ValueError):
    """The value has no RFC 8785 form."""


def canonical_bytes(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of a JSON object. Raises NoCanonicalFormError.

    Python's encoder writes the same bytes where keys are ASCII and no number is a float, and is ten times as fast.
    """
    try:
        return _encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise NoCanonicalFormError(str(error)) from error


def _is_plain(value: object) -> bool:
    """Whether Python's encoder writes `value` as RFC 8785 asks; a loop, since every entry of a log comes through."""
    if isinstance(value, dict):
        return all(type(k) is str and k.isascii() and (type(v) in _SAFE or _is_plain(v)) for k, v in value.items())
    if isinstance(value, list):
        return all(type(v) in _SAFE or _is_plain(v) for v in value)
    if type(value) is int:
        return -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
    return type(value) in _SAFE


def moment_text(at: datetime) -> str:
    """The moment in UTC with six decimals, `2026-11-23T08:00:00.000000Z`; what both databases store without loss."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def content_of(row: Any) -> dict[str, Any]:
    """The content of an entry row (ORM object or result row), without its place in the log."""
    content = {name: getattr(row, name) for name in CONTENT_FIELDS}
    content["at"] = moment_text(content["at"])
    return content


def hash_entry(content: Mapping[str, Any], position: int) -> bytes:
    """The leaf hash of this content at this position (from 0). Raises NoCanonicalFormError."""
    return leaf_hash(canonical_bytes({**content, "position": position}))
