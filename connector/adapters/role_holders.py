"""Who holds a role at a subsystem, read as administrator of the master realm: everybody, whatever group he is in.

The connector's own service account sees members of the accounts group only, so it cannot prove that nobody else is
there (JC 21).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.adapters.keycloak_calls import AdminApi

PAGE = 1000


class AdministratorHolders:
    """A source of the acceptance check; `complete`, because an administrator sees every user of the realm."""

    complete = True

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def holders(self, subsystem: str) -> Mapping[str, Sequence[str]]:
        """Ids of the users who hold a role of this client, directly or by one of their groups, with the roles."""
        found: dict[str, list[str]] = {}
        place = f"/clients/{self._client(subsystem)}/roles"
        for role in self._api.get(place):
            path = f"{place}/{quote(role['name'], safe='')}"
            for user_id in self._holders_of(path):
                found.setdefault(user_id, []).append(role["name"])
        return found

    def named(self, words: Sequence[str]) -> Mapping[str, str]:
        """Users whose user name or own name holds one of the words, in letters of either case."""
        users = (user for word in words for user in self._pages("/users", search=f"*{word}*"))
        return {user["id"]: user["username"] for user in users if _holds(user, words)}

    def user_name(self, user_id: str) -> str:
        return str(self._api.get(f"/users/{user_id}")["username"])

    def _holders_of(self, role: str) -> Iterator[str]:
        yield from (user["id"] for user in self._pages(f"{role}/users"))
        for group in self._pages(f"{role}/groups"):
            yield from (user["id"] for user in self._pages(f"/groups/{group['id']}/members"))

    def _client(self, subsystem: str) -> str:
        return str(self._api.get("/clients", clientId=subsystem)[0]["id"])

    def _pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        first = 0
        while page := self._api.get(path, first=first, max=PAGE, briefRepresentation="true", **query):
            yield from page
            first += len(page)


def _holds(user: Mapping[str, Any], words: Sequence[str]) -> bool:
    named = "\n".join(str(user.get(key) or "") for key in ("username", "firstName", "lastName")).casefold()
    return any(word.casefold() in named for word in words)
