"""Whether a row says that its person has left: by a value, by the account's state, by where it stands. Pure."""

from collections.abc import Iterable
from datetime import datetime

from connector.adapters.ldap_values import Attributes, UnreadableRowError, expiry, is_below, normal_dn, number, texts
from connector.settings import DirectorySettings

CONTROL, EXPIRES = "userAccountControl", "accountExpires"
_DISABLED_BIT = 0x2


def status_attributes(settings: DirectorySettings) -> list[str]:
    """Every attribute that the status is read from."""
    mapped = [settings.status_attribute] if settings.status_attribute else []
    return mapped + ([CONTROL, EXPIRES] if settings.kind == "active_directory" else [])


class StatusReader:
    """Reads the status of rows at one moment. `left` are the members of the leavers' group, by `normal_dn`."""

    def __init__(self, settings: DirectorySettings, now: datetime, left: frozenset[str]) -> None:
        self._attribute = settings.status_attribute
        self._departed_words = {value.casefold() for value in settings.departed_values}
        self._by_account = settings.kind == "active_directory"
        self._base = normal_dn(settings.departed_base)
        self._by_place = bool(settings.departed_base or settings.departed_group)
        self._left = left
        self._now = now

    def read(self, dn: str, raw: Attributes) -> tuple[str, bool]:
        """What was read, in words, and whether it means departed. Raises UnreadableRowError."""
        said, departed = self._by_value(raw) if self._attribute else ([], False)
        if self._by_account:
            for word, left in self._by_control(raw):
                said.append(word)
                departed = departed or left
        if self._by_place:
            found = list(self._places(normal_dn(dn)))
            said += found
            departed = departed or bool(found)
        return ", ".join(said), departed

    def _by_value(self, raw: Attributes) -> tuple[list[str], bool]:
        statuses = texts(raw, self._attribute)
        departed = [s.casefold() in self._departed_words for s in statuses]
        if any(departed) and not all(departed):
            raise UnreadableRowError(f"{self._attribute}: values contradict")
        return statuses, any(departed)

    def _by_control(self, raw: Attributes) -> Iterable[tuple[str, bool]]:
        """The account's own state. A row without userAccountControl says nothing, which is not "enabled"."""
        control, ticks = number(raw, CONTROL), number(raw, EXPIRES)
        if control is not None:
            disabled = bool(control & _DISABLED_BIT)
            yield ("disabled" if disabled else "enabled"), disabled
        ends_at = expiry(ticks) if ticks is not None else None
        if ends_at is not None and ends_at <= self._now:
            yield f"expired {ends_at:%Y-%m-%d}", True

    def _places(self, dn: str) -> Iterable[str]:
        if self._base and is_below(dn, self._base):
            yield "in the leavers' unit"
        if dn in self._left:
            yield "in the leavers' group"
