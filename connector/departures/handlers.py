"""Makes a user of Keycloak carry the name and the unit that the register has. Runs outside any transaction."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.departures.movers import UPDATE_USER
from connector.outbox.deliver import Handler
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, UnknownUserError
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus

_USER = (
    select(AccountRow.keycloak_id, PersonRow.name, UnitRow.code)
    .join(PersonRow, PersonRow.id == AccountRow.person_id)
    .join(UnitRow, UnitRow.id == PersonRow.unit_id)
)


class MoverHandlers:
    """Handler of the step that follows a change of name or unit."""

    def __init__(self, idp: IdentityProvider, reading: Callable[[], AbstractContextManager[Session]]) -> None:
        self._idp = idp
        self._reading = reading

    def table(self) -> Mapping[str, Handler]:
        return {UPDATE_USER: self.update_user}

    def update_user(self, step: StepRow) -> None:
        """Writes the register's present name and unit; a user not made yet gets them when he is made."""
        with self._reading() as session:
            user_id, name, unit_code = session.execute(_USER.where(AccountRow.id == step.account_id)).one()
        if not user_id:
            return
        try:
            self._idp.update_user(user_id, display_name=name, attributes={"unitCode": [unit_code]})
            # Keycloak writes whole users: one that was frozen meanwhile may have been written back as enabled.
            if not self._is_active(step):
                self._idp.set_enabled(user_id, False)
        except UnknownUserError:
            return  # Deleted by a later step of a cancellation.

    def _is_active(self, step: StepRow) -> bool:
        with self._reading() as session:
            status = session.scalar(select(AccountRow.status).where(AccountRow.id == step.account_id))
        return status == AccountStatus.ACTIVE
