"""The whole platform on loopback: Keycloak, the connector, four subsystems by OpenID Connect, one by SAML, one door."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.clock import SystemClock
from connector.adapters.http_sender import AllowListSender
from connector.app import create_app
from connector.embedded.browser import Person
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.signals import service as signals
from connector.signals.deliver import PUSH_SECONDS
from tests.factories import make_account
from tests.passwords import fresh
from tests.relying_parties.door import Door
from tests.relying_parties.oidc_rp import OidcRelyingParty
from tests.relying_parties.saml_rp import SamlRelyingParty
from tests.relying_parties.serve import Gate, Place, places
from tests.relying_parties.set_receiver import SetReceiver
from tests.relying_parties.visitor import Visitor
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import HOST, Town, open_town

OIDC = ("website", "bid-opening", "centre", "door-access")
SUBSYSTEMS = ("website", "bid-opening", "member", "centre", "door-access")
SECRET = "Bearer {}-receiver-secret"
PERMISSIONS = (
    "website:notice.editor",
    "bid-opening:hall.host",
    "member:deposit.clerk",
    "member:registration.reviewer",
    "centre:statistics.viewer",
    "door-access:hall.entrant",
)
BADGE = "badge-1"
WAIT_SECONDS = 30.0


def wait_until(what: Callable[[], bool], seconds: float = WAIT_SECONDS) -> float:
    """Waits until it is so and returns how long that took; fails when it never is."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < seconds, "it never came true"
        time.sleep(0.01)
    return time.monotonic() - begun


@dataclass
class Platform:
    """`parties` by subsystem, without the door's desk twice: it is `parties["door-access"]`."""

    realm: RealmUnderTest
    town: Town
    places: dict[str, Place]
    parties: dict[str, Any] = field(default_factory=dict)
    receivers: dict[str, SetReceiver] = field(default_factory=dict)
    door: Door = None  # type: ignore[assignment]
    gates: dict[str, Gate] = field(default_factory=dict)

    def url(self, subsystem: str, path: str = "/") -> str:
        return f"{self.places[subsystem].url}{path}"

    def browser(self) -> Visitor:
        return Visitor(self.realm.server.url, self.realm.name, self.realm.redirect_uris)

    def new_person(self, *permissions: str) -> tuple[str, Person]:
        """An approved account in Keycloak with its permissions: (account id, who knows its first password)."""
        connector = self.town.connector
        with connector.act(HOST) as act:
            account = make_account(act, "ywk", *permissions)
            provisioning.open_in_keycloak(act, account, accounts.list_grants(act, account), request_id="")
        wait_until(lambda: bool(self.account(account.id).keycloak_id))
        row = self.account(account.id)
        first = fresh("Anfang#", "7")
        self.realm.provider.set_temporary_password(str(row.keycloak_id), first)
        self.realm.provider.require_actions(str(row.keycloak_id), ["webauthn-register"])  # A key was issued.
        wait_until(lambda: len(self.realm.provider.roles_of(str(row.keycloak_id))) == len(_subsystems(permissions)))
        return account.id, Person(row.user_name, first, fresh("Weiter!", "8"))

    def account(self, account_id: str) -> AccountRow:
        with self.town.connector.act(HOST) as act:
            return act.session.get_one(AccountRow, account_id)

    def freeze(self, account_id: str) -> None:
        """The command: its act, and what the boundary tries at once after the commit."""
        with self.town.connector.act(HOST) as act:
            provisioning.freeze_account(act, act.session.get_one(AccountRow, account_id), cause="departure")

    def enable(self, account_id: str) -> None:
        with self.town.connector.act(HOST) as act:
            account = act.session.get_one(AccountRow, account_id)
            provisioning.enable_account(act, account, cause="request", request_id=None)
        sub = str(self.account(account_id).keycloak_id)
        wait_until(lambda: self.realm.provider.get_user(sub).enabled)

    def is_in(self, browser: Visitor, subsystem: str) -> bool:
        return browser.get(self.url(subsystem)).status_code == 200

    def told(self, subsystem: str, account_id: str) -> list[str]:
        """Names of the events that a subsystem's receiver took about this account, in their order."""
        sub = self.account(account_id).keycloak_id
        heard = self.receivers[subsystem].heard
        return [next(iter(c["events"])).rpartition("/")[2] for c in heard if c["sub_id"].get("sub") == sub]


def _subsystems(permissions: tuple[str, ...]) -> set[str]:
    return {permission.partition(":")[0] for permission in permissions}


@contextmanager
def _worker(town: Town) -> Iterator[None]:
    """The outbox's worker, as the jobs run it."""
    ends = threading.Event()

    def work() -> None:
        while not ends.wait(0.1):
            town.connector.deliver()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    ends.set()
    thread.join(60)


@pytest.fixture(scope="module")
def platform(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with places(*SUBSYSTEMS, "connector") as kept, pytest.MonkeyPatch.context() as patch:
        logouts = {name: f"{kept[name].url}/backchannel-logout" for name in OIDC}
        realm = make_realm(
            keycloak,
            subsystem_urls={name: f"{kept[name].url}/callback" for name in SUBSYSTEMS},
            logout_urls={**logouts, "member": f"{kept['member'].url}/saml-logout"},
        )
        patch.setenv("TRADING_IDP_PUBLIC_URL", kept["connector"].url)
        patch.setenv("TRADING_IDP_KEYCLOAK_URL", keycloak.url)
        patch.setenv("TRADING_IDP_KEYCLOAK_REALM", realm.name)
        sender = AllowListSender([kept[name].url for name in SUBSYSTEMS], timeout=PUSH_SECONDS)
        town = open_town(_folder(tmp_path_factory), idp=realm.provider, clock=SystemClock(), http=sender)
        made = Platform(realm, town, kept)
        try:
            _start(made)
            with _worker(town):
                _verify(made)
                yield made
        finally:
            sender.close()
            town.close()
            realm.delete()


def _verify(made: Platform) -> None:
    """As the operator does when a stream is registered: each receiver has our keys from then on."""
    for name in SUBSYSTEMS:
        with made.town.connector.act(HOST) as act:
            signals.verify_stream(act, name)
    wait_until(lambda: all(receiver.heard for receiver in made.receivers.values()))


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("platform")


def _start(made: Platform) -> None:
    connector = made.town.connector
    made.places["connector"].start(create_app(connector))
    transmitter, issuer = made.places["connector"].url, connector.settings.realm_issuer
    for name in SUBSYSTEMS:
        url = made.places[name].url
        form = signals.StreamForm(subsystem=name, url=f"{url}/set", authorization=SECRET.format(name))
        with connector.act(HOST) as act:
            token = signals.register_stream(act, form).token
        party: Any
        if name == "member":
            party = SamlRelyingParty(url=url, issuer=issuer)
        else:
            party = OidcRelyingParty(client_id=name, url=url, issuer=issuer)
        on_event = party.on_event
        if name == "door-access":
            made.door = Door(desk=party, transmitter=transmitter, token=token)
            on_event = made.door.on_event
        receiver = SetReceiver(transmitter, issuer, name, SECRET.format(name), on_event)
        made.parties[name], made.receivers[name] = party, receiver
        made.gates[name] = Gate((made.door if name == "door-access" else party).app(receiver))
        made.places[name].start(made.gates[name])
