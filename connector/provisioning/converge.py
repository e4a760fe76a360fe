"""Makes Keycloak agree with the register about one account, whatever differs; and shuts out whom nobody applied for.

Runs outside any transaction. What is approved is read anew before every round, so that a freeze that comes while
roles are being given back wins, and a try that died half way is simply taken up again.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import exists, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox.deliver import Handler, Settle
from connector.outbox.tables import StepRow
from connector.ports import ForeignAccountError, IdentityProvider, KeycloakRefusedError, UnknownUserError
from connector.provisioning import handlers
from connector.provisioning.agreement import (
    FOR_ADMINISTRATOR,
    Approved,
    Difference,
    Drift,
    Found,
    Presence,
    differences,
)
from connector.provisioning.errors import (
    AdministratorNeededError,
    NotConvergedError,
    OutsideAccountsError,
    StrangerOutOfReachError,
)
from connector.provisioning.handlers import OpenReading, knows
from connector.provisioning.in_use import put_back, take_out
from connector.provisioning.inspection import Inspection, is_forbidden
from connector.provisioning.repairs import CONVERGE, SHUT_OUT
from connector.register.tables import AccountRow

MOST_ROUNDS = 4  # One to repair, one to see that it holds, and two for what changes meanwhile.


class ConvergeHandlers:
    """Handlers of the steps that `repairs` orders."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading, inspection: Inspection) -> None:
        self._idp = idp
        self._reading = reading
        self._inspection = inspection

    def table(self) -> dict[str, Handler]:
        return {CONVERGE: self.converge, SHUT_OUT: self.shut_out}

    def converge(self, step: StepRow) -> Settle | None:
        """Repairs until nothing differs that this product may repair; what is left to an administrator ends the step.

        A user who was deleted there is made again without a password: a person orders the link to a new one.
        """
        catalogue, user_id = self._inspection.catalogue(), None
        met: dict[Difference, None] = {}
        for _ in range(MOST_ROUNDS):
            approved = self._inspection.approved(str(step.account_id))
            approved = replace(approved, keycloak_id=user_id or approved.keycloak_id)
            found = self._inspection.found(approved)
            left = differences(approved, found, catalogue)
            met |= dict.fromkeys(left)
            if not left:
                return self._settled(step, approved, tuple(met))
            user_id = self._repair(approved, found, left)
            if user_id is None:  # Nobody is there and nobody should be: he is made again when he is enabled.
                return self._settled(step, replace(approved, keycloak_id=None), tuple(met))
        raise NotConvergedError(left=_told(left))

    def shut_out(self, step: StepRow) -> Settle | None:
        """Disables a user nobody applied for, ends his sessions and reads back; he stays, as evidence.

        Outside the accounts group only his permissions can be withdrawn: StrangerOutOfReachError.
        """
        user_id = step.payload["user_id"]
        if self._is_ours(user_id):
            return None
        try:
            proof = take_out(self._idp, user_id)
        except UnknownUserError:
            return None
        except KeycloakRefusedError as error:
            if not is_forbidden(error):
                raise
            self._withdraw(user_id, sorted(self._inspection.catalogue()))
            raise StrangerOutOfReachError from error

        def settle(act: Act) -> None:
            audit.record(
                act, Event.STRANGER_SHUT_OUT, f"keycloak_user:{user_id}", request_id=step.request_id,
                cause=step.payload.get("cause", ""), proof=proof,
            )  # fmt: skip

        return settle

    def _repair(self, approved: Approved, found: Found, left: Sequence[Difference]) -> str | None:
        """One round; returns the user's id in Keycloak, or None when there is nobody."""
        if found.presence is Presence.OUTSIDE:
            return self._join(str(approved.keycloak_id))
        if found.user is None:
            return self._bring_back(approved)
        if all(difference.kind in FOR_ADMINISTRATOR for difference in left):
            raise AdministratorNeededError(left=_told(left))
        self._put_right(found.user.user_id, approved, left)
        return found.user.user_id

    def _put_right(self, user_id: str, approved: Approved, left: Sequence[Difference]) -> None:
        """Takes away before it gives, and enables last."""
        kinds = {difference.kind for difference in left}
        if Drift.ENABLED in kinds:
            take_out(self._idp, user_id)
        if extra := _names(left, Drift.EXTRA_ROLE):
            self._withdraw(user_id, extra)
            self._idp.log_out(user_id)  # Tokens still carry what was withdrawn.
            self._idp.end_offline_sessions(user_id)
        if kinds & {Drift.DISPLAY_NAME, Drift.ATTRIBUTE}:
            told = {name: approved.attributes[name] for name in _names(left, Drift.ATTRIBUTE)}
            self._idp.update_user(user_id, display_name=approved.user.display_name, attributes=told)
        for subsystem, roles in _by_subsystem(_names(left, Drift.MISSING_ROLE)).items():
            self._idp.grant_roles(user_id, subsystem, roles)
        if Drift.DISABLED in kinds:
            put_back(self._idp, user_id, handlers.SECOND)

    def _bring_back(self, approved: Approved) -> str | None:
        """Makes the user again, or adopts the one that a lost try made. An account out of use gets no user.

        ForeignAccountError for one who can log in already: whoever made him by hand knows his password.
        """
        if approved.in_use:
            user_id = self._idp.create_user(approved.user)
            if self._idp.list_credentials(user_id):
                raise ForeignAccountError(reason=approved.user.user_name)
            return user_id
        user = self._idp.find_user(approved.user.user_name)
        ours = user is not None and user.attributes.get("requestId") == approved.user.request_id
        return user.user_id if user and ours else None

    def _withdraw(self, user_id: str, permissions: Sequence[str]) -> None:
        for subsystem, roles in _by_subsystem(permissions).items():
            self._idp.withdraw_roles(user_id, subsystem, roles)

    def _is_ours(self, user_id: str) -> bool:
        with self._reading() as session:
            return bool(session.scalar(select(exists().where(AccountRow.keycloak_id == user_id))))

    def _join(self, user_id: str) -> str:
        try:
            self._idp.join_accounts(user_id)
        except KeycloakRefusedError as error:
            if not is_forbidden(error):
                raise
            raise OutsideAccountsError from error
        return user_id

    def _settled(self, step: StepRow, approved: Approved, met: Sequence[Difference]) -> Settle | None:
        """Writes down what differed before, by kinds and names alone; after it nothing does."""
        if not met:
            return None

        def settle(act: Act) -> None:
            knows(approved.account_id, approved.keycloak_id)(act)
            audit.record(
                act, Event.ACCOUNT_REPAIRED, f"account:{approved.account_id}", account_id=approved.account_id,
                person_id=approved.person_id, request_id=step.request_id, cause=step.payload.get("cause", ""),
                before=[difference.as_json() for difference in met], after=[],
            )  # fmt: skip

        return settle


def _names(left: Sequence[Difference], kind: Drift) -> list[str]:
    return [difference.name for difference in left if difference.kind is kind]


def _told(left: Sequence[Difference]) -> str:
    return ", ".join(f"{difference.kind.value} {difference.name}".strip() for difference in left)


def _by_subsystem(permissions: Sequence[str]) -> dict[str, list[str]]:
    """Role names by subsystem, of "subsystem:role"."""
    grouped: dict[str, list[str]] = {}
    for permission in permissions:
        subsystem, _, role = permission.partition(":")
        grouped.setdefault(subsystem, []).append(role)
    return grouped
