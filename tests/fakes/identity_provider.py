"""An honest Keycloak in memory: the same effects, refusals and surprises as the real one, and faults on demand.

`tests/contract_identity_provider.py` runs on this and on the real thing.
"""

import itertools
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.errors import ConnectorError
from connector.ports import (
    ForeignAccountError,
    IdpCredential,
    IdpEvent,
    IdpUser,
    KeycloakRefusedError,
    KeycloakUnavailableError,
    NewUser,
    ProbeResult,
    SessionCount,
    UnknownUserError,
)
from connector.realm_config import load_catalogue
from tests.fakes.idp_parts import FakeSession, FakeUser, Fault, faulty_call


class FakeIdentityProvider:
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
        self.taken_outside: set[str] = set()  # names of users that are not in the accounts group: not to be seen
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

    # The port

    @faulty_call
    def create_user(self, new: NewUser) -> str:
        name = new.user_name.lower()
        if name in self.taken_outside:
            raise ForeignAccountError(reason=new.user_name)
        if found := next((u for u in self.users.values() if u.user_name == name), None):
            if found.attributes["requestId"] != new.request_id:
                raise ForeignAccountError(reason=new.user_name)
            return found.user_id
        attributes = {
            "accountId": new.account_id,
            "requestId": new.request_id,
            "unitCode": new.unit_code,
            "accountClass": new.account_class,
            "secondFactor": new.second_factor,
            "oneSession": str(new.one_session).lower(),
        }
        user = FakeUser(
            str(uuid.uuid4()), name, self._now(), actions=list(new.required_actions), display_name=new.display_name,
            attributes=attributes,
        )  # fmt: skip
        self.users[user.user_id] = user
        self._admin_event("CREATE:USER", f"users/{user.user_id}")
        return user.user_id

    @faulty_call
    def find_user(self, user_name: str) -> IdpUser | None:
        found = next((u for u in self.users.values() if u.user_name == user_name.lower()), None)
        return _shown(found) if found else None

    @faulty_call
    def get_user(self, user_id: str) -> IdpUser:
        return _shown(self._user(user_id))

    @faulty_call
    def grant_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._check_roles(subsystem, roles)
        self._user(user_id).roles[subsystem].update(roles)
        self._admin_event("CREATE:CLIENT_ROLE_MAPPING", f"users/{user_id}/role-mappings/clients/{subsystem}")

    @faulty_call
    def withdraw_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._check_roles(subsystem, roles)
        self._user(user_id).roles[subsystem].difference_update(roles)
        self._admin_event("DELETE:CLIENT_ROLE_MAPPING", f"users/{user_id}/role-mappings/clients/{subsystem}")

    @faulty_call
    def roles_of(self, user_id: str) -> dict[str, frozenset[str]]:
        return {subsystem: frozenset(names) for subsystem, names in self._user(user_id).roles.items() if names}

    @faulty_call
    def set_enabled(self, user_id: str, enabled: bool) -> None:
        self._user(user_id).enabled = enabled
        self._admin_event("UPDATE:USER", f"users/{user_id}", representation={"enabled": enabled})

    @faulty_call
    def log_out(self, user_id: str) -> None:
        self._user(user_id)
        for session in self._sessions(user_id, offline=False):
            session.alive = False
        self._admin_event("ACTION:USER", f"users/{user_id}/logout")

    @faulty_call
    def end_offline_sessions(self, user_id: str) -> None:
        self._user(user_id)
        for session in self._sessions(user_id, offline=True):
            session.alive = False

    @faulty_call
    def sessions_of(self, user_id: str) -> SessionCount:
        self._user(user_id)
        return SessionCount(
            online=len(self._sessions(user_id, offline=False)), offline=len(self._sessions(user_id, offline=True))
        )

    @faulty_call
    def set_temporary_password(self, user_id: str, password: str) -> None:
        user = self._user(user_id)
        kinds = (str.isalpha, str.isdigit, lambda c: not c.isalnum())
        if len(password) < 8 or not all(any(kind(c) for c in password) for kind in kinds):
            raise KeycloakRefusedError(reason="400: invalid password")
        user.password, user.password_set_at = password, self._now()
        user.credentials[:] = [c for c in user.credentials if c.type != "password"]
        made = IdpCredential(id=f"password-{user_id}", type="password", label="", created_at=user.password_set_at)
        user.credentials.append(made)
        if "UPDATE_PASSWORD" not in user.actions:
            user.actions.append("UPDATE_PASSWORD")
        self._admin_event("ACTION:USER", f"users/{user_id}/reset-password")

    @faulty_call
    def require_actions(self, user_id: str, actions: Sequence[str]) -> None:
        user = self._user(user_id)
        user.actions += [action for action in actions if action not in user.actions]
        self._admin_event("UPDATE:USER", f"users/{user_id}", representation={"requiredActions": user.actions[:]})

    @faulty_call
    def drop_actions(self, user_id: str, actions: Sequence[str]) -> None:
        user = self._user(user_id)
        user.actions[:] = [action for action in user.actions if action not in actions]
        self._admin_event("UPDATE:USER", f"users/{user_id}", representation={"requiredActions": user.actions[:]})

    @faulty_call
    def update_user(
        self, user_id: str, *, display_name: str | None = None, attributes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        user = self._user(user_id)
        user.display_name = user.display_name if display_name is None else display_name
        for name, values in (attributes or {}).items():
            user.attributes.pop(name, None)
            if values:
                user.attributes[name] = values[0]
        self._admin_event("UPDATE:USER", f"users/{user_id}", representation={"attributes": dict(user.attributes)})

    @faulty_call
    def list_credentials(self, user_id: str) -> list[IdpCredential]:
        return list(self._user(user_id).credentials)

    @faulty_call
    def delete_credential(self, user_id: str, credential_id: str) -> None:
        user = self._user(user_id)
        kept = [credential for credential in user.credentials if credential.id != credential_id]
        if len(kept) < len(user.credentials):
            user.credentials[:] = kept
            self._admin_event("ACTION:USER", f"users/{user_id}/credentials/{credential_id}")

    @faulty_call
    def password_set_at(self, user_id: str) -> datetime | None:
        return self._user(user_id).password_set_at

    @faulty_call
    def delete_user(self, user_id: str) -> None:
        if self.users.pop(user_id, None):
            self.sessions = [s for s in self.sessions if s.user_id != user_id]
            self._admin_event("DELETE:USER", f"users/{user_id}")

    def list_accounts(self) -> Iterator[IdpUser]:
        self.calls.append("list_accounts")
        for user in sorted(self.users.values(), key=lambda u: u.user_name):
            yield IdpUser(
                user_id=user.user_id, user_name=user.user_name, enabled=user.enabled, created_at=user.created_at
            )

    @faulty_call
    def list_events(self, kind: str, since: datetime, first: int, page: int) -> list[IdpEvent]:
        found = [event for event in self.events if event.kind == kind and event.at >= since]
        return sorted(found, key=lambda event: event.at)[first : first + page]

    @faulty_call
    def probe(self) -> list[ProbeResult]:
        return [ProbeResult("everything", self.probes_ok, "fake")]

    # Inside

    def _user(self, user_id: str) -> FakeUser:
        if user_id not in self.users:
            raise UnknownUserError(reason="404: User not found")
        return self.users[user_id]

    def _check_roles(self, subsystem: str, roles: Sequence[str]) -> None:
        if unknown := set(roles) - self.roles.get(subsystem, set()):
            raise KeycloakRefusedError(reason=f"404: no role {subsystem}:{', '.join(sorted(unknown))}")

    def _sessions(self, user_id: str, *, offline: bool) -> list[FakeSession]:
        return [s for s in self.sessions if s.user_id == user_id and s.alive and s.offline == offline]

    def _event(self, type: str, user: FakeUser | None, client_id: str, error: str | None = None) -> None:
        user_id = user.user_id if user else None
        self._add(kind="login", type=type, user_id=user_id, client_id=client_id, error=error)

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


def _shown(user: FakeUser) -> IdpUser:
    return IdpUser(
        user_id=user.user_id,
        user_name=user.user_name,
        enabled=user.enabled,
        display_name=user.display_name,
        required_actions=tuple(user.actions),
        attributes=dict(user.attributes),
        created_at=user.created_at,
    )


def _catalogue() -> dict[str, list[str]]:
    roles: dict[str, list[str]] = defaultdict(list)
    for entry in load_catalogue():
        roles[entry.subsystem].append(entry.role)
    return roles
