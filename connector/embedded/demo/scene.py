"""What the steps of the demonstration share: the machine, and the people met so far."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from connector.embedded.browser import FormBrowser, Person, Tokens
from connector.embedded.city import SampleCity
from connector.embedded.demo.api import Api
from connector.embedded.demo.expect import EarlierStepError
from connector.embedded.demo.keycloak_eye import KeycloakEye
from connector.embedded.demo.officers import Officer, Officers
from connector.embedded.machine import Machine
from connector.embedded.sample_oa import SampleOa
from connector.embedded.sample_people import SamplePerson
from connector.errors import Text

Evidence = dict[str, Any]
NEWCOMER_UNIT = "ywk"


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

    @property
    def title(self) -> str:
        """Its name in both languages."""
        return f"{self.name.zh} / {self.name.en}"


@dataclass
class Newcomer:
    """The person the play is about: from his application to his departure."""

    person: SamplePerson
    form: dict[str, Any]
    request: dict[str, Any] = field(default_factory=dict)
    users_before: int = 0
    user_id: str = ""
    key_serial: str = ""
    login: Person | None = None
    officer: Officer | None = None
    tokens: Tokens | None = None

    @property
    def known_login(self) -> Person:
        """His log-in, once he has opened the link."""
        if self.login is None:
            raise EarlierStepError(missing="login")
        return self.login

    @property
    def known_officer(self) -> Officer:
        """He himself, signed in."""
        if self.officer is None:
            raise EarlierStepError(missing="session")
        return self.officer


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
    new_browser: Callable[[], FormBrowser]
