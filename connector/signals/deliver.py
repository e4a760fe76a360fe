"""Sends signals to subsystems (RFC 8935 push): the handler of the outbox steps "signal.push"."""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Never

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.errors import UnavailableError
from connector.outbox.deliver import Handler, OpenAct, Settle
from connector.outbox.tables import StepRow
from connector.ports import HttpAnswer, HttpSender, TokenSigner, Vault
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from connector.signals import service
from connector.signals.errors import SignalNotTakenError, SignalRefusedError, StreamDisabledError
from connector.signals.set_token import (
    ACCOUNT_ENABLED,
    CONTENT_TYPE,
    TYPE,
    account_subject,
    stream_subject,
    token_claims,
)
from connector.signals.tables import StreamRow

OpenReading = Callable[[], AbstractContextManager[Session]]
SENDER = job_actor("deliver_outbox")
PUSH_SECONDS: Final = 3.0  # A receiver only keeps the token and answers 202; who ordered a freeze waits no longer.
REST_SECONDS: Final = 5.0  # After no answer, that receiver is left alone so long: else each account waits in turn.
LATE_TRIES: Final = 5  # Some 20 seconds after the first try: from then on people must know of it.
ACCEPTED, REFUSED = 202, 400
# What RFC 8935 2.4 lets a receiver answer; anything else in its place is not repeated in our records.
REASONS = frozenset(
    {"invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"}
)


class _Letter(NamedTuple):
    subsystem: str
    url: str
    token: str
    token_id: str
    authorization: str


class SignalHandlers:
    """A signal keeps its `jti` and time over every try. `issuer` is our public address, `realm_issuer` Keycloak's."""

    def __init__(
        self,
        http: HttpSender,
        signer: TokenSigner,
        vault: Vault,
        reading: OpenReading,
        open_act: OpenAct,
        *,
        issuer: str,
        realm_issuer: str,
    ) -> None:
        self._http = http
        self._signer = signer
        self._vault = vault
        self._reading = reading
        self._open_act = open_act
        self._issuer = issuer.rstrip("/")
        self._realm_issuer = realm_issuer
        self._resting: dict[int, float] = {}  # stream id to the moment (monotonic) it is asked again

    def table(self) -> dict[str, Handler]:
        return {service.KIND: self.push}

    def push(self, step: StepRow) -> Settle | None:
        """Posts one token. 202 is success, 400 the end; after anything else it is tried again.

        Raises SignalNotTakenError, SignalRefusedError, StreamDisabledError, ForbiddenTargetError.
        """
        letter = self._letter(step)
        if letter is None:
            return _overtaken(step)
        answer = self._post(step, letter)
        if answer.status == REFUSED:
            raise SignalRefusedError(subsystem=letter.subsystem, reason=_reason(answer.body))
        if answer.status != ACCEPTED:
            self._not_taken(step, letter, f"HTTP {answer.status}", answer.retry_after)
        return _accepted(step, letter)

    def _letter(self, step: StepRow) -> _Letter | None:
        """What is to be sent; None when it says that an account works again which was taken out meanwhile."""
        with self._reading() as session:
            stream = session.get_one(StreamRow, step.payload["stream"])
            status = session.scalar(select(AccountRow.status).where(AccountRow.id == step.account_id))
        if not stream.enabled:
            raise StreamDisabledError(subsystem=stream.subsystem_id)
        if step.payload["event"] == ACCOUNT_ENABLED and status != AccountStatus.ACTIVE:
            return None
        token_id = hashlib.sha256(step.key.encode()).hexdigest()[:32]
        token = self._signer.sign(self._claims(step, stream, token_id), TYPE)
        authorization = service.authorization_of(self._vault, stream)
        return _Letter(stream.subsystem_id, stream.url, token, token_id, authorization)

    def _claims(self, step: StepRow, stream: StreamRow, token_id: str) -> dict[str, object]:
        user_id = step.payload.get("subject", "")
        return token_claims(
            issuer=self._issuer,
            audience=stream.audience,
            token_id=token_id,
            issued_at=step.enqueued_at,
            subject=account_subject(self._realm_issuer, user_id) if user_id else stream_subject(stream.subsystem_id),
            event=step.payload["event"],
            payload=step.payload["payload"],
            transaction=step.request_id or "",
        )

    def _post(self, step: StepRow, letter: _Letter) -> HttpAnswer:
        stream_id: int = step.payload["stream"]
        if self._resting.get(stream_id, 0.0) > time.monotonic():
            self._not_taken(step, letter, "no answer a moment ago")
        headers = {"content-type": CONTENT_TYPE, "accept": "application/json"}
        if letter.authorization:
            headers["authorization"] = letter.authorization
        try:
            return self._http.post(letter.url, letter.token.encode(), headers)
        except UnavailableError as error:
            self._resting[stream_id] = time.monotonic() + REST_SECONDS
            self._not_taken(step, letter, "no answer", error.retry_after)

    def _not_taken(self, step: StepRow, letter: _Letter, reason: str, retry_after: float | None = None) -> Never:
        if step.attempts == LATE_TRIES:
            with self._open_act(SENDER, None) as act:
                audit.record(
                    act, Event.SIGNAL_DELAYED, f"step:{step.id}", account_id=step.account_id,
                    request_id=step.request_id, alarm=True, stream=letter.subsystem, signal=_name(step), reason=reason,
                )  # fmt: skip
        error = SignalNotTakenError(subsystem=letter.subsystem, reason=reason)
        error.retry_after = retry_after
        raise error


def _accepted(step: StepRow, letter: _Letter) -> Settle:
    def settle(act: Act) -> None:
        act.session.get_one(StreamRow, step.payload["stream"]).accepted_at = act.now
        audit.record(
            act, Event.SIGNAL_ACCEPTED, f"step:{step.id}", account_id=step.account_id, request_id=step.request_id,
            stream=letter.subsystem, signal=_name(step), jti=letter.token_id,
        )  # fmt: skip

    return settle


def _overtaken(step: StepRow) -> Settle:
    def settle(act: Act) -> None:
        audit.record(
            act, Event.SIGNAL_OVERTAKEN, f"step:{step.id}", account_id=step.account_id, request_id=step.request_id,
            signal=_name(step),
        )  # fmt: skip

    return settle


def _name(step: StepRow) -> str:
    return str(step.payload["event"]).rpartition("/")[2]


def _reason(body: str) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return "400"
    err = told.get("err") if isinstance(told, dict) else None
    return err if isinstance(err, str) and err in REASONS else "400"
