"""The realm as code, read from the files of realm-config/ and checked. Pure but for reading them; no Keycloak."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ACCOUNTS_GROUP = "/accounts"
SERVICE_ACCOUNT_ROLES = ("query-users", "query-groups", "view-events")
CLIENT_ATTRIBUTE = "client."  # attributes client.<client id> of the accounts group hold the ids of the clients
ROLE_PATTERN = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")


Level = Literal["pwd", "mfa"]
Requirement = Literal["REQUIRED", "ALTERNATIVE", "CONDITIONAL"]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Permission(Strict):
    """One permission of a subsystem, with the words of the forms."""

    role: str = Field(pattern=ROLE_PATTERN.pattern, max_length=64)
    module: str
    workflow_role: str
    sensitive: bool = False
    clause: str = ""

    @model_validator(mode="after")
    def _sensitive_has_a_clause(self) -> Self:
        if self.sensitive and not self.clause:
            raise ValueError(f"{self.role}: a sensitive permission names its clause")
        return self

    @property
    def description(self) -> str:
        return f"{self.module} · {self.workflow_role}"


class Subsystem(Strict):
    """A subsystem that people log in to; `id` is its client id. Nobody enters it below `level`."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")
    name: str
    level: Level
    protocol: Literal["openid-connect", "saml"] = "openid-connect"
    permissions: tuple[Permission, ...]


class CatalogueEntry(Strict):
    """A permission with its subsystem: one line of the catalogue."""

    subsystem: str
    subsystem_name: str
    role: str
    module: str
    workflow_role: str
    sensitive: bool
    clause: str


class ConnectorClient(Strict):
    id: str
    name: str
    level: Level
    redirect_path: str = Field(pattern="^/")


class CommandLineClient(Strict):
    id: str
    name: str
    level: Level


class DefaultRoles(Strict):
    """What every account has without a request: realm roles, and client roles by client."""

    realm: tuple[str, ...]
    clients: dict[str, tuple[str, ...]]


class FineGrainedPermission(Strict):
    """A permission of the service account. `resources` says which things, "" all of the type."""

    name: str
    type: Literal["Groups", "Users", "Roles", "Clients"]
    scopes: tuple[str, ...]
    resources: Literal["accounts", "catalogue", "subsystems", ""]


class Step(Strict):
    """One step of a flow: an authenticator with its settings, or another flow."""

    authenticator: str = ""
    flow: str = ""
    requirement: Requirement
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.authenticator) == bool(self.flow):
            raise ValueError("a step is an authenticator or a flow")
        return self

    @property
    def name(self) -> str:
        return self.flow or self.authenticator


class Flow(Strict):
    """One flow of the login; `name` is its alias at Keycloak."""

    name: str
    about: str
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_are_told_apart_by_name(self) -> Self:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name}: a step is there twice")
        return self


class Login(Strict):
    """How people prove who they are. `bindings` name the flows of the realm, by fields of RealmRepresentation."""

    levels: dict[Level, int]
    amr: dict[str, str]  # authenticator to its name in tokens
    amr_seconds: int
    settings: dict[str, dict[str, str]]  # of an authenticator, wherever it stands
    bindings: dict[Literal["browserFlow", "directGrantFlow"], str]
    client_bindings: dict[str, str]  # client id to the flow that its people log in by instead
    flows: tuple[Flow, ...]

    @model_validator(mode="after")
    def _every_flow_is_used(self) -> Self:
        used = {*self.bound, *(step.flow for flow in self.flows for step in flow.steps if step.flow)}
        names = [flow.name for flow in self.flows]
        if used != set(names) or len(set(names)) < len(names):
            raise ValueError(f"flows that are not there, not used or there twice: {used.symmetric_difference(names)}")
        return self

    @property
    def bound(self) -> tuple[str, ...]:
        """Names of the flows that stand in no other."""
        return (*self.bindings.values(), *self.client_bindings.values())

    def flow(self, name: str) -> Flow:
        return next(flow for flow in self.flows if flow.name == name)


class RealmConfig(Strict):
    """Everything realm-config/ says."""

    realm: dict[str, Any]
    required_actions: dict[str, bool]
    default_roles: DefaultRoles
    attributes: tuple[dict[str, Any], ...]
    connector: ConnectorClient
    command_line: CommandLineClient
    built_in: dict[str, dict[str, Any]]  # settings of the clients that Keycloak makes
    subsystems: tuple[Subsystem, ...]
    accounts_group: str
    service_account_roles: tuple[str, ...]
    permissions: tuple[FineGrainedPermission, ...]
    weak_passwords: tuple[str, ...]
    login: Login
    texts: dict[str, dict[str, str]]  # of Keycloak's pages, by locale and key

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [f"{s.id}:{p.role}" for s in self.subsystems for p in s.permissions]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"in the catalogue twice: {', '.join(sorted(twice))}")
        return self

    @property
    def subsystem_ids(self) -> tuple[str, ...]:
        return tuple(subsystem.id for subsystem in self.subsystems)


def config_dir() -> Path:
    """Where the files are: beside the package in a wheel, else in the source tree."""
    installed = Path(__file__).parent / "_realm_config"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "realm-config"


@cache
def load_realm_config(directory: Path | None = None) -> RealmConfig:
    """Reads and checks all files; raises pydantic's ValidationError naming what is wrong."""
    folder = directory or config_dir()
    realm, profile, clients, roles, groups, permissions, passwords, login, texts = (
        tomllib.loads((folder / name).read_text(encoding="utf-8"))
        for name in (
            "01-realm.toml", "02-user-profile.toml", "03-clients.toml", "04-roles.toml", "05-groups.toml",
            "06-permissions.toml", "07-passwords.toml", "08-login.toml", "09-texts.toml",
        )
    )  # fmt: skip
    return RealmConfig.model_validate(
        {
            **realm,
            **clients,
            "attributes": profile["attribute"],
            "subsystems": roles["subsystem"],
            "accounts_group": groups["accounts"]["name"],
            "service_account_roles": permissions["service_account"]["roles"],
            "permissions": permissions["permission"],
            "weak_passwords": passwords["weak"],
            "login": {
                **{key: login[key] for key in ("levels", "amr", "settings", "bindings", "client_bindings")},
                "amr_seconds": login["amr_seconds"]["max_age"],
                "flows": login["flow"],
            },
            "texts": texts,
        }
    )


def load_catalogue(directory: Path | None = None) -> list[CatalogueEntry]:
    """The permission catalogue, in the order of the file (LC annex 1)."""
    return [
        CatalogueEntry(
            subsystem=subsystem.id,
            subsystem_name=subsystem.name,
            role=permission.role,
            module=permission.module,
            workflow_role=permission.workflow_role,
            sensitive=permission.sensitive,
            clause=permission.clause,
        )
        for subsystem in load_realm_config(directory).subsystems
        for permission in subsystem.permissions
    ]
