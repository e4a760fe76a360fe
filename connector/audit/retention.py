"""The floor under the time the record is kept. Pure; deletes nothing."""

from datetime import timedelta

from connector.audit.errors import RetentionTooShortError
from connector.regulations.rulebook import Rulebook


def check_retention(days: int, rulebook: Rulebook) -> None:
    """Raises RetentionTooShortError when `days` is less than the strictest rule in force (GX 10)."""
    least = rulebook.retention()
    if timedelta(days=days) < least:
        raise RetentionTooShortError(days=days, least=-(-least // timedelta(days=1)))
