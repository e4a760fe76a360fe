"""The product's own orders of freezing and enabling, run on a user of the scratch realm. No order is written here."""

from contextlib import AbstractContextManager, suppress

from sqlalchemy.orm import Session

from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider
from connector.provisioning.errors import FreezeNotProvenError
from connector.provisioning.handlers import KeycloakHandlers, Standing
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountStatus

MOST_TRIES = 3


class ProductOrder(KeycloakHandlers):
    """The handlers of the outbox steps, for users that stand in no register: the step's account id is Keycloak's."""

    def __init__(self, idp: IdentityProvider, rulebook: Rulebook) -> None:
        super().__init__(idp, _no_register, rulebook)
        self._status = AccountStatus.FROZEN

    def take_out(self, user_id: str) -> int:
        """Disables, logs out, ends offline sessions and reads back; again, as the outbox does, until it is proven.

        Returns the number of tries. Raises FreezeNotProvenError after the last, and ports' errors.
        """
        self._status = AccountStatus.FROZEN
        for tried in range(1, MOST_TRIES):
            with suppress(FreezeNotProvenError):
                self.freeze(StepRow(kind="keycloak.freeze", account_id=user_id, payload={}))
                return tried
        self.freeze(StepRow(kind="keycloak.freeze", account_id=user_id, payload={}))
        return MOST_TRIES

    def sweep(self, user_id: str) -> None:
        """The second round of every freeze, for what began before it and ended after it."""
        self._status = AccountStatus.FROZEN
        self.look_again(StepRow(kind="keycloak.sweep", account_id=user_id, payload={}))

    def put_back(self, user_id: str) -> None:
        """Enables as an approved request does: what lived in the second of the freeze is ended first."""
        self._status = AccountStatus.ACTIVE
        self.enable(StepRow(kind="keycloak.enable", account_id=user_id, payload={}))

    def _account(self, step: StepRow) -> Standing:
        user_id = str(step.account_id)
        return Standing(user_id, user_id, self._status.value, user_id)


def _no_register() -> AbstractContextManager[Session]:
    raise AssertionError("the scratch realm has no register")
