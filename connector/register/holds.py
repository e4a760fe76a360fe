"""What keeps an account out of use whatever else has ended (GS 13, GS 14; HH 4): a room says it, every road back asks.

A case of a room above (an incident, untrue data) is not known down here; it registers its rule as confinement does.
"""

from collections.abc import Callable

from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.register.tables import AccountRow

Hold = Callable[[Act, AccountRow], ConnectorError | None]
HOLDS: list[Hold] = []


def hold(rule: Hold) -> Hold:
    """Registers a rule: it returns the refusal that says what holds the account, or None."""
    HOLDS.append(rule)
    return rule


def find_hold(act: Act, account: AccountRow) -> ConnectorError | None:
    """The first refusal that keeps this account out of use now; None when nothing does."""
    return next((found for rule in HOLDS if (found := rule(act, account)) is not None), None)


def check_not_held(act: Act, account: AccountRow) -> None:
    """Raises the refusal of whatever holds the account."""
    if (found := find_hold(act, account)) is not None:
        raise found
