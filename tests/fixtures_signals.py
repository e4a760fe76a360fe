"""A town whose subsystems hear signals: their receivers keep each token, verified with the published keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.outbox.tables import StepRow
from connector.ports import HttpAnswer, NewUser
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.signals import service as signals
from tests.factories import make_account
from tests.town import HOST, Town, open_town

ACCEPTED = HttpAnswer(202, None, "")


@dataclass
class Heard:
    """One post to a receiver. `claims` are verified; `event` is the last part of the event's name."""

    subsystem: str
    claims: dict[str, Any]
    head: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def event(self) -> str:
        return str(next(iter(self.claims["events"]))).rpartition("/")[2]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = next(iter(self.claims["events"].values()))
        return payload


class FakeReceivers:
    """HttpSender for `https://<subsystem>.example/set`. `answers[subsystem]` replaces 202, an error is raised.

    `before` is called with the subsystem at the beginning of each post.
    """

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.asked: list[str] = []
        self.answers: dict[str, HttpAnswer | ConnectorError] = {}
        self.before: Callable[[str], None] = lambda _subsystem: None
        self.keys: Callable[[], dict[str, Any]] = dict

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        subsystem = url.removeprefix("https://").partition(".")[0]
        self.asked.append(subsystem)
        self.before(subsystem)
        answer = self.answers.get(subsystem, ACCEPTED)
        if isinstance(answer, ConnectorError):
            raise answer
        token = jwt.decode(body.decode(), KeySet.import_key_set(self.keys()), algorithms=["ES256"])
        if answer.status == ACCEPTED.status:
            self.heard.append(Heard(subsystem, token.claims, token.header, dict(headers)))
        return answer

    def events(self, subsystem: str = "") -> list[str]:
        return [heard.event for heard in self.heard if subsystem in ("", heard.subsystem)]


@dataclass
class SignalTown:
    """`tokens` by subsystem are those it asks with. `account` is known to Keycloak."""

    town: Town
    receivers: FakeReceivers
    account_id: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    def register(self, subsystem: str = "website", **changed: str) -> str:
        form = {"subsystem": subsystem, "url": f"https://{subsystem}.example/set", **changed}
        with self.town.connector.act(self.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
            self.tokens[subsystem] = signals.register_stream(act, signals.StreamForm(**form)).token
        return self.tokens[subsystem]

    def act(self) -> Any:
        return self.town.connector.act(HOST)

    def account(self, act: Act) -> AccountRow:
        return act.session.get_one(AccountRow, self.account_id)

    def announce(self, event: str, **options: Any) -> list[int]:
        with self.act() as act:
            return signals.announce(act, self.account(act), event, **options)

    def steps(self) -> list[StepRow]:
        with self.act() as act:
            rows = act.session.scalars(select(StepRow).where(StepRow.kind == signals.KIND).order_by(StepRow.id))
            return list(rows)

    def entries(self, event: str) -> list[AuditEntryRow]:
        with self.act() as act:
            rows = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == event))
            return list(rows)


def open_signal_town(tmp_path: Path, url: str = "", **parts: Any) -> SignalTown:
    """A town with an account that Keycloak has, and no stream yet."""
    receivers = FakeReceivers()
    town = open_town(tmp_path, url=url, http=receivers, **parts)
    receivers.keys = town.connector.token_signer.public_keys
    made = SignalTown(town, receivers)
    with made.act() as act:
        account = make_account(act, "ywk")
        made.account_id = account.id
    with made.act() as act:
        row = made.account(act)
        row.keycloak_id = town.idp.create_user(new_user(row))
    return made


def new_user(account: AccountRow) -> NewUser:
    return NewUser(
        user_name=account.user_name, display_name="张三", account_id=account.id, request_id="r", unit_code="ywk",
        account_class="ordinary", required_actions=(),
    )  # fmt: skip
