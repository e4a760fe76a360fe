"""Real directories as the contract of Directory sees them: one place of its own in each, read by a plain account."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.adapters.ldap import LdapDirectory
from connector.embedded.sample_people import BASE_DN, make_ldif
from connector.settings import DirectorySettings
from tests.servers.ldap_admin import LdapAdmin
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd
from tests.servers.unboundid import UnboundId

READER_DN, READER_PASSWORD = f"cn=reader,{BASE_DN}", "reader"
READER = f"\ndn: {READER_DN}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {READER_PASSWORD}\n"
_ENABLED, _DISABLED = "544", "546"  # NORMAL_ACCOUNT and PASSWD_NOTREQD; the second with ACCOUNTDISABLE


@dataclass
class ServerWorld:
    """One place in a real directory. `admin` changes it, `settings` are those of the reading side."""

    server: Any
    admin: LdapAdmin
    settings: DirectorySettings
    rdn: str
    object_classes: list[str]
    always: dict[str, str]
    shows_deleted: bool
    _added: int = 0

    def add(self, key: str | list[str] | None, *, status: str = "active", **values: str) -> str:
        self._added += 1
        dn = f"{self.rdn}=p{self._added},{self.settings.base}"
        named = {"name": "王某", "status": status} | values
        attributes: dict[str, Any] = {self._attribute(purpose): value for purpose, value in named.items()}
        if key:
            attributes[self.settings.key_attribute] = key
        self.admin.add(dn, self.object_classes, self.always | attributes)
        return dn

    def change(self, dn: str, purpose: str, *values: str) -> None:
        self.admin.modify(dn, {self._attribute(purpose): list(values)})

    def disable(self, dn: str) -> None:
        if self.settings.kind == "active_directory":
            self.admin.modify(dn, {"userAccountControl": _DISABLED})
        else:
            self.change(dn, "status", "left")

    def rename(self, dn: str) -> str:
        name = f"{self.rdn}=renamed"
        self.admin.rename(dn, name)
        return f"{name},{self.settings.base}"

    def remove(self, dn: str) -> None:
        self.admin.delete(dn)

    def open(self, *canaries: str, **changes: Any) -> LdapDirectory:
        return LdapDirectory(self.settings.model_copy(update={"canaries": canaries} | changes))

    def make_unit(self, name: str) -> str:
        """Another place below this one; returns its DN."""
        dn = f"ou={name},{self.settings.base}"
        self.admin.add(dn, ["organizationalUnit"], {})
        return dn

    def _attribute(self, purpose: str) -> str:
        return str(getattr(self.settings, f"{purpose}_attribute"))


def openldap_world(make: Callable[..., Slapd], **options: Any) -> ServerWorld:
    """A slapd of its own, with the lines of its configuration that are given."""
    server = make(ldif=make_ldif(0) + READER, **options)
    admin = LdapAdmin("127.0.0.1", server.port, server.admin_dn, server.admin_password)
    settings = DirectorySettings(
        url=server.url,
        bind_dn=READER_DN,
        password=READER_PASSWORD,
        base=server.people,
        key_attribute="roomNumber",  # By the standard schema it may hold several values; employeeNumber holds one.
        status_attribute="employeeStatus",
    )
    return ServerWorld(server, admin, settings, "uid", ["inetOrgPerson", "centrePerson"], {"sn": "王"}, True)


def unboundid_world(server: UnboundId) -> ServerWorld:
    settings = DirectorySettings(
        kind="unboundid",
        url=server.url,
        bind_dn=server.reader,
        password=server.reader_password,
        base=f"ou={uuid.uuid4().hex},{server.base}",
        key_attribute="roomNumber",
        status_attribute="employeeStatus",
    )
    server.admin.add(settings.base, ["organizationalUnit"], {})
    return ServerWorld(
        server, server.admin, settings, "uid", ["inetOrgPerson", "centrePerson"], {"sn": "王"}, shows_deleted=False
    )


def active_directory_world(server: Samba) -> ServerWorld:
    settings = DirectorySettings(
        kind="active_directory",
        url=server.url,
        bind_dn=server.reader,
        password=server.reader_password,
        base=f"OU={uuid.uuid4().hex},{server.base}",
        key_attribute="carLicense",  # It may hold several values; employeeID holds one.
        status_attribute="employeeType",
    )
    server.admin.add(settings.base, ["organizationalUnit"], {})
    # Deleted objects are shown to administrators only, and the reading account is none.
    return ServerWorld(
        server, server.admin, settings, "CN", ["user"], {"userAccountControl": _ENABLED}, shows_deleted=False
    )
