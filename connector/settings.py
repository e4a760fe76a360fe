"""Settings, each from the environment as TRADING_IDP_<NAME>, or <NAME>_FILE for secrets. Holds no default secret."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

RETENTION_FLOOR_DAYS = 1827  # GX 10: not less than five years, counted with two leap days.


def split_commas(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Turns "a, b" from the environment into ("a", "b") for the named settings."""
    for name in names:
        if isinstance(values.get(name), str):
            values[name] = tuple(v.strip() for v in values[name].split(",") if v.strip())
    return values


def read_secret_files(values: dict[str, Any], prefix: str, *names: str) -> dict[str, Any]:
    """A secret may stand in a file: TRADING_IDP_DATABASE_URL_FILE=/run/secrets/url gives `database_url`."""
    for name in names:
        path = os.environ.get(f"{prefix}{name}_FILE".upper())
        if path and not values.get(name):
            values[name] = Path(path).read_text(encoding="utf-8").strip()
    return values


DirectoryKind = Literal["openldap", "active_directory", "unboundid"]

_PERSON = {  # inetOrgPerson, RFC 2798
    "filter": "(objectClass=inetOrgPerson)",
    "key_attribute": "employeeNumber",
    "name_attribute": "cn",
    "status_attribute": "employeeType",
    "unit_attribute": "departmentNumber",
    "post_attribute": "title",
    "phone_attribute": "mobile",
    "mail_attribute": "mail",
    "document_attribute": "",
    "page_size": 500,
}
# What is read of each kind of directory as long as nothing else is set.
DIRECTORY_DEFAULTS: dict[str, dict[str, Any]] = {
    "openldap": _PERSON,
    # UnboundID's in-memory server searches anew for each page, so it is asked for few.
    "unboundid": _PERSON | {"page_size": 20_000},
    # userAccountControl and accountExpires are always read there; a page of more than 1,000 is cut to 1,000.
    "active_directory": _PERSON
    | {
        "filter": "(&(objectCategory=person)(objectClass=user))",
        "key_attribute": "employeeID",
        "name_attribute": "displayName",
        "status_attribute": "",
        "unit_attribute": "department",
        "page_size": 1000,
    },
}


def _by_kind(name: str, text: str, **limits: Any) -> Any:
    """A setting whose default is that of the kind of directory; OpenLDAP's is shown, Active Directory's is told."""
    there = DIRECTORY_DEFAULTS["active_directory"][name]
    told = "" if there == _PERSON[name] else f" (Active Directory: {there or 'none'})"
    return Field(_PERSON[name], description=text + told, **limits)


class DirectorySettings(BaseSettings):
    """The HR directory (LDAP). Departures are not read while `url` is empty.

    An attribute that is set to nothing is not read; key and name are always read.
    """

    model_config = SettingsConfigDict(env_prefix="TRADING_IDP_LDAP_", extra="ignore")

    kind: DirectoryKind = Field(
        "openldap", description="what it is: openldap, active_directory or unboundid; gives other defaults"
    )
    url: str = Field("", description="ldap:// or ldaps:// address of the HR directory")
    start_tls: bool = Field(
        False, description="ask for TLS on an ldap:// address before the account's password is sent"
    )
    bind_dn: str = Field("", description="DN of the read-only account")
    password: str = Field("", description="its password")
    base: str = Field("", description="base DN of the people")
    filter: str = _by_kind("filter", "filter that selects people")
    ca_file: Path | None = Field(None, description="PEM file of the private CA; required for TLS with one")
    key_attribute: str = _by_kind("key_attribute", "attribute with the stable key of a person", min_length=1)
    name_attribute: str = _by_kind("name_attribute", "attribute with the name", min_length=1)
    status_attribute: str = _by_kind("status_attribute", "attribute that says departed")
    unit_attribute: str = _by_kind("unit_attribute", "attribute with the unit code")
    post_attribute: str = _by_kind("post_attribute", "attribute with the post")
    phone_attribute: str = _by_kind("phone_attribute", "attribute with the phone number")
    mail_attribute: str = _by_kind("mail_attribute", "attribute with the mail address")
    document_attribute: str = _by_kind("document_attribute", "attribute with the number of the identity document")
    departed_values: Annotated[tuple[str, ...], NoDecode] = Field(
        ("left", "离职"), description="values that mean departed"
    )
    departed_base: str = Field("", description="DN of the unit that leavers are moved to, below the base")
    departed_group: str = Field("", description="DN of the group whose members have left")
    page_size: int = _by_kind("page_size", "entries per page", ge=10, le=100_000)
    timeout_seconds: float = Field(10.0, gt=0, description="limit for connecting and for each answer")
    canaries: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="keys that must always be present, comma separated"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        read_secret_files(values, "TRADING_IDP_LDAP_", "password")
        split_commas(values, "departed_values", "canaries")
        return DIRECTORY_DEFAULTS.get(values.get("kind", "openldap"), {}) | values

    @model_validator(mode="after")
    def _check_departed_base(self) -> Self:
        unit, base = ("".join(dn.casefold().split()) for dn in (self.departed_base, self.base))
        if unit and not unit.endswith(f",{base}"):
            raise ValueError("departed_base must lie below base: who is moved out of what is read seems to be missing")
        return self


