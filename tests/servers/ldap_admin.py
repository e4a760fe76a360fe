"""Changes a directory server as its administrator, over ldap3; refusals raise."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ldap3


@dataclass(frozen=True)
class LdapAdmin:
    """Who changes entries, and where; `secure` is ldaps:// without a look at the certificate, as it is our own."""

    host: str
    port: int
    user: str
    password: str
    secure: bool = False

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        """An ldap3 connection that raises on every refusal."""
        server = ldap3.Server(self.host, self.port, use_ssl=self.secure, get_info=ldap3.NONE, connect_timeout=5)
        options = {"raise_exceptions": True, "check_names": False, "auto_referrals": False}
        with ldap3.Connection(server, self.user, self.password, **options) as connection:
            yield connection

    def add(self, dn: str, object_classes: list[str], attributes: Mapping[str, Any]) -> None:
        with self.connection() as connection:
            connection.add(dn, object_classes, dict(attributes))

    def modify(self, dn: str, attributes: Mapping[str, Any]) -> None:
        """Replaces each attribute by its new value; None or an empty list removes it."""
        changes = {name: [(ldap3.MODIFY_REPLACE, _values(value))] for name, value in attributes.items()}
        with self.connection() as connection:
            connection.modify(dn, changes)

    def rename(self, dn: str, new_name: str, new_superior: str | None = None) -> None:
        with self.connection() as connection:
            connection.modify_dn(dn, new_name, new_superior=new_superior)

    def delete(self, dn: str) -> None:
        with self.connection() as connection:
            connection.delete(dn)


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
