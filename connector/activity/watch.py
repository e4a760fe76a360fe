"""What may look on while events come in: each sees the new ones of a page, in the transaction that stores them."""

from collections.abc import Sequence
from typing import Protocol

from connector.auth.act import Act
from connector.ports import IdpEvent


class Watch(Protocol):
    """Sees every event once, whatever is read again; what it writes is committed with the events or not at all."""

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        """Looks at the new events of one page (one kind, oldest first); returns how many things it recorded."""


class Watches:
    """Several watches as one, called in the order given; none is a watch that sees nothing."""

    def __init__(self, *watches: Watch) -> None:
        self._watches = watches

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        return sum(watch.see(act, events) for watch in self._watches)
