"""Looks at one suspect on both sides at the same moment, and says what really differs. Changes nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from connector.auth.act import Act
from connector.ports import IdpUser
from connector.provisioning.agreement import Drift, Presence, differences
from connector.provisioning.inspection import Inspection
from connector.reconciliation import store
from connector.reconciliation.rules import Finding

OpenReading = Callable[[], AbstractContextManager[Act]]


class Examined(NamedTuple):
    """What came of looking. `in_progress`: steps are under way, or the register changed meanwhile."""

    findings: tuple[Finding, ...] = ()
    in_progress: bool = False


class Examiner:
    """Safe between threads; `reading` opens an act that only reads."""

    def __init__(self, inspection: Inspection, reading: OpenReading, catalogue: frozenset[str]) -> None:
        self._inspection = inspection
        self._reading = reading
        self._catalogue = catalogue
        self._roles = frozenset(permission.partition(":")[2] for permission in catalogue)

    def account(self, account_id: str) -> Examined:
        """One account. A step that stopped is named as the reason; one that waits makes it a thing in progress."""
        approved = self._inspection.approved(account_id)
        left = differences(approved, self._inspection.found(approved), self._catalogue)
        if not left:
            return Examined()
        steps = self._steps(account_id)
        if steps.stopped is None and (steps.waiting or self._inspection.approved(account_id) != approved):
            return Examined(in_progress=True)
        return Examined(
            tuple(
                Finding(kind, account_id, approved.keycloak_id, name=name, step_id=steps.stopped) for kind, name in left
            )
        )

    def stranger(self, user_id: str, kind: Drift) -> Examined:
        """One user of the accounts group whom the listing could not match with an account."""
        presence, user = self._inspection.look_up(user_id)
        if user is None or presence is not Presence.THERE or not user.enabled:
            return Examined()
        with self._reading() as act:
            if store.accounts_of(act, [user_id]):
                return Examined()
            if store.is_being_shut_out(act, user_id):
                return Examined(in_progress=True)
            namesake = store.account_by_name(act, user.user_name)
        steps = self._steps(namesake) if namesake else store.Steps()
        if steps.waiting and steps.stopped is None:
            return Examined(in_progress=True)  # He is being made, and his id is not yet written down.
        return Examined((_stranger(user, kind, steps.stopped),))

    def outsider(self, user_id: str) -> Examined:
        """A user outside the accounts group to whom, by the mirror, roles were given: he himself cannot be read."""
        with self._reading() as act:
            held = store.roles_by_events(act, user_id) & self._roles
            if store.is_being_shut_out(act, user_id):
                return Examined(in_progress=True)
        if not held or self._inspection.look_up(user_id)[0] is not Presence.OUTSIDE:
            return Examined()
        return Examined(tuple(Finding(Drift.STRANGER_ROLE, None, user_id, name=role) for role in sorted(held)))

    def _steps(self, account_id: str) -> store.Steps:
        with self._reading() as act:
            return store.steps_of(act, account_id)


def _stranger(user: IdpUser, kind: Drift, step_id: int | None) -> Finding:
    return Finding(kind, None, user.user_id, name=user.user_name, step_id=step_id)