class Settings(BaseSettings):
    """Everything an installation sets. A field's name in upper case, after TRADING_IDP_, is its variable."""

    model_config = SettingsConfigDict(env_prefix="TRADING_IDP_", extra="ignore")

    data_dir: Path = Field(Path("var"), description="directory of the database, keys and mail folder")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data directory")
    public_url: str = Field("http://localhost:8460", description="address people reach the connector at")
    bind_host: str = Field("127.0.0.1", description="address the connector listens on")
    bind_port: int = Field(8460, description="port the connector listens on")
    keycloak_url: str = Field(
        "http://localhost:8480", description="address of Keycloak as browsers and the connector reach it"
    )
    keycloak_realm: str = Field("trading", description="realm the accounts live in")
    keycloak_client_id: str = Field("connector", description="client of the service account")
    keycloak_key_file: Path | None = Field(
        None, description="PEM private key of the service account; default in the data directory"
    )
    keycloak_timeout_seconds: float = Field(15.0, gt=0, description="limit for one call to Keycloak")
    keycloak_admin_user: str = Field("", description="master administrator, only for realm apply and diff")
    keycloak_admin_password: str = Field("", description="its password, only for realm apply and diff")
    keycloak_database_url: str = Field(
        "", description="SQLAlchemy URL of Keycloak's PostgreSQL (read-only account), only for a first load of millions"
    )
    subsystem_urls: dict[str, str] = Field({}, description="login addresses of subsystems, JSON by client id")
    logout_urls: dict[str, str] = Field({}, description="their back-channel logout addresses, JSON")
    subsystem_certificates: dict[str, Path] = Field(
        {}, description="PEM certificates with which SAML subsystems sign their requests, JSON by client id"
    )
    rule_packs: Annotated[tuple[str, ...], NoDecode] = Field(
        ("LC", "GS", "HH", "GX"), description="rule packs in force, comma separated"
    )
    rule_pack_dir: Path | None = Field(None, description="further rule packs (*.toml) of the centre")
    calendar_file: Path | None = Field(None, description="override file of working days (JSON)")
    retention_days: int = Field(
        RETENTION_FLOOR_DAYS, ge=RETENTION_FLOOR_DAYS, description="how long the record is kept; not below 1827"
    )
    log_origin: str = Field("trading-idp.example/record", description="name of the audit log in checkpoints")
    smtp_host: str = Field("", description="mail server; empty writes mails into the data directory")
    smtp_port: int = Field(25, description="port of the mail server")
    mail_from: str = Field("trading-idp@localhost", description="sender of mails")
    alarm_mail_to: str = Field("", description="address that receives alarms")
    webhook_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="allowed webhook targets, scheme://host:port, comma separated"
    )
    link_hours: int = Field(72, ge=1, le=24 * 14, description="life of a one-time link")
    breaker_count: int = Field(20, ge=0, description="most leavers a run may freeze by itself")
    breaker_share: float = Field(0.05, ge=0, le=1, description="most leavers as a share of the people read before")
    breaker_floor: float = Field(0.9, ge=0, le=1, description="least people read, as a share of the last good read")
    freeze_alone: int = Field(20, ge=0, description="people one officer may freeze alone within an hour")
    same_place_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks of the centre's own, in CIDR; logins from them count as one place, comma separated"
    )
    outbox_lease_seconds: float = Field(60.0, gt=0, description="how long a worker may hold a step")
    unknown_keys: Literal["remove", "alarm"] = Field(
        "remove", description="what becomes of a security key that the inventory does not know: remove or alarm only"
    )
    unexplained_changes: Literal["report", "quarantine", "revert"] = Field(
        "quarantine",
        description="what becomes of a change in Keycloak that nothing explains: report, quarantine, revert",
    )
    unexplained_freezes: int = Field(
        20, ge=0, description="accounts the provenance gate may freeze by itself within an hour"
    )
    scan_max_bytes: int = Field(
        10 << 20, ge=1 << 16, le=30 << 20, description="largest scan that may be attached to a request, in bytes"
    )
    scan_command: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="command that checks a scan for viruses, words comma separated: 0 clean, 1 infected"
    )
    font_dir: Path = Field(
        Path("/usr/share/fonts/opentype/noto"), description="folder of the fonts that papers are printed in"
    )
    environment: str = Field("production", description="production or demo; demo allows http and shows sample log-ins")
    directory: DirectorySettings = Field(default_factory=DirectorySettings, description="see TRADING_IDP_LDAP_*")

    @model_validator(mode="before")
    @classmethod
    def _read_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        read_secret_files(values, "TRADING_IDP_", "database_url", "keycloak_database_url", "keycloak_admin_password")
        return split_commas(values, "rule_packs", "webhook_allow", "same_place_networks", "scan_command")

    @field_validator("same_place_networks")
    @classmethod
    def _check_networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(value, strict=False)) for value in values)

    @model_validator(mode="after")
    def _fill_paths(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite:///{(self.data_dir / 'trading-idp.db').resolve()}"
        return self

    @property
    def realm_issuer(self) -> str:
        """The `iss` of the realm's tokens."""
        return f"{self.keycloak_url.rstrip('/')}/realms/{self.keycloak_realm}"

    @property
    def service_key_file(self) -> Path:
        """Where the private key of the service account is."""
        return self.keycloak_key_file or self.data_dir / "keys" / "service-account.pem"
