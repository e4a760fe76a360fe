"""When a failed side effect is tried again. Pure."""

from datetime import timedelta

# Standard Webhooks 1.0.0, recommended schedule (seconds after each failed try); 75 hours in all, then dead.
MESSAGE_DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Provisioning never gives up on a Keycloak that is down: an approved request must become true (C4).
KEYCLOAK_DELAYS = (1, 2, 5, 10, 20, 30, 60)
# Nor on a subsystem that must hear of a freeze; what waits longest is still told within the minute it is back.
SIGNAL_DELAYS = (1, 2, 5, 10, 20, 30, 60)
FAULT_DELAYS = (1, 10, 60, 300)


def delay_after(kind: str, attempts: int, *, at_least: float = 0.0) -> timedelta | None:
    """Time to wait after try number `attempts` (from 1) found the other side unavailable; None means give up.

    `at_least` (seconds) is what the other side asked for; it counts up to a day.
    """
    for beginning, delays in (("keycloak.", KEYCLOAK_DELAYS), ("signal.", SIGNAL_DELAYS)):
        if kind.startswith(beginning):
            return timedelta(seconds=delays[min(attempts, len(delays)) - 1])
    delay = _from(MESSAGE_DELAYS, attempts)
    return delay and max(delay, timedelta(seconds=min(at_least, MESSAGE_DELAYS[-1])))


def delay_after_fault(attempts: int) -> timedelta | None:
    """Time to wait after an unforeseen exception; None means give up and leave it to a person."""
    return _from(FAULT_DELAYS, attempts)


def _from(delays: tuple[int, ...], attempts: int) -> timedelta | None:
    return timedelta(seconds=delays[attempts - 1]) if attempts <= len(delays) else None
