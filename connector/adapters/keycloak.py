"""Keycloak as the IdentityProvider port wants it: the only module that changes users in Keycloak.

It sends partial representations only. A full one would undo a freeze that happened since it was read, and one with
`attributes` alone wipes the name (both measured on 26.7.4).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.adapters.combined import CombinedRead
from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.adapters.keycloak_credentials import credential
from connector.adapters.keycloak_events import admin_event, epoch_millis, login_event, moment
from connector.adapters.keycloak_places import Places
from connector.adapters.keycloak_probe import probe_service_account
from connector.adapters.keycloak_token import signed_tokens
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
from connector.realm_config import ACCOUNTS_GROUP

PROFILE = ("firstName", "lastName", "email")  # What a representation with attributes must bring, or it is wiped.
MOST_AT_ONCE = 40  # ids in one address
OFFLINE = "Offline Token"  # How Keycloak names an offline session among the consents.


class KeycloakProvider:
    """The `IdentityProvider` on a real Keycloak, through a service account with group-scoped permissions.

    Safe between threads. Ids of group, clients and roles are kept by `Places`.
    """

    def __init__(
        self,
        *,
        server_url: str,
        realm: str,
        client_id: str,
        key_pem: bytes,
        subsystems: Sequence[str],
        timeout: float = 15.0,
    ) -> None:
        self._tokens = signed_tokens(
            server_url=server_url, realm=realm, client_id=client_id, key_pem=key_pem, timeout=timeout
        )
        self._api = AdminApi(server_url=server_url, realm=realm, tokens=self._tokens, timeout=timeout)
        self._admin = self._api.admin
        self._subsystems = tuple(subsystems)
        self._places = Places(self._api, self._subsystems)
        self._enabled = CombinedRead(self._read_enabled, MOST_AT_ONCE)

    # Users

    def create_user(self, new: NewUser) -> str:
        body = {
            "username": new.user_name,
            "firstName": new.display_name,
            "enabled": True,
            "groups": [ACCOUNTS_GROUP],
            "requiredActions": list(new.required_actions),
            "attributes": {
                "accountId": [new.account_id],
                "requestId": [new.request_id],
                "unitCode": [new.unit_code],
                "accountClass": [new.account_class],
                "secondFactor": [new.second_factor],
                "oneSession": [str(new.one_session).lower()],
            },
        }
        try:
            return str(self._api.call(self._admin.create_user, body))
        except KeycloakRefusedError as error:
            if status_of(error) != 409:
                raise
            return self._adopt(new)

    def _adopt(self, new: NewUser) -> str:
        """The id of the user of this name if our own lost call made it. Not visible = outside our group = not ours."""
        user = self.find_user(new.user_name)
        if user is None or user.attributes.get("requestId") != new.request_id:
            raise ForeignAccountError(reason=new.user_name)
        return user.user_id

    def find_user(self, user_name: str) -> IdpUser | None:
        query = {"username": user_name, "exact": "true", "briefRepresentation": "false", "max": 2}
        found = self._api.call(self._admin.get_users, query)
        users = [_user(rep) for rep in found if rep["username"] == user_name.lower()]
        return users[0] if users else None

    def get_user(self, user_id: str) -> IdpUser:
        return _user(self._api.call(self._admin.get_user, user_id))

    def is_enabled(self, user_id: str) -> bool:
        enabled = self._enabled.get(user_id)
        # A user who is not listed is gone, or not ours to see: asked for by itself, Keycloak tells which.
        return self.get_user(user_id).enabled if enabled is None else enabled

    def _read_enabled(self, user_ids: Collection[str]) -> dict[str, bool]:
        query = {"search": f"id:{' '.join(user_ids)}", "briefRepresentation": "true", "max": MOST_AT_ONCE}
        return {rep["id"]: bool(rep.get("enabled")) for rep in self._api.get("/users", **query)}

    def set_enabled(self, user_id: str, enabled: bool) -> None:
        self._api.call(self._admin.update_user, user_id, {"enabled": enabled})

    def require_actions(self, user_id: str, actions: Sequence[str]) -> None:
        has = self.get_user(user_id).required_actions
        if missing := [action for action in actions if action not in has]:
            self._api.call(self._admin.update_user, user_id, {"requiredActions": [*has, *missing]})

    def drop_actions(self, user_id: str, actions: Sequence[str]) -> None:
        has = self.get_user(user_id).required_actions
        if any(action in actions for action in has):
            left = [action for action in has if action not in actions]
            self._api.call(self._admin.update_user, user_id, {"requiredActions": left})

    def set_temporary_password(self, user_id: str, password: str) -> None:
        self._api.call(self._admin.set_user_password, user_id, password, temporary=True)

    def update_user(
        self, user_id: str, *, display_name: str | None = None, attributes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        rep = self._api.call(self._admin.get_user, user_id)
        body = {name: rep[name] for name in PROFILE if name in rep}
        held = rep.get("attributes") or {}
        body["attributes"] = {**held, **{name: list(values) for name, values in (attributes or {}).items()}}
        if display_name is not None:
            body["firstName"] = display_name
        self._api.call(self._admin.update_user, user_id, body)

    def list_credentials(self, user_id: str) -> list[IdpCredential]:
        return [credential(rep) for rep in self._api.call(self._admin.get_credentials, user_id)]

    def delete_credential(self, user_id: str, credential_id: str) -> None:
        try:
            self._api.call(self._admin.delete_credential, user_id, credential_id)
        except UnknownUserError:
            raise
        except KeycloakRefusedError as error:
            if status_of(error) != 404:  # 404: the credential is gone already.
                raise

    def password_set_at(self, user_id: str) -> datetime | None:
        credentials = self._api.call(self._admin.get_credentials, user_id)
        set_at = [c["createdDate"] for c in credentials if c["type"] == "password" and c.get("createdDate")]
        return moment(max(set_at)) if set_at else None

    def delete_user(self, user_id: str) -> None:
        try:
            self._api.call(self._admin.delete_user, user_id)
        except UnknownUserError:
            return

    def list_accounts(self) -> Iterator[IdpUser]:
        return (_user(rep) for rep in self._places.members())

    def join_accounts(self, user_id: str) -> None:
        """Keycloak refuses this to the service account: whoever may pull users into the group may take over any.

        So it only sees whether he is there; for one who is not, the 403 says that an administrator must do it.
        """
        group = self._places.group()
        if all(held["id"] != group["id"] for held in self._api.call(self._admin.get_user_groups, user_id)):
            self._api.call(self._admin.group_user_add, user_id, group["id"])

    # Roles

    def grant_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._places.with_roles(
            subsystem, roles, lambda uuid, reps: self._admin.assign_client_role(user_id, uuid, reps)
        )

    def withdraw_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None:
        self._places.with_roles(
            subsystem, roles, lambda uuid, reps: self._admin.delete_client_roles_of_user(user_id, uuid, reps)
        )

    def roles_of(self, user_id: str) -> dict[str, frozenset[str]]:
        held = self._api.call(self._admin.get_all_roles_of_user, user_id).get("clientMappings", {})
        return {
            name: frozenset(role["name"] for role in held[name]["mappings"])
            for name in self._subsystems
            if held.get(name, {}).get("mappings")
        }

    def list_roles(self, subsystem: str) -> frozenset[str]:
        return self._places.roles(subsystem)

    def list_role_holders(self, subsystem: str, role: str) -> Iterator[str]:
        return (str(rep["id"]) for rep in self._places.role_holders(subsystem, role))

    # Sessions

    def log_out(self, user_id: str) -> None:
        self._api.call(self._admin.user_logout, user_id)

    def end_offline_sessions(self, user_id: str) -> None:
        names = {uuid: client_id for client_id, uuid in self._places.clients().items()}
        for uuid in self._offline_at(user_id):
            try:
                self._api.call(self._admin.revoke_consent, user_id, names.get(uuid, uuid))
            except UnknownUserError:
                raise
            except KeycloakRefusedError as error:
                if status_of(error) != 404:  # 404: it has ended by itself meanwhile.
                    raise

    def sessions_of(self, user_id: str) -> SessionCount:
        online = self._api.call(self._admin.get_sessions, user_id)
        offline = sum(
            len(self._api.get(f"/users/{user_id}/offline-sessions/{uuid}")) for uuid in self._offline_at(user_id)
        )
        return SessionCount(online=len(online), offline=offline)

    def _offline_at(self, user_id: str) -> list[str]:
        """Ids of the clients where the user has an offline session: one question, where each client cost two."""
        consents = self._api.get(f"/users/{user_id}/consents")
        return [
            grant["client"]
            for consent in consents
            for grant in consent.get("additionalGrants", ())
            if grant.get("key") == OFFLINE
        ]

    # Events and the probe

    def list_events(self, kind: str, since: datetime, first: int, page: int) -> list[IdpEvent]:
        query = {"dateFrom": epoch_millis(since), "direction": "asc", "first": first, "max": page}
        if kind == "login":
            return [login_event(event) for event in self._api.call(self._admin.get_events, query)]
        own = str(self._tokens.claims()["sub"])
        return [admin_event(event, own) for event in self._api.call(self._admin.get_admin_events, query)]

    def probe(self) -> list[ProbeResult]:
        return probe_service_account(self._api, self._subsystems)


def _user(rep: Mapping[str, Any]) -> IdpUser:
    created = rep.get("createdTimestamp")
    return IdpUser(
        user_id=rep["id"],
        user_name=rep["username"],
        enabled=bool(rep.get("enabled")),
        display_name=rep.get("firstName") or "",
        required_actions=tuple(rep.get("requiredActions") or ()),
        attributes={name: values[0] for name, values in (rep.get("attributes") or {}).items() if values},
        created_at=moment(created) if created else None,
    )
