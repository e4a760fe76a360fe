"""Random acts of people, directory and clock, right and wrong ones: the laws of the house hold after each run."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule
from sqlalchemy import select

from connector.errors import ConnectorError
from connector.ports import KeycloakUnavailableError
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests.tables import RequestRow
from jobs import deliver_outbox, end_suspensions, remind_deadlines, sync_departures
from tests.factories import make_person_form
from tests.fakes.directory import FakeDirectory, make_settings
from tests.town import Town, open_town
from tests.year.laws import broken_laws

ABOUT = (
    RequestKind.PASSWORD_RESET, RequestKind.SUSPEND, RequestKind.DISABLE, RequestKind.ENABLE, RequestKind.CANCEL,
    RequestKind.GRANT,
)  # fmt: skip
OFFICES = tuple(Office)
CALLS = ("create_user", "grant_roles", "set_enabled", "log_out", "sessions_of", "delete_user")


class House(RuleBasedStateMachine):
    """A centre on fakes. A refusal is an answer; what was let through must not break a law."""

    people = Bundle("people")  # keys of the directory

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="house-"))
        unread = {f"{name}_attribute": "" for name in ("unit", "post", "phone", "mail")}
        self.directory = FakeDirectory(settings=make_settings(**unread))
        self.town: Town = open_town(self.folder, directory=self.directory)
        self.town.connector.settings.breaker_count, self.town.connector.settings.breaker_share = 10_000, 1.0
        self.dns: dict[str, str] = {}

    @initialize(target=people)
    def found(self) -> Any:
        """Three people are there already; one of them has got and lost permissions since: each run has every road."""
        keys = [self.join(permissions, sensitive=False) for permissions in (1, 2, 3)]
        self.everything_is_approved()
        self.the_worker_runs()
        self.ask_about_an_account(0, RequestKind.GRANT, violation=False, at_once=True)
        return multiple(*keys)

    @rule(target=people, permissions=st.integers(1, 3), sensitive=st.booleans())
    def join(self, permissions: int, sensitive: bool) -> str:
        key = f"k{len(self.dns)}"
        self.dns[key] = self.directory.add(key)
        person = make_person_form("ywk", name="王某", directory_key=key)
        wanted = self.town.permissions(permissions, sensitive=sensitive)
        self._try(lambda: self.town.submit(self.town.form(person=person, permissions=wanted)))
        return key

    @rule(key=people)
    def leave(self, key: str) -> None:
        self.directory.change(self.dns[key], self.directory.settings.status_attribute, "left")

    @rule(key=people)
    def come_back(self, key: str) -> None:
        self.directory.change(self.dns[key], self.directory.settings.status_attribute, "active")

    @rule(number=st.integers(0, 9), kind=st.sampled_from(ABOUT), violation=st.booleans(), at_once=st.booleans())
    def ask_about_an_account(self, number: int, kind: RequestKind, violation: bool, at_once: bool) -> None:
        accounts = self._accounts()
        if not accounts:
            return
        account = accounts[number % len(accounts)]
        fields: dict[str, Any] = {"account": account.user_name, "cause": "violation" if violation else "request"}
        if kind is RequestKind.SUSPEND:
            fields["until"] = self.town.clock.now().date() + timedelta(days=3)
        if kind is RequestKind.GRANT:
            some = self.town.permissions(4)
            fields |= {"permissions": some[2:], "withdraw": some[:1], "cause": ""}
        self._try(lambda: self.town.submit(self.town.form(kind=kind, **fields)))
        if at_once:
            self.everything_is_approved()

    @rule(number=st.integers(0, 9), verdict=st.sampled_from((*[Verdict.APPROVE] * 6, *Verdict)))
    def decide_as_the_right_one(self, number: int, verdict: Verdict) -> None:
        pending = [request for request in self._all(RequestRow) if request.state == "pending"]
        if pending:
            request = pending[number % len(pending)]
            self._try(lambda: self.town.decide(request, verdict))

    @rule()
    def everything_is_approved(self) -> None:
        for request in self._all(RequestRow):
            if request.state == "pending":
                self._try(lambda request=request: self.town.approve(request))

    @rule(number=st.integers(0, 9), office=st.sampled_from(OFFICES))
    def decide_as_somebody(self, number: int, office: Office) -> None:
        pending = [request for request in self._all(RequestRow) if request.state == "pending"]
        if pending:
            request = pending[number % len(pending)]
            self._try(lambda: self.town.decide(request, actor=self.town.actor(office)))

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.town.clock.advance(timedelta(hours=hours))
        self._run(remind_deadlines, end_suspensions)

    @rule(call=st.sampled_from(CALLS), lost_reply=st.booleans(), times=st.integers(1, 3))
    def keycloak_fails(self, call: str, lost_reply: bool, times: int) -> None:
        self.town.idp.fail(call, KeycloakUnavailableError(reason="no answer"), times=times, after_effect=lost_reply)

    @rule()
    def the_directory_is_read(self) -> None:
        self._run(sync_departures)

    @rule()
    def the_worker_runs(self) -> None:
        self._run(deliver_outbox)

    def teardown(self) -> None:
        try:
            self.everything_is_approved()
            self._run(sync_departures, remind_deadlines)
            for _ in range(8):  # more often than any call was told to fail
                self.town.clock.advance(timedelta(minutes=10))
                self._run(deliver_outbox)
            assert broken_laws(self.town) == []
        finally:
            self.town.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _try(self, act: Any) -> None:
        try:
            act()
        except ConnectorError:
            return

    def _run(self, *some: Any) -> None:
        for job in some:
            self._try(lambda job=job: job.run(self.town.connector, self.town.clock.now()))

    def _accounts(self) -> list[AccountRow]:
        """Accounts of people of the directory."""
        theirs = select(AccountRow).join(PersonRow).where(PersonRow.directory_key.is_not(None))
        with self.town.connector.database.reading() as session:
            return list(session.scalars(theirs.order_by(AccountRow.user_name)))

    def _all(self, table: Any) -> list[Any]:
        with self.town.connector.database.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))


TestHouse = House.TestCase
TestHouse.settings = settings(
    max_examples=20, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
