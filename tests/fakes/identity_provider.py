"""An honest Keycloak in memory: the same effects, refusals and surprises as the real one, and faults on demand.

`tests/contract_identity_provider.py` runs on this and on the real thing.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connector.ports import (
    ForeignAccountError,
    IdpCredential,
    IdpEvent,
    IdpUser,
    KeycloakRefusedError,
    NewUser,
    ProbeResult,
    SessionCount,
    UnknownUserError,
)
from tests.fakes.idp_inside import FakeKeycloak
from tests.fakes.idp_parts import FakeSession, FakeUser, faulty_call


class FakeIdentityProvider(FakeKeycloak):
    """The port on the fake Keycloak: everything the connector's service account may call, and its refusals."""

    @faulty_call
    def create_user(self, new: NewUser) -> str:
        name = new.user_name.lower()
        if found := next((u for u in self.users.values() if u.user_name == name), None):
            if not found.in_accounts or found.attributes.get("requestId") != new.request_id:
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
        found = next((u for u in self.users.values() if u.user_name == user_name.lower() and u.in_accounts), None)
        return _shown(found) if found else None

    @faulty_call
    def get_user(self, user_id: str) -> IdpUser:
        return _shown(self._user(user_id))

    @faulty_call
    def grant_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._check_roles(subsystem, roles)
        self._any_user(user_id).roles[subsystem].update(roles)
        self._mapping_event("CREATE", user_id, subsystem, roles)

    @faulty_call
    def withdraw_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._check_roles(subsystem, roles)
        self._any_user(user_id).roles[subsystem].difference_update(roles)
        self._mapping_event("DELETE", user_id, subsystem, roles)

    @faulty_call
    def roles_of(self, user_id: str) -> dict[str, frozenset[str]]:
        return {subsystem: frozenset(names) for subsystem, names in self._user(user_id).roles.items() if names}

    @faulty_call
    def is_enabled(self, user_id: str) -> bool:
        return self._user(user_id).enabled

    @faulty_call
    def set_enabled(self, user_id: str, enabled: bool) -> None:
        self._user(user_id).enabled = enabled
        self._admin_event("UPDATE:USER", f"users/{user_id}", representation={"enabled": enabled})

    @faulty_call
    def list_roles(self, subsystem: str) -> frozenset[str]:
        self._check_roles(subsystem, ())
        return frozenset(self.roles[subsystem] | self.unlisted[subsystem])

    def list_role_holders(self, subsystem: str, role: str) -> Iterator[str]:
        self._begin("list_role_holders")
        if role not in self.list_roles(subsystem):
            raise KeycloakRefusedError(reason="404: Could not find role")
        holders = [u for u in self.users.values() if u.in_accounts and role in u.roles.get(subsystem, ())]
        yield from (user.user_id for user in sorted(holders, key=lambda user: user.user_name))

    @faulty_call
    def join_accounts(self, user_id: str) -> None:
        self._user(user_id)

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
        self._begin("list_accounts")
        for user in sorted((u for u in self.users.values() if u.in_accounts), key=lambda u: u.user_name):
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

    def _begin(self, call: str) -> None:
        """Notes the first page of a listing; a fault that waits for it is raised."""
        self.calls.append(call)
        if self.faults[call]:
            raise self.faults[call].popleft().error

    def _user(self, user_id: str) -> FakeUser:
        user = self._any_user(user_id)
        if not user.in_accounts:
            raise KeycloakRefusedError(reason="403: HTTP 403 Forbidden")
        return user

    def _any_user(self, user_id: str) -> FakeUser:
        """Roles of the catalogue may be mapped on any user, also on one who is not to be seen."""
        if user_id not in self.users:
            raise UnknownUserError(reason="404: User not found")
        return self.users[user_id]

    def _check_roles(self, subsystem: str, roles: Sequence[str]) -> None:
        if subsystem not in self.roles:
            raise KeycloakRefusedError(reason=f"404: no subsystem {subsystem}")
        if unlisted := set(roles) & self.unlisted[subsystem]:
            raise KeycloakRefusedError(reason=f"403: HTTP 403 Forbidden ({', '.join(sorted(unlisted))})")
        if unknown := set(roles) - self.roles.get(subsystem, set()):
            raise KeycloakRefusedError(reason=f"404: no role {subsystem}:{', '.join(sorted(unknown))}")

    def _sessions(self, user_id: str, *, offline: bool) -> list[FakeSession]:
        return [s for s in self.sessions if s.user_id == user_id and s.alive and s.offline == offline]


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
