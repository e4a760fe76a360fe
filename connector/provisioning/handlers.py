"""Makes Keycloak agree with the register, one step at a time. Runs outside any transaction.

Every handler reads the register's present state and converges on it, so that a late or repeated step can never undo
a newer decision: a freeze wins over a creation or an enabling that was ordered before it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox.deliver import Handler, Settle
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, NewUser, UnknownUserError
from connector.provisioning.in_use import look_again, put_back, take_out
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass, AccountStatus

OpenReading = Callable[[], AbstractContextManager[Session]]
SECOND = 1.1  # Keycloak compares "not before" in whole seconds, strictly (measured).


class Standing(NamedTuple):
    """What the register says of an account at this moment."""

    id: str
    person_id: str
    status: str
    keycloak_id: str | None


class KeycloakHandlers:
    """Handlers of the steps whose kind starts with "keycloak."."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading, rulebook: Rulebook) -> None:
        self._idp = idp
        self._reading = reading
        self._rulebook = rulebook

    def table(self) -> dict[str, Handler]:
        return {
            "keycloak.create_user": self.create_user,
            "keycloak.grant_roles": self.grant_roles,
            "keycloak.withdraw_roles": self.withdraw_roles,
            "keycloak.require_actions": self.require_actions,
            "keycloak.freeze": self.freeze,
            "keycloak.sweep": self.look_again,
            "keycloak.enable": self.enable,
            "keycloak.delete_user": self.delete_user,
        }

    def create_user(self, step: StepRow) -> Settle | None:
        """Creates the user without a password; adopts our own after a lost reply; does nothing when it is there."""
        account, new = self._new_user(step)
        if account.keycloak_id:
            return None
        if account.status != AccountStatus.ACTIVE:
            return self._take_out_unanswered(account, new)
        user_id = self._idp.create_user(new)
        if self._account(step).status != AccountStatus.ACTIVE:
            take_out(self._idp, user_id)
        return knows(account.id, user_id)

    def _take_out_unanswered(self, account: Standing, new: NewUser) -> Settle | None:
        """An earlier try may have made the user and lost the reply before the freeze came: then it is taken out."""
        user = self._idp.find_user(new.user_name)
        if user is None or user.attributes.get("requestId") != new.request_id:
            return None
        take_out(self._idp, user.user_id)
        return knows(account.id, user.user_id)

    def grant_roles(self, step: StepRow) -> None:
        user_id = self._account(step).keycloak_id
        if user_id:
            self._idp.grant_roles(user_id, step.payload["subsystem"], step.payload["roles"])

    def withdraw_roles(self, step: StepRow) -> None:
        """Withdraws the roles, then ends the sessions whose tokens still carry them."""
        user_id = self._account(step).keycloak_id
        if user_id:
            self._idp.withdraw_roles(user_id, step.payload["subsystem"], step.payload["roles"])
            self._idp.log_out(user_id)
            self._idp.end_offline_sessions(user_id)
            if self._account(step).status != AccountStatus.ACTIVE:
                # A log-out that overlaps a freeze writes `enabled` as it read it (1 in 25).
                take_out(self._idp, user_id)

    def require_actions(self, step: StepRow) -> None:
        user_id = self._account(step).keycloak_id
        if user_id:
            self._idp.require_actions(user_id, step.payload["actions"])

    def freeze(self, step: StepRow) -> Settle | None:
        """Disable, log out, end offline sessions, then read back; FreezeNotProvenError is tried again."""
        return self._out_of_use(step, take_out, Event.ACCOUNT_FROZEN)

    def look_again(self, step: StepRow) -> Settle | None:
        """Reads back once more, for what began before the freeze and ended after it, and ends what lives."""
        return self._out_of_use(step, look_again, Event.FREEZE_VERIFIED)

    def _out_of_use(
        self, step: StepRow, order: Callable[[IdentityProvider, str], dict[str, int]], event: Event
    ) -> Settle | None:
        account = self._account(step)
        if account.status == AccountStatus.ACTIVE or not account.keycloak_id:
            return None
        try:
            proof = order(self._idp, account.keycloak_id)
        except UnknownUserError:
            return None  # Deleted by a later step of a cancellation.

        def settle(act: Act) -> None:
            audit.record(
                act, event, f"account:{account.id}", account_id=account.id, person_id=account.person_id,
                request_id=step.request_id, cause=step.payload.get("cause", ""), proof=proof,
            )  # fmt: skip

        return settle

    def enable(self, step: StepRow) -> Settle | None:
        """Enables; when the account was taken out again meanwhile, the freeze wins."""
        account = self._account(step)
        if account.status != AccountStatus.ACTIVE or not account.keycloak_id:
            return None
        put_back(self._idp, account.keycloak_id, SECOND)
        if self._account(step).status != AccountStatus.ACTIVE:
            take_out(self._idp, account.keycloak_id)
            return None

        def settle(act: Act) -> None:
            audit.record(
                act, Event.ACCOUNT_ENABLED, f"account:{account.id}", account_id=account.id,
                person_id=account.person_id, request_id=step.request_id,
            )  # fmt: skip

        return settle

    def delete_user(self, step: StepRow) -> Settle | None:
        account = self._account(step)
        if account.status != AccountStatus.CANCELLED or not account.keycloak_id:
            return None
        self._idp.delete_user(account.keycloak_id)

        return knows(account.id, None)

    def _account(self, step: StepRow) -> Standing:
        with self._reading() as session:
            return Standing(*session.execute(STANDING.where(AccountRow.id == step.account_id)).one())

    def _new_user(self, step: StepRow) -> tuple[Standing, NewUser]:
        with self._reading() as session:
            return read_new_user(session, self._rulebook, str(step.account_id))


def read_new_user(session: Session, rulebook: Rulebook, account_id: str) -> tuple[Standing, NewUser]:
    """What the register says of the account now, and the user of Keycloak that follows from it."""
    row = session.execute(NEW_USER.where(AccountRow.id == account_id)).one()
    codes_will_do = "otp" in rulebook.factors(AccountClass(row.account_class))
    return Standing(row.id, row.person_id, row.status, row.keycloak_id), NewUser(
        user_name=row.user_name,
        display_name=row.name,
        account_id=row.id,
        request_id=row.opened_by,
        unit_code=row.code,
        account_class=row.account_class,
        # A key is asked for when one is issued: whoever enrols another has none of ours.
        required_actions=("UPDATE_PASSWORD", "CONFIGURE_TOTP") if codes_will_do else ("UPDATE_PASSWORD",),
        second_factor="otp" if codes_will_do else "key",
        one_session=rulebook.one_session(AccountClass(row.account_class)),
    )


STANDING = select(AccountRow.id, AccountRow.person_id, AccountRow.status, AccountRow.keycloak_id)
NEW_USER = (
    STANDING.add_columns(
        AccountRow.user_name, AccountRow.opened_by, AccountRow.account_class, PersonRow.name, UnitRow.code
    )
    .join(PersonRow, PersonRow.id == AccountRow.person_id)
    .join(UnitRow, UnitRow.id == PersonRow.unit_id)
)


def knows(account_id: str, user_id: str | None) -> Settle:
    """Writes down, with the step's outcome, which Keycloak user the account has."""

    def settle(act: Act) -> None:
        act.session.execute(update(AccountRow).where(AccountRow.id == account_id).values(keycloak_id=user_id))

    return settle
