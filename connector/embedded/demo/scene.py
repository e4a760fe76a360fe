"""What the steps of the demonstration share: the machine, and the people met so far."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from connector.embedded.browser import Tokens
from connector.embedded.city import SampleCity
from connector.embedded.demo.api import Api
from connector.embedded.demo.keycloak_eye import KeycloakEye
from connector.embedded.demo.officers import Officer, Officers
from connector.embedded.machine import Machine
from connector.embedded.sample_oa import SampleOa
from connector.embedded.sample_people import SamplePerson
from connector.errors import Text

Evidence = dict[str, Any]


@dataclass(frozen=True)
class StepResult:
    """One step as it went. `evidence` is what was seen; of a step that did not hold, why."""

    name: str
    clause: str
    ok: bool
    seconds: float
    evidence: Evidence

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """One step of the play."""

    name: Text
    clause: str
    act: Callable[["Scene"], Evidence]


@dataclass
class Newcomer:
    """The person the play is about: from his application to his departure."""

    person: SamplePerson
    form: dict[str, Any]
    request: dict[str, Any] = field(default_factory=dict)
    user_id: str = ""
    officer: Officer | None = None
    tokens: Tokens | None = None


@dataclass
class Scene:
    """Everything a step may look at or use."""

    machine: Machine
    city: SampleCity
    officers: Officers
    api: Api
    keycloak: KeycloakEye
    oa: SampleOa
    newcomer: Newcomer
