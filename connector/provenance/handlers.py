"""Handlers of what the gate orders itself: a password that an administrator knows is replaced, sessions are ended.

Run outside any transaction. Each leaves an account that is out of use disabled, whatever overlaps.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from connector.outbox.deliver import Handler
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, UnknownUserError
from connector.provisioning.in_use import take_out
from connector.provisioning.passwords import REPLACE_PASSWORD, make_initial_password
from connector.register.tables import AccountRow
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass, AccountStatus

OpenReading = Callable[[], AbstractContextManager[Session]]
END_SESSIONS = "keycloak.end_sessions"


class ProvenanceHandlers:
    """Handlers of "keycloak.replace_password" and "keycloak.end_sessions"."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading, rulebook: Rulebook) -> None:
        self._idp = idp
        self._reading = reading
        self._rulebook = rulebook

    def table(self) -> dict[str, Handler]:
        return {REPLACE_PASSWORD: self.replace_password, END_SESSIONS: self.end_sessions}

    def replace_password(self, step: StepRow) -> None:
        """The password is made one that nobody knows; the person gets his own by a one-time link (JC 23)."""
        account = self._account(step)
        if account.keycloak_id:
            password = make_initial_password(self._rulebook.password(AccountClass(account.account_class)).min_length)
            self._write(step, account.keycloak_id, lambda user_id: self._idp.set_temporary_password(user_id, password))

    def end_sessions(self, step: StepRow) -> None:
        account = self._account(step)
        if account.keycloak_id:
            self._write(step, account.keycloak_id, lambda _user_id: None)

    def _write(self, step: StepRow, user_id: str, work: Callable[[str], None]) -> None:
        try:
            work(user_id)
            self._idp.log_out(user_id)  # Sessions survive a new password (measured).
            self._idp.end_offline_sessions(user_id)
            if self._account(step).status != AccountStatus.ACTIVE:
                # A log-out that overlaps a freeze writes `enabled` as it read it.
                take_out(self._idp, user_id)
        except UnknownUserError:
            return  # Deleted by a later step of a cancellation.

    def _account(self, step: StepRow) -> AccountRow:
        with self._reading() as session:
            return session.get_one(AccountRow, step.account_id)
