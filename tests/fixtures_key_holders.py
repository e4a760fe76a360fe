"""People of a town on a real Keycloak: their links, browsers and keys."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens
from connector.embedded.soft_key import SoftKey
from connector.ports import SessionCount
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from jobs import ingest_events
from tests.factories import make_person_form
from tests.fixtures_keys import KeyDesk
from tests.passwords import fresh
from tests.servers.realm import RealmUnderTest
from tests.town import Town

LINK = re.compile(r"/welcome/([\w-]{40,})")
STRICT = "centre"  # a subsystem that demands the second factor


class RunningClock:
    """The real time, because Keycloak stamps credentials with its own; a test may put it forward."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, span: timedelta) -> datetime:
        self._ahead += span
        return self.now()


class KeyTown(KeyDesk):
    """The custodian's desk on a real Keycloak."""

    def __init__(self, town: Town, realm: RealmUnderTest) -> None:
        super().__init__(town)
        self.realm = realm

    def hire_holder(self) -> "Holder":
        """A newcomer with an account that Keycloak has; his link is in the mail."""
        form = make_person_form("ywk", mail=f"{uuid.uuid4().hex[:8]}@example.cn")
        request = self.town.approve(self.town.submit(self.town.form(person=form)))
        self.settle()
        return Holder(self, self.town.account_of(request).id, form)

    def settle(self) -> None:
        """Runs the worker over as much time as any step may wait; the clock itself does not jump."""
        for seconds in (0, 10, 20):
            self.town.connector.deliver(now=self.town.clock.now() + timedelta(seconds=seconds))

    def reconcile(self, policy: Any = "remove") -> Any:
        """Reads Keycloak's events first, as the jobs do."""
        ingest_events.run(self.town.connector, self.town.clock.now())
        return super().reconcile(policy)

    def ask(self, kind: RequestKind, account: AccountRow, **fields: Any) -> Any:
        """Submits the request, which is then open."""
        request = self.town.submit(self.town.form(kind=kind, account=account.user_name, **fields))
        self.settle()
        return request


@dataclass
class Holder:
    """One person with an account, his mailbox, his key, and a browser at each login."""

    at: KeyTown
    account_id: str
    form: Any
    person: Person | None = None

    @property
    def account(self) -> AccountRow:
        return self.at.account(self.account_id)

    @property
    def user_id(self) -> str:
        return str(self.account.keycloak_id)

    @property
    def key(self) -> SoftKey:
        assert self.person is not None
        assert self.person.key is not None
        return self.person.key

    def mails(self) -> list[str]:
        return [mail.text for mail in self.at.town.mailer.sent if mail.to == self.form.mail]

    def open_link(self) -> Person:
        """Opens the newest link: he then knows his initial password and the one he will choose."""
        token = LINK.findall(self.mails()[-1])[0]
        name, password = self.at.town.connector.open_link(token, self.form.document_number[-6:])
        key = self.person.key if self.person else None
        self.person = Person(name, password, fresh("Weiter!", "8"), key=key)
        return self.person

    def log_in(self, client_id: str = STRICT, person: Person | None = None) -> tuple[FormBrowser, Tokens]:
        browser = self.at.realm.browser()
        return browser, browser.log_in(client_id, person or self.person)

    def may_log_in(self, client_id: str = STRICT, person: Person | None = None) -> bool:
        try:
            self.log_in(client_id, person)
        except LoginRefusedError:
            return False
        return True

    def sessions(self) -> SessionCount:
        return self.at.realm.provider.sessions_of(self.user_id)

    def copy(self, **changes: Any) -> Person:
        """Somebody who knows his password, with something else in the hand."""
        assert self.person is not None
        return Person(**{**vars(self.person), **changes})
