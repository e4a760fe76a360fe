"""The whole product on loopback for people in Chromium: pages, worker, mails, and two subsystems that log in by it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connector.adapters.clock import SystemClock
from connector.adapters.http_sender import AllowListSender
from connector.adapters.mail import FolderMailer
from connector.adapters.oidc import KeycloakLogin
from connector.adapters.tokens import KeycloakTokens
from connector.app import create_app
from connector.bootstrap import Connector
from connector.embedded.browser import Person
from connector.regulations.vocabulary import Office
from connector.signals import service as signals
from connector.signals.deliver import PUSH_SECONDS
from tests.relying_parties.oidc_rp import OidcRelyingParty
from tests.relying_parties.serve import Place, places
from tests.relying_parties.set_receiver import SetReceiver
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm
from tests.servers.web import Web
from tests.town import HOST, open_town

SUBSYSTEMS = ("website", "bid-opening")
SECRET = "Bearer {}-receiver-secret"


@dataclass
class Platform(Web):
    """`url` is that of the pages; `subsystems` have addresses of their own; mails are files in `mail`."""

    places: dict[str, Place] = field(default_factory=dict)
    parties: dict[str, OidcRelyingParty] = field(default_factory=dict)
    mail: Path = field(default_factory=Path)
    officers: dict[tuple[Office, str], Person] = field(default_factory=dict)

    def subsystem(self, name: str, path: str = "/") -> str:
        return f"{self.places[name].url}{path}"

    def officer(self, office: Office, unit_code: str) -> Person:
        """The holder of an office, with a password and a key of his own."""
        if (office, unit_code) not in self.officers:
            self.officers[office, unit_code] = self.enrol(self.town.actor(office, unit_code))
        return self.officers[office, unit_code]


@contextmanager
def open_platform(keycloak: Keycloak, folder: Path) -> Iterator[Platform]:
    """Made on a realm of its own, served until the end of the block."""
    with ExitStack() as stack:
        kept = stack.enter_context(places(*SUBSYSTEMS, "connector"))
        realm = make_realm(
            keycloak,
            public_url=kept["connector"].url,
            subsystem_urls={name: f"{kept[name].url}/callback" for name in SUBSYSTEMS},
            logout_urls={name: f"{kept[name].url}/backchannel-logout" for name in SUBSYSTEMS},
        )
        stack.callback(realm.delete)
        sender = AllowListSender([kept[name].url for name in SUBSYSTEMS], timeout=PUSH_SECONDS)
        stack.callback(sender.close)
        platform = _build(realm, kept, folder, sender)
        stack.callback(platform.town.close)
        kept["connector"].start(create_app(platform.town.connector))
        for name in SUBSYSTEMS:
            _start_subsystem(platform, name)
        stack.enter_context(_worker(platform.town.connector))
        yield platform


def _build(realm: RealmUnderTest, kept: dict[str, Place], folder: Path, sender: AllowListSender) -> Platform:
    url, mail, key_file = kept["connector"].url, folder / "mail", folder / "service-account.pem"
    key_file.write_bytes(realm.key_pem)
    key_file.chmod(0o600)
    where = {"server_url": realm.server.url, "realm": realm.name}
    town = open_town(
        folder / "town",
        idp=realm.provider,
        clock=SystemClock(),
        mailer=FolderMailer(mail, "trading-idp@localhost"),
        http=sender,
        tokens=KeycloakTokens(**where, audience="connector", timeout=15.0),
        login=KeycloakLogin(**where, client_id="connector", key_file=key_file, public_url=url, timeout=15.0),
    )
    placed = {"public_url": url, "keycloak_url": realm.server.url, "keycloak_realm": realm.name}
    town.connector.settings = town.connector.settings.model_copy(update=placed)
    return Platform(url, town, realm, places=kept, mail=mail)


def _start_subsystem(platform: Platform, name: str) -> None:
    """A sample subsystem: people log in to it by Keycloak, and the connector tells it what became of an account."""
    url, connector = platform.places[name].url, platform.town.connector
    issuer = connector.settings.realm_issuer
    with connector.act(HOST) as act:
        form = signals.StreamForm(subsystem=name, url=f"{url}/set", authorization=SECRET.format(name))
        signals.register_stream(act, form)
    party = platform.parties[name] = OidcRelyingParty(client_id=name, url=url, issuer=issuer)
    receiver = SetReceiver(platform.url, issuer, name, SECRET.format(name), party.on_event)
    platform.places[name].start(party.app(receiver))


@contextmanager
def _worker(connector: Connector) -> Iterator[None]:
    """The outbox's worker, as the jobs run it."""
    ends = threading.Event()

    def work() -> None:
        while not ends.wait(0.2):
            connector.deliver()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(60)
