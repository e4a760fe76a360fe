"""Looks into Keycloak as the administrator of master, to see what the connector did.

What is named `by_hand` plays somebody who changes accounts in the console; nothing else changes anything.
"""

from typing import Any

import httpx

from connector.embedded.keycloak import RunningKeycloak
from connector.realm_config import ACCOUNTS_GROUP

TIMEOUT_SECONDS = 30.0


class KeycloakEye:
    """Reads users, roles and sessions of one realm; changes what a step lets an administrator change by hand."""

    def __init__(self, keycloak: RunningKeycloak, realm: str) -> None:
        self._keycloak = keycloak
        self._realm = f"/admin/realms/{realm}"
        self._protocol = f"/realms/{realm}/protocol/openid-connect"
        self._http = httpx.Client(base_url=keycloak.url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def find_user_of_request(self, request_id: str) -> dict[str, Any] | None:
        """The user that was opened by this request; None while there is none."""
        found: list[dict[str, Any]] = self._get("/users", q=f"requestId:{request_id}", briefRepresentation="false")
        return found[0] if found else None

    def count_users(self, name: str) -> int:
        """How many users have this display name."""
        count: int = self._get("/users/count", firstName=name)
        return count

    def count_disabled(self) -> int:
        count: int = self._get("/users/count", enabled="false")
        return count

    def get_user(self, user_id: str) -> dict[str, Any]:
        user: dict[str, Any] = self._get(f"/users/{user_id}")
        return user

    def roles_of(self, user_id: str) -> list[str]:
        """Client roles as "client:role", sorted."""
        mappings = self._get(f"/users/{user_id}/role-mappings").get("clientMappings", {})
        return sorted(f"{client}:{role['name']}" for client, part in mappings.items() for role in part["mappings"])

    def sessions_of(self, user_id: str) -> int:
        return len(self._get(f"/users/{user_id}/sessions"))

    def is_token_good(self, access_token: str) -> bool:
        """Whether Keycloak's userinfo still takes the access token."""
        answer = self._http.get(f"{self._protocol}/userinfo", headers={"Authorization": f"Bearer {access_token}"})
        return answer.is_success

    def find_user(self, user_name: str) -> dict[str, Any]:
        """The one user of this name; LookupError when there is none."""
        found: list[dict[str, Any]] = self._get("/users", username=user_name, exact="true")
        return found[0]

    def make_user_by_hand(self, user_name: str) -> str:
        """A user in the accounts group whom nobody applied for; returns his id."""
        self._send("POST", "/users", {"username": user_name, "enabled": True, "groups": [ACCOUNTS_GROUP]})
        return str(self.find_user(user_name)["id"])

    def take_role_by_hand(self, user_id: str, name: str) -> None:
        """Takes one client role, "client:role", from a user."""
        mappings = self._get(f"/users/{user_id}/role-mappings")["clientMappings"]
        client, _, wanted = name.partition(":")
        roles = [role for role in mappings[client]["mappings"] if role["name"] == wanted]
        self._send("DELETE", f"/users/{user_id}/role-mappings/clients/{mappings[client]['id']}", roles)

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **query: str) -> Any:
        answer = self._http.get(self._realm + path, params=query, headers={"Authorization": f"Bearer {self._token()}"})
        answer.raise_for_status()
        return answer.json()

    def _send(self, method: str, path: str, body: Any) -> None:
        token = {"Authorization": f"Bearer {self._token()}"}
        self._http.request(method, self._realm + path, json=body, headers=token).raise_for_status()

    def _token(self) -> str:
        """A new one each time: those of master live for a minute."""
        answer = self._http.post(
            "/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": self._keycloak.admin_user,
                "password": self._keycloak.admin_password,
            },
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])
