"""Makes Keycloak agree with a box, one step at a time. Runs outside any transaction.

Each handler reads the register's present state and converges on it: a grant that comes after the end gives nothing, and
an end that comes before an extension's takes nothing.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox.deliver import Handler, Settle
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, UnknownUserError
from connector.privileged import store
from connector.privileged.approve import END_STEP, OPEN_STEP, record_box
from connector.privileged.ending import settle_end
from connector.privileged.errors import BoxNotClosedError, UserNotMadeError
from connector.privileged.tables import BoxRow
from connector.provisioning.in_use import take_out
from connector.register.tables import AccountRow, GrantRow
from connector.regulations.vocabulary import AccountStatus

OpenReading = Callable[[], AbstractContextManager[Session]]


class Standing(NamedTuple):
    """What the register says of a box at this moment. `mine`: its permissions that nothing else gives the account."""

    state: str
    ends_at: datetime
    keycloak_id: str | None
    in_use: bool
    proved: bool
    mine: tuple[str, ...]


class BoxHandlers:
    """Handlers of the steps that open and end a box."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading) -> None:
        self._idp = idp
        self._reading = reading

    def table(self) -> dict[str, Handler]:
        return {OPEN_STEP: self.open, END_STEP: self.end}

    def open(self, step: StepRow) -> Settle | None:
        """Gives the permissions while the box runs; takes them back when it ended under the hand."""
        box = self._standing(step)
        if box.state != "running" or not box.in_use:
            return None
        user_id = box.keycloak_id
        if user_id is None:
            raise UserNotMadeError
        for subsystem, roles in _by_subsystem(box.mine):
            self._idp.grant_roles(user_id, subsystem, roles)
        after = self._standing(step)
        if after.state != "running" or not after.in_use:
            return self._close(user_id, step, after)

        def settle(act: Act) -> None:
            row = store.get_box(act, step.payload["box"], lock=True)
            row.granted_at, row.keycloak_id = row.granted_at or act.now, user_id
            record_box(act, Event.PRIVILEGE_GRANTED, row)

        return settle

    def end(self, step: StepRow) -> Settle | None:
        """Takes the permissions back, ends every session, reads both back; nothing where the end was moved."""
        box = self._standing(step)
        ordered_for = step.payload["ends_at"]
        moved = ordered_for is not None and box.ends_at > datetime.fromisoformat(ordered_for)
        if box.proved or (box.state == "running" and (moved or ordered_for is None)):
            return None
        if box.keycloak_id is None:
            return _proved(step, {"online_sessions": 0, "offline_sessions": 0})
        return self._close(box.keycloak_id, step, box)

    def _close(self, user_id: str, step: StepRow, box: Standing) -> Settle:
        try:
            return _proved(step, self._take_back(user_id, step, box))
        except UnknownUserError:  # Deleted by a cancellation: nobody is there who could hold anything.
            return _proved(step, {"online_sessions": 0, "offline_sessions": 0})

    def _take_back(self, user_id: str, step: StepRow, box: Standing) -> dict[str, int]:
        for subsystem, roles in _by_subsystem(box.mine):
            self._idp.withdraw_roles(user_id, subsystem, roles)
        self._idp.log_out(user_id)
        self._idp.end_offline_sessions(user_id)
        if not self._standing(step).in_use:
            take_out(self._idp, user_id)  # A log-out that overlaps a freeze writes `enabled` as it read it (1 in 25).
        held = {f"{subsystem}:{role}" for subsystem, roles in self._idp.roles_of(user_id).items() for role in roles}
        sessions = self._idp.sessions_of(user_id)
        left = held & set(box.mine)
        if left or sessions.online or sessions.offline:
            raise BoxNotClosedError(roles=len(left), sessions=sessions.online + sessions.offline)
        return {"online_sessions": sessions.online, "offline_sessions": sessions.offline}

    def _standing(self, step: StepRow) -> Standing:
        with self._reading() as session:
            box = session.get_one(BoxRow, step.payload["box"])
            account = session.get_one(AccountRow, box.account_id)
            otherwise = select(GrantRow.permission_id).where(
                GrantRow.account_id == box.account_id,
                GrantRow.until.is_(None),
                GrantRow.granted_by != box.request_id,
            )
            mine = tuple(sorted(set(box.permissions) - set(session.scalars(otherwise))))
            in_use = account.status == AccountStatus.ACTIVE
            return Standing(box.state, box.ends_at, account.keycloak_id, in_use, box.proved_at is not None, mine)


def _proved(step: StepRow, proof: dict[str, int]) -> Settle:
    def settle(act: Act) -> None:
        settle_end(act, step.payload["box"], proof)

    return settle


def _by_subsystem(permissions: Iterable[str]) -> list[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for permission in permissions:
        subsystem, _, role = permission.partition(":")
        grouped.setdefault(subsystem, []).append(role)
    return sorted(grouped.items())
