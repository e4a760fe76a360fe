"""Applies realm-config/ to an empty or existing Keycloak, or tells how the realm differs from it.

Needs an administrator of the master realm. Puts back what was changed by hand; what it cannot know to be unwanted
(a role, a client, an administrator that nobody listed) it tells as `unexpected` and leaves to a person.
"""

from collections.abc import Callable
from typing import Any

from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.adapters.keycloak_token import TokenSource, password_tokens
from connector.adapters.realm_changes import Change
from connector.adapters.realm_clients import Reconciler, reconcile_clients, reconcile_role_mappings
from connector.adapters.realm_flows import reconcile_flows
from connector.adapters.realm_permissions import reconcile_service_account
from connector.adapters.realm_state import (
    RealmParameters,
    desired_clients,
    group_attributes,
    realm_body,
    user_profile,
)
from connector.adapters.realm_texts import desired_texts, reconcile_texts
from connector.ports import KeycloakRefusedError
from connector.realm_config import ACCOUNTS_GROUP, RealmConfig, load_realm_config

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


class RealmApplier:
    """The realm as code against one Keycloak. `tokens` are those of an administrator of master."""

    def __init__(
        self,
        *,
        server_url: str,
        parameters: RealmParameters,
        tokens: TokenSource,
        config: RealmConfig | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.parameters = parameters
        self.config = config or load_realm_config()
        self.api = AdminApi(server_url=server_url, realm=parameters.realm, tokens=tokens, timeout=timeout)

    def diff(self, progress: Progress = _silent) -> list[Change]:
        """Every difference between the realm and realm-config/; changes nothing."""
        if not self._exists():
            return [Change("create", f"realm {self.parameters.realm}")]
        return self._run(write=False, progress=progress)

    def apply(self, progress: Progress = _silent) -> list[Change]:
        """Puts right every difference and returns them; the second time there is none left but `unexpected` ones.

        Raises KeycloakUnavailableError or KeycloakRefusedError; what was written stays, and a repeat goes on from it.
        """
        created = []
        if not self._exists():
            progress("realm")
            body = {"realm": self.parameters.realm, "enabled": True}
            self.api.call(self.api.admin.create_realm, body)
            self.api.tokens.forget()  # The rights over a new realm are in new tokens only.
            created = [Change("create", f"realm {self.parameters.realm}")]
        return created + self._run(write=True, progress=progress)

    def delete(self) -> None:
        """Removes the realm with everything in it."""
        self.api.call(self.api.admin.delete_realm, self.parameters.realm)

    def _exists(self) -> bool:
        try:
            self.api.get("")
        except KeycloakRefusedError as error:
            if status_of(error) != 404:
                raise
            return False
        return True

    def _run(self, *, write: bool, progress: Progress) -> list[Change]:
        run, config = Reconciler(self.api, write=write), self.config
        progress("settings")
        self._settings(run)
        progress("flows of the login")
        flows = reconcile_flows(run, config.login)
        progress("texts of the pages")
        reconcile_texts(run, desired_texts(config, self.parameters))
        progress("user profile")
        self._profile(run)
        progress("clients and roles")
        ids = reconcile_clients(run, config, desired_clients(config, self.parameters, flows))
        progress("accounts group")
        group_id = self._group(run, ids)
        progress("service account")
        reconcile_service_account(run, config, ids, group_id)
        return run.changes

    def _settings(self, run: Reconciler) -> None:
        api = self.api
        run.settle("realm", realm_body(self.config, self.parameters), api.get(""), "")
        actions = {action["alias"]: action for action in api.get("/authentication/required-actions")}
        for order, (alias, enabled) in enumerate(self.config.required_actions.items(), start=1):
            run.settle(
                f"required action {alias}",
                {"enabled": enabled, "defaultAction": False, "priority": order},
                actions.get(alias, {}),
                f"/authentication/required-actions/{alias}",
            )
        for group in api.get("/default-groups"):
            if run.note("remove", "default group", group["path"]):
                api.delete(f"/default-groups/{group['id']}")
        self._default_roles(run)

    def _default_roles(self, run: Reconciler) -> None:
        """The roles that everybody has without a request."""
        path = f"/roles-by-id/{self.api.get('')['defaultRole']['id']}/composites"
        ids = {uuid: client_id for client_id, uuid in run.client_ids().items()}
        wanted = {("", name) for name in self.config.default_roles.realm} | {
            (client_id, name) for client_id, names in self.config.default_roles.clients.items() for name in names
        }
        for role in self.api.get(path):
            owner = ids.get(role["containerId"], "") if role["clientRole"] else ""
            if (owner, role["name"]) not in wanted and run.note("remove", "default role", role["name"]):
                self.api.delete(path, [role])

    def _profile(self, run: Reconciler) -> None:
        current: dict[str, Any] = self.api.get("/users/profile")
        desired = user_profile(self.config)
        for name in sorted(current.keys() - {"attributes"}):
            if current[name] and run.note("remove", "user profile", name):
                current = {**current, name: None}
                self.api.put("/users/profile", desired)
        run.settle("user profile", desired, current, "/users/profile", desired)

    def _group(self, run: Reconciler, ids: dict[str, str]) -> str:
        """The accounts group: it exists, names the clients' ids, and carries no role. Returns its id, or ""."""
        path = f"/group-by-path{ACCOUNTS_GROUP}"
        try:
            group = self.api.get(path)
        except KeycloakRefusedError as error:
            if status_of(error) != 404:
                raise
            if not run.note("create", f"group {ACCOUNTS_GROUP}"):
                return ""
            self.api.post("/groups", {"name": self.config.accounts_group, "attributes": group_attributes(ids)})
            group = self.api.get(path)
        place = f"/groups/{group['id']}"
        desired = {"attributes": group_attributes(ids)}
        run.settle(f"group {ACCOUNTS_GROUP}", desired, group, place)
        reconcile_role_mappings(run, f"group {ACCOUNTS_GROUP}", f"{place}/role-mappings", {})
        return str(group["id"])


def master_tokens(*, server_url: str, user: str, password: str, timeout: float = 30.0) -> TokenSource:
    """Tokens of an administrator of the master realm."""
    return password_tokens(
        server_url=server_url, realm="master", client_id="admin-cli", user=user, password=password, timeout=timeout
    )
