"""What the fake Keycloak is made of: its users, their logins, and the faults a test orders."""

import functools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from connector.errors import ConnectorError
from connector.ports import IdpCredential

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class FakeSession:
    """One login. `alive` ends by logout; what a refresh gives depends on the user as well."""

    session_id: str
    user_id: str
    client_id: str
    offline: bool
    alive: bool = True


@dataclass
class FakeUser:
    user_id: str
    user_name: str
    created_at: datetime
    enabled: bool = True
    in_accounts: bool = True  # one who is not is out of the service account's sight
    actions: list[str] = field(default_factory=list)
    display_name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    credentials: list[IdpCredential] = field(default_factory=list)
    roles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    password: str | None = None
    password_set_at: datetime | None = None


@dataclass
class Fault:
    error: ConnectorError
    after_effect: bool


def faulty_call(method: Callable[P, T]) -> Callable[P, T]:
    """Notes the call and raises the fault that waits for it: before the effect, or after it (a lost reply)."""

    @functools.wraps(method)
    def faulty(*args: P.args, **kwargs: P.kwargs) -> T:
        fake: Any = args[0]
        fake.calls.append(method.__name__)
        waiting = fake.faults[method.__name__]
        fault: Fault | None = waiting.popleft() if waiting else None
        if fault and not fault.after_effect:
            raise fault.error
        result = method(*args, **kwargs)
        if fault:
            raise fault.error
        return result

    return faulty
