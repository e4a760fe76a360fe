"""Names of the lanes that keep an order, and what holds one up. Pure."""

from typing import Final

ACCOUNT: Final = "account:"  # One account in Keycloak: a step that stopped holds up all behind it.
SIGNAL: Final = "signal:"  # One account at one receiver: a step that the receiver refused is passed by.
ORDERED: Final = (ACCOUNT, SIGNAL)


def is_ordered(lane: str) -> bool:
    return lane.startswith(ORDERED)


def is_signal(lane: str) -> bool:
    return lane.startswith(SIGNAL)
