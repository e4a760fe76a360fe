"""The contract of Directory on a real OpenLDAP server."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from connector.adapters.ldap import LdapDirectory
from tests.contract_directory import DirectoryContract
from tests.fakes.directory import make_settings
from tests.servers.slapd import Slapd

CLASSES = ["inetOrgPerson", "centrePerson"]


@dataclass
class LdapWorld:
    server: Slapd
    added: int = 0

    def add(self, key: str | list[str] | None, *, status: str = "active") -> str:
        self.added += 1
        dn = f"uid=p{self.added},{self.server.people}"
        attributes = {"cn": "王某", "sn": "王", "employeeStatus": status}
        # employeeNumber holds one value by the standard schema; roomNumber may hold several, and is the key here.
        keys = {"roomNumber": key} if key else {}
        self.server.add(dn, CLASSES, attributes | keys)
        return dn

    def change(self, dn: str, attribute: str, *values: str) -> None:
        self.server.modify(dn, {attribute: list(values)})

    def remove(self, dn: str) -> None:
        self.server.delete(dn)

    def open(self, *canaries: str) -> LdapDirectory:
        return LdapDirectory(
            make_settings(
                url=self.server.url,
                base=self.server.people,
                bind_dn=self.server.admin_dn,
                password=self.server.admin_password,
                key_attribute="roomNumber",
                canaries=canaries,
                timeout_seconds=5,
            )
        )


@pytest.mark.req("E4")
class TestLdapDirectory(DirectoryContract):
    @pytest.fixture
    def world(self, slapd: Callable[..., Slapd]) -> LdapWorld:
        return LdapWorld(slapd(people=0))
