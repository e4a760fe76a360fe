"""Where things are in Keycloak: the accounts group, the clients of the subsystems, their roles, and who is in them.

Keeps the ids it has looked up, since Keycloak gives new ones when a thing is made again; changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.ports import KeycloakRefusedError, UnknownUserError
from connector.realm_config import ACCOUNTS_GROUP, CLIENT_ATTRIBUTE

T = TypeVar("T")
PAGE = 1000  # Pages of 1,000 run at 3,000 users a second, pages of 100 at a fifth of that (measured).


class Places:
    """Group, clients and roles by their names. Safe between threads; a stale id is looked up again once."""

    def __init__(self, api: AdminApi, subsystems: Sequence[str]) -> None:
        self._api = api
        self._admin = api.admin
        self._subsystems = tuple(subsystems)
        self._group: dict[str, Any] = {}
        self._roles: dict[str, dict[str, dict[str, Any]]] = {}

    def group(self) -> dict[str, Any]:
        """The accounts group with its attributes, which name the clients' ids.

        The service account may read a client by its id but not search for one (403, measured), so the applier notes
        the ids where it can read them and not write them.
        """
        if not self._group:
            self._group = self._api.call(self._admin.get_group_by_path, ACCOUNTS_GROUP.removeprefix("/"))
        return self._group

    def clients(self) -> dict[str, str]:
        """Ids by client id: the subsystems' and the connector's own."""
        return {
            name.removeprefix(CLIENT_ATTRIBUTE): values[0]
            for name, values in self.group().get("attributes", {}).items()
            if name.startswith(CLIENT_ATTRIBUTE) and values
        }

    def members(self) -> Iterator[dict[str, Any]]:
        """Every member of the accounts group, briefly, by user name."""
        return self._pages(lambda: f"/groups/{self.group()['id']}/members")

    def roles(self, subsystem: str) -> frozenset[str]:
        """Names of all roles of the subsystem's client, read anew."""
        listed = self._again_if_stale(lambda: self._api.get(f"/clients/{self._client(subsystem)}/roles"))
        return frozenset(role["name"] for role in listed)

    def role_holders(self, subsystem: str, role: str) -> Iterator[dict[str, Any]]:
        """Those members of the accounts who hold the role directly, briefly, by user name.

        Keycloak leaves out whom the service account may not see, before it cuts pages: a short page is the last one,
        and a holder outside the accounts is never among them (measured).
        """
        return self._pages(lambda: f"/clients/{self._client(subsystem)}/roles/{quote(role, safe='')}/users")

    def with_roles(
        self, subsystem: str, roles: Sequence[str], work: Callable[[str, list[dict[str, Any]]], Any]
    ) -> None:
        """Runs `work(client's id, role representations)`; once more with fresh ids when they were stale."""
        if roles:
            self._again_if_stale(lambda: self._api.call(work, *self._representations(subsystem, roles)))

    def _pages(self, path: Callable[[], str]) -> Iterator[dict[str, Any]]:
        first, length = 0, PAGE
        while length == PAGE:
            page = self._page(path, first)
            yield from page
            first, length = first + PAGE, len(page)

    def _page(self, path: Callable[[], str], first: int) -> list[dict[str, Any]]:
        query = {"first": first, "max": PAGE, "briefRepresentation": "true"}
        return self._again_if_stale(lambda: self._api.get(path(), **query))

    def _again_if_stale(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except UnknownUserError:
            raise
        except KeycloakRefusedError as error:
            if status_of(error) != 404:
                raise
        self._group, self._roles = {}, {}
        return read()

    def _client(self, subsystem: str) -> str:
        uuid = self.clients().get(subsystem)
        if uuid is None or subsystem not in self._subsystems:
            raise KeycloakRefusedError(reason=f"404: no subsystem {subsystem}")
        return uuid

    def _representations(self, subsystem: str, roles: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
        uuid = self._client(subsystem)
        if subsystem not in self._roles:
            listed = self._api.call(self._admin.get_client_roles, uuid)
            self._roles[subsystem] = {role["name"]: role for role in listed}
        known: Mapping[str, dict[str, Any]] = self._roles[subsystem]
        if unknown := [role for role in roles if role not in known]:
            raise KeycloakRefusedError(reason=f"404: no role {subsystem}:{', '.join(unknown)}")
        return uuid, [known[role] for role in roles]
