"""Handlers of the outbox steps of an order: everybody of a page is shut out at once, and the next page is begun."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.auth.act import Act
from connector.incidents import store
from connector.incidents.carry_out import NEXT_PAGE, SHUT_DOORS, begin_page
from connector.outbox.deliver import Handler, Settle
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, UnknownUserError
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus

OpenReading = Callable[[], AbstractContextManager[Session]]
THREADS = 8  # 210 accounts a second; with four 120 (measured).


class FreezeHandlers:
    """Handlers of "keycloak.shut_doors" and "freeze.next_page"."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading) -> None:
        self._idp = idp
        self._reading = reading

    def table(self) -> dict[str, Handler]:
        return {SHUT_DOORS: self.shut_doors, NEXT_PAGE: self.next_page}

    def shut_doors(self, step: StepRow) -> None:
        """Disables those of the page who are out of use in the register; each one's own steps do the rest.

        An enabling that is decided between the look and the call waits a second before it enables, so it comes after.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._shut, step.payload["account_ids"]))

    def next_page(self, step: StepRow) -> Settle:
        """Begins the next page in the transaction that ends this step: once, or not at all."""

        def settle(act: Act) -> None:
            begin_page(act, store.get_order(act, step.payload["order_id"]))

        return settle

    def _shut(self, account_id: str) -> None:
        with self._reading() as session:
            found = session.execute(STANDING.where(AccountRow.id == account_id)).one()
        if found.keycloak_id and found.status != AccountStatus.ACTIVE:
            try:
                self._idp.set_enabled(found.keycloak_id, False)
            except UnknownUserError:
                return  # Deleted by a later step of a cancellation.


STANDING = select(AccountRow.status, AccountRow.keycloak_id)
