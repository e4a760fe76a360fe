"""One connection to the Admin API and the translation of its errors into those of ports. Knows no use of a call."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from keycloak import KeycloakAdmin
from keycloak.connection import ConnectionManager
from keycloak.exceptions import (
    KeycloakAuthenticationError,
    KeycloakDeleteError,
    KeycloakError,
    KeycloakGetError,
    KeycloakPostError,
    KeycloakPutError,
    raise_error_from_response,
)

from connector.adapters.keycloak_token import TokenSource
from connector.errors import ConnectorError
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError, UnknownUserError

T = TypeVar("T")
BareError = type[KeycloakGetError | KeycloakPostError | KeycloakPutError | KeycloakDeleteError]
POOL_SIZE = 16


class AdminConnection(ConnectionManager):
    """What `KeycloakAdmin` calls through. Repeats nothing by itself: a lost reply is the outbox's to judge."""

    def __init__(self, *, server_url: str, realm: str, tokens: TokenSource, timeout: float) -> None:
        url = server_url.rstrip("/") + "/"
        super().__init__(
            base_url=url,
            headers={"Content-Type": "application/json"},
            timeout=timeout,  # type: ignore[arg-type]  # requests takes fractions of a second
            max_retries=0,
            pool_maxsize=POOL_SIZE,
        )
        self.realm_name = realm
        self._s.auth = tokens
        # Proxies and the CA bundle of the environment are looked up once: for each call it took an eighth of it.
        environment = self._s.merge_environment_settings(url, {}, None, True, None)
        self._s.proxies, self.verify = environment["proxies"], environment["verify"]
        self._s.trust_env = False


class AdminApi:
    """The Admin API of one realm: python-keycloak's calls through `call`, and bare paths where it has none.

    Raises KeycloakUnavailableError (no answer, 5xx, 429: the effect is unknown), UnknownUserError (404 on a user)
    and KeycloakRefusedError (any other 4xx; `facts["reason"]` starts with the status).
    """

    def __init__(self, *, server_url: str, realm: str, tokens: TokenSource, timeout: float) -> None:
        self.tokens = tokens
        self.realm = realm
        self.connection = AdminConnection(server_url=server_url, realm=realm, tokens=tokens, timeout=timeout)
        self.admin = KeycloakAdmin(connection=self.connection)  # type: ignore[arg-type]

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Calls `function`; once more with a fresh token if Keycloak no longer takes the kept one."""
        try:
            return _translated(function, *args, **kwargs)
        except KeycloakAuthenticationError:
            self.tokens.forget()
        try:
            return _translated(function, *args, **kwargs)
        except KeycloakAuthenticationError as error:
            raise KeycloakRefusedError(reason="401: a fresh token is not accepted") from error

    def get(self, path: str, **params: Any) -> Any:
        return self._bare(self.connection.raw_get, KeycloakGetError, path, **params)

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        data = "" if body is None else json.dumps(body)
        return self._bare(self.connection.raw_post, KeycloakPostError, path, data=data, **params)

    def put(self, path: str, body: Any = None, **params: Any) -> Any:
        data = "" if body is None else json.dumps(body)
        return self._bare(self.connection.raw_put, KeycloakPutError, path, data=data, **params)

    def delete(self, path: str, body: Any = None, **params: Any) -> Any:
        data = None if body is None else json.dumps(body)
        return self._bare(self.connection.raw_delete, KeycloakDeleteError, path, data=data, **params)

    def _bare(self, send: Callable[..., Any], error: BareError, path: str, **kwargs: Any) -> Any:
        full = f"admin/realms/{self.realm}{path}"
        return self.call(lambda: raise_error_from_response(send(full, **kwargs), error))


def status_of(error: ConnectorError) -> int:
    """The HTTP status an error of this module came from; 0 when there was no answer."""
    head = str(error.facts.get("reason", "")).partition(":")[0]
    return int(head) if head.isdigit() else 0


def _translated(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    except KeycloakAuthenticationError:
        raise
    except KeycloakError as error:
        if isinstance(error.__cause__, ConnectorError):  # The token source had its say while sending.
            raise error.__cause__ from error
        raise _meaning(error) from error
    except TypeError as error:  # python-keycloak's sign that the answer is not the JSON it must be.
        raise KeycloakUnavailableError(reason="not an answer of the Admin API") from error


def _meaning(error: KeycloakError) -> ConnectorError:
    status = error.response_code or 0
    if status == 0 or status >= 500 or status == 429:
        return KeycloakUnavailableError(reason=str(status or "no answer"))
    reason = f"{status}: {_reason(error)}"
    if status == 404 and "User not found" in reason:
        return UnknownUserError(reason=reason)
    return KeycloakRefusedError(reason=reason)


def _reason(error: KeycloakError) -> str:
    try:
        body = json.loads(error.response_body or b"{}")
    except ValueError:
        return "no reason given"
    if not isinstance(body, dict):
        return "no reason given"
    told = (body.get(name) for name in ("errorMessage", "error_description", "error"))
    return next((str(text) for text in told if text), "no reason given")[:200]
