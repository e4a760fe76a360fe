"""The behaviour certificate: tries every fact on a scratch realm of one Keycloak and writes down what was seen (D7)."""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from connector.certificate import event_facts, freeze_facts, permission_facts, saml_facts, step_up_facts
from connector.certificate.fact import Fact, FactNotHeld, Outcome
from connector.certificate.scratch import ScratchRealm, scratch_realm
from connector.certificate.supported import SUPPORTED, server_version, standing_of
from connector.errors import ConnectorError
from connector.realm_config import config_dir
from connector.regulations.rulebook import Rulebook
from connector.settings import Settings

FORMAT = "trading-idp behaviour certificate 1"
FACTS: tuple[Fact, ...] = (
    *permission_facts.FACTS,
    *event_facts.FACTS,
    *step_up_facts.FACTS,
    *saml_facts.FACTS,
    *freeze_facts.FACTS,
)

Tell = Callable[[str], None]
Prepare = Callable[[ScratchRealm], None]
"""Done to the applied realm before the facts are tried."""


@dataclass(frozen=True)
class Certificate:
    """What was tried on which Keycloak with which realm configuration, and how it went."""

    server_url: str
    server_version: str
    product_version: str
    realm_config: str  # "sha256:" and the digest of realm-config/
    realm: str
    began_at: datetime
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def held(self) -> bool:
        return bool(self.outcomes) and all(outcome.held for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """The certificate as it is stored; `format` changes when the meaning of a field does."""
        return {
            "format": FORMAT,
            "held": self.held,
            "server": {
                "url": self.server_url,
                "version": self.server_version,
                "standing": standing_of(self.server_version),
            },
            "product": self.product_version,
            "supported": SUPPORTED._asdict(),
            "realm_config": self.realm_config,
            "realm": self.realm,
            "began_at": self.began_at.isoformat(),
            "seconds": round(self.seconds, 1),
            "facts": [_outcome_json(outcome) for outcome in self.outcomes],
        }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    fact = outcome.fact
    return {
        "fact": fact.id,
        "name": fact.name._asdict(),
        "why": fact.why._asdict(),
        "source": fact.source,
        "held": outcome.held,
        "evidence": outcome.evidence,
        "seconds": round(outcome.seconds, 2),
    }


def certify(
    settings: Settings,
    rulebook: Rulebook,
    *,
    name: str = "",
    facts: Sequence[Fact] = FACTS,
    keep: bool = False,
    tell: Tell = lambda _: None,
    prepare: Prepare = lambda _: None,
) -> Certificate:
    """Makes a scratch realm (`name`) on the Keycloak of `settings`, tries `facts` in order, deletes the realm.

    Nothing else on that server is touched. A fact that fails stops no other. Raises NoAdministratorError,
    KeycloakUnavailableError or KeycloakRefusedError when the realm cannot be made (or not be deleted).
    """
    name = name or scratch_name()
    began_at, began = datetime.now(UTC), time.monotonic()
    with scratch_realm(settings, rulebook, name=name, keep=keep, progress=tell) as scratch:
        prepare(scratch)
        found_version = server_version(scratch.admin)
        outcomes = []
        for number, fact in enumerate(facts, start=1):
            tell(f"{number}/{len(facts)} {fact.name.zh} / {fact.name.en}")
            outcomes.append(try_fact(fact, scratch))
    return Certificate(
        server_url=settings.keycloak_url,
        server_version=found_version,
        product_version=version("trading-idp"),
        realm_config=realm_config_digest(),
        realm=name,
        began_at=began_at,
        seconds=time.monotonic() - began,
        outcomes=tuple(outcomes),
    )


def scratch_name() -> str:
    """A name that no realm has."""
    return f"certify-{secrets.token_hex(5)}"


def try_fact(fact: Fact, scratch: ScratchRealm) -> Outcome:
    """Tries one fact; whatever goes wrong is its outcome."""
    began = time.monotonic()
    try:
        evidence, held = fact.check(scratch), True
    except FactNotHeld as broken:
        evidence, held = str(broken), False
    except ConnectorError as error:
        evidence, held = f"{error.code}: {error}", False
    except Exception as error:  # noqa: BLE001  an unknown answer of a new Keycloak is a finding, not a crash.
        evidence, held = f"{type(error).__name__}: {error}", False
    return Outcome(fact, held, evidence, time.monotonic() - began)


def realm_config_digest() -> str:
    """SHA-256 over names and contents of the files of realm-config/, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(config_dir().glob("*.toml")):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"
