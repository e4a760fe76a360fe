"""The inside of the fake Keycloak: what it holds, its events, and what people do there by hand, past this product."""

import itertools
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.errors import ConnectorError
from connector.ports import IdpEvent, KeycloakRefusedError, KeycloakUnavailableError
from connector.realm_config import load_catalogue
from tests.fakes.idp_parts import FakeSession, FakeUser, Fault


class FakeKeycloak:
    """`users` is what it holds; `calls` names every call in order; `fail` orders a fault; `log_in` plays a person."""

    def __init__(
        self,
        roles: Mapping[str, Sequence[str]] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.roles: dict[str, set[str]] = defaultdict(set)
        for subsystem, names in (roles or _catalogue()).items():
            self.roles[subsystem] = set(names)
        self.users: dict[str, FakeUser] = {}
        self.sessions: list[FakeSession] = []
        self.events: list[IdpEvent] = []
        self.calls: list[str] = []
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.unlisted: dict[str, set[str]] = defaultdict(set)  # roles of clients that are not in the catalogue
        self.probes_ok = True
        self._now = now
        self._numbers = itertools.count(1)

    # What a test orders

    def fail(
        self, call: str, error: ConnectorError | None = None, *, after_effect: bool = False, times: int = 1
    ) -> None:
        """The next `times` calls of `call` raise; `after_effect` means that the reply was lost, not the effect."""
        fault = Fault(error or KeycloakUnavailableError(reason="no answer"), after_effect)
        self.faults[call].extend([fault] * times)

    def log_in(self, user_name: str, client_id: str = "website", *, offline: bool = False) -> FakeSession:
        """A person logs in; KeycloakRefusedError if he may not."""
        user = next((u for u in self.users.values() if u.user_name == user_name.lower()), None)
        if user is None or not user.enabled or user.password is None:
            self._event("LOGIN_ERROR", user, client_id, error="user_disabled" if user else "user_not_found")
            raise KeycloakRefusedError(reason="400: invalid_grant")
        user.actions.clear()
        session = FakeSession(uuid.uuid4().hex, user.user_id, client_id, offline)
        self.sessions.append(session)
        self._event("LOGIN", user, client_id)
        return session

    def refresh(self, session: FakeSession) -> bool:
        """Whether the session's refresh token gives new tokens now."""
        user = self.users.get(session.user_id)
        good = bool(session.alive and user and user.enabled)
        self._event("REFRESH_TOKEN" if good else "REFRESH_TOKEN_ERROR", user, session.client_id)
        return good

    def change_by_hand(self, user_id: str, *, by: str = "administrator", type: str = "UPDATE:USER") -> None:
        """An administrative event that this product did not cause."""
        self._admin_event(type, f"users/{user_id}", by=by)

    def make_stranger(self, user_name: str) -> str:
        """An administrator makes a user outside the accounts group, whom the service account cannot see."""
        user = FakeUser(str(uuid.uuid4()), user_name.lower(), self._now(), in_accounts=False)
        self.users[user.user_id] = user
        self._admin_event("CREATE:USER", f"users/{user.user_id}", by="administrator")
        return user.user_id

    def make_member(self, user_name: str) -> str:
        """An administrator makes a user inside the accounts group, whom nobody applied for."""
        user_id = self.make_stranger(user_name)
        self.users[user_id].in_accounts = True
        return user_id

    def take_out_of_accounts(self, user_id: str) -> None:
        """An administrator takes the user out of the accounts group."""
        self.users[user_id].in_accounts = False
        self._admin_event("DELETE:GROUP_MEMBERSHIP", f"users/{user_id}/groups/accounts", by="administrator")

    def give_by_hand(self, user_id: str, subsystem: str, role: str) -> None:
        """An administrator gives the user a role."""
        self.users[user_id].roles[subsystem].add(role)
        self._mapping_event("CREATE", user_id, subsystem, [role], by="administrator")

    # Its events

    def _event(self, type: str, user: FakeUser | None, client_id: str, error: str | None = None) -> None:
        user_id = user.user_id if user else None
        self._add(kind="login", type=type, user_id=user_id, client_id=client_id, error=error)

    def _mapping_event(
        self, operation: str, user_id: str, subsystem: str, roles: Sequence[str], *, by: str = ""
    ) -> None:
        path = f"users/{user_id}/role-mappings/clients/{subsystem}"
        sent = [{"name": role} for role in roles]
        self._admin_event(f"{operation}:CLIENT_ROLE_MAPPING", path, by=by, representation=sent)

    def _admin_event(self, type: str, path: str, *, by: str = "", representation: Any = None) -> None:
        details: dict[str, Any] = {
            "by_realm": "fake", "by_user_id": by or "service-account", "by_client_id": "connector", "by_us": not by,
        }  # fmt: skip
        if representation is not None:
            details["representation"] = representation
        self._add(kind="admin", type=type, user_id=path.split("/")[1], resource_path=path, details=details)

    def _add(self, **values: Any) -> None:
        known = {"client_id": None, "error": None, **values}
        event_id = f"event-{next(self._numbers)}"
        self.events.append(IdpEvent(event_id=event_id, at=self._now(), ip="127.0.0.1", **known))


def _catalogue() -> dict[str, list[str]]:
    roles: dict[str, list[str]] = defaultdict(list)
    for entry in load_catalogue():
        roles[entry.subsystem].append(entry.role)
    return roles
