"""Comparing what is with what must be, and noting each difference. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["create", "change", "remove", "unexpected"]
HIDDEN = frozenset({"jwks.string"})  # public, but long


@dataclass(frozen=True)
class Change:
    """One difference. `unexpected` things are told and left: people may depend on them, a person must decide."""

    kind: Kind
    what: str
    field: str = ""
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        shown = f"{self.kind} {self.what}"
        if self.field:
            shown += f" {self.field}"
        if self.kind == "change" and self.field.rpartition("attributes.")[2] not in HIDDEN:
            shown += f": {self.before!r} -> {self.after!r}"
        return shown


def differences(desired: Any, current: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) for each value that is not as desired. Keys that are not desired are not looked at.

    Lists of plain values are compared as sets; Keycloak returns an empty value as none at all.
    """
    if isinstance(desired, Mapping):
        here = current if isinstance(current, Mapping) else {}
        for key, value in desired.items():
            yield from differences(value, here.get(key), f"{path}.{key}" if path else str(key))
    elif not _same(desired, current):
        yield path, current, desired


def merged(desired: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """`current` with every desired value put into it, at any depth."""
    result = dict(current)
    for key, value in desired.items():
        here = result.get(key)
        result[key] = merged(value, here) if isinstance(value, Mapping) and isinstance(here, Mapping) else value
    return result


def _same(desired: Any, current: Any) -> bool:
    if not desired and not current and desired is not False and current is not False:
        return True
    if isinstance(desired, list | tuple) and isinstance(current, list):
        if all(isinstance(item, str) for item in [*desired, *current]):
            return sorted(desired) == sorted(current)
        return list(desired) == current
    return bool(desired == current)
