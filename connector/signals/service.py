"""Tells subsystems what became of an account, and keeps their streams (D1, I3). Only enqueues; sends nothing."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, NotSignedInError, RefusedInputError
from connector.outbox import lanes
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.ports import Vault
from connector.register import accounts, catalogue, reach
from connector.register.offices import check_host_or_holds
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.signals.errors import StreamDisabledError, UnknownStreamError
from connector.signals.set_token import EVENTS, VERIFICATION, CredentialChange, CredentialType, Signal, event_claims
from connector.signals.tables import StreamRow
from connector.storage.tables import new_id

KIND: Final = "signal.push"
DOING: Final = "管理安全事件接收地址 / manage signal streams"
URGENT: Final = frozenset({Signal.DISABLED, Signal.SESSIONS_REVOKED, Signal.PURGED})
HEAD_START: Final = timedelta(seconds=1)  # Of Keycloak, before a worker that is quicker than the one who ordered.
LONGEST = 512


class StreamForm(BaseModel):
    """A stream to be registered. `authorization` is the whole header the subsystem wants to see, or nothing.

    `audience` stands in every token; without one it is the subsystem's client id.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    subsystem: str
    url: str
    authorization: str = ""
    audience: str = ""


class RegisteredStream(NamedTuple):
    """A stream with the token the subsystem asks with, shown this once."""

    stream: StreamRow
    token: str

    def __repr__(self) -> str:
        return f"RegisteredStream({self.stream.subsystem_id})"


def register_stream(act: Act, form: StreamForm) -> RegisteredStream:
    """Registers the stream of a subsystem, or gives the one it has new settings and a new token.

    What waits for a stream that is registered again goes to its new address. Done by a security administrator, or by
    the operator of the machine at installation. Raises RefusedInputError with every wrong field, NotFoundError.
    """
    check_host_or_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    reach.check_whole(act, doing=DOING)  # A stream tells of the people of every unit.
    _check_form(form)
    if form.subsystem not in {row.id for row in catalogue.list_subsystems(act)}:
        raise NotFoundError(kind="子系统 (subsystem)", name=form.subsystem)
    token = secrets.token_urlsafe(32)
    stream = _find(act, form.subsystem, lock=True) or StreamRow(subsystem_id=form.subsystem)
    stream.url, stream.audience = form.url, form.audience or form.subsystem
    stream.authorization_sealed = (
        act.vault.encrypt(form.authorization, _context(form.subsystem)) if form.authorization else None
    )
    stream.question_digest = _digest(act, token)
    stream.enabled, stream.disabled_at, stream.disabled_reason = True, None, ""
    stream.registered_by, stream.registered_at = act.actor.name, act.now
    act.session.add(stream)
    act.session.flush()
    _record(act, Event.STREAM_REGISTERED, stream, url=stream.url, audience=stream.audience)
    return RegisteredStream(stream, token)


def disable_stream(act: Act, subsystem: str, *, reason: str = "ordered") -> StreamRow:
    """Switches a stream off: nothing more is sent, and its token asks no more. An alarm, since a freeze misses it."""
    check_host_or_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    reach.check_whole(act, doing=DOING)  # A stream tells of the people of every unit.
    stream = find_stream(act, subsystem, lock=True)
    if stream.enabled:
        stream.enabled, stream.disabled_at, stream.disabled_reason = False, act.now, reason[:64]
        _record(act, Event.STREAM_DISABLED, stream, alarm=True)
    return stream


def list_streams(act: Act, *, enabled: bool | None = None) -> list[StreamRow]:
    """Streams by subsystem; all, only the enabled ones, or only the others."""
    statement = select(StreamRow).order_by(StreamRow.subsystem_id)
    if enabled is not None:
        statement = statement.where(StreamRow.enabled.is_(enabled))
    return list(act.session.scalars(statement))


def find_stream(act: Act, subsystem: str, *, lock: bool = False) -> StreamRow:
    """The stream of a subsystem, locked when it is to be changed; raises UnknownStreamError."""
    stream = _find(act, subsystem, lock=lock)
    if stream is None:
        raise UnknownStreamError(subsystem)
    return stream


def verify_stream(act: Act, subsystem: str) -> StepRow:
    """Enqueues a verification event (SSF 1.0), tried at once; raises UnknownStreamError, StreamDisabledError."""
    check_host_or_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    reach.check_whole(act, doing=DOING)  # A stream tells of the people of every unit.
    stream = find_stream(act, subsystem)
    if not stream.enabled:
        raise StreamDisabledError(subsystem=subsystem)
    mark = new_id()
    payload = {"stream": stream.id, "event": VERIFICATION, "payload": {"state": mark}}
    key = f"signal:{stream.id}:{mark}"
    step = outbox.enqueue(act, KIND, key=key, lane=f"{lanes.SIGNAL}{stream.id}:verification", payload=payload)
    act.urgent.append(step.id)
    _record(act, Event.STREAM_VERIFICATION_ORDERED, stream, state=mark)
    return step


def announce(
    act: Act,
    account: AccountRow,
    event: str,
    *,
    cause: str = "",
    request_id: str | None = None,
    credential_type: CredentialType = "fido2-roaming",
    credential_change: CredentialChange = "revoke",
) -> list[int]:
    """Enqueues, for each enabled stream, the tokens that tell of `event`; returns the steps' ids (I3, GS 12-14).

    `event` is disabled, enabled, sessions-revoked, credential-changed or purged. An account that Keycloak never had
    is known to no subsystem. What takes something away is tried at once after the commit, behind what waits for the
    same account and stream, so that nothing is overtaken.
    """
    return announce_all(
        act,
        [account],
        event,
        cause=cause,
        request_id=request_id,
        credential_type=credential_type,
        credential_change=credential_change,
    )


def announce_all(
    act: Act,
    some: Sequence[AccountRow],
    event: str,
    *,
    cause: str = "",
    request_id: str | None = None,
    credential_type: CredentialType = "fido2-roaming",
    credential_change: CredentialChange = "revoke",
) -> list[int]:
    """As `announce`, of many accounts at once."""
    signal = Signal(event)
    told = [account for account in some if account.keycloak_id]
    streams = list_streams(act, enabled=True) if told else []
    claims = {
        name: event_claims(
            name, act.now, cause=cause, credential_type=credential_type, credential_change=credential_change
        )
        for name in EVENTS[signal]
    }
    steps = [
        outbox.make_step(
            act,
            KIND,
            key=f"signal:{stream.id}:{new_id()}",
            lane=f"{lanes.SIGNAL}{stream.id}:{account.id}",
            payload={"stream": stream.id, "event": name, "subject": account.keycloak_id, "payload": payload},
            account_id=account.id,
            request_id=request_id or None,
            due_at=act.now + HEAD_START if signal in URGENT else act.now,
        )
        for account in told
        for stream in streams
        for name, payload in claims.items()
    ]
    outbox.enqueue_all(act, steps)
    if signal in URGENT and steps:
        act.urgent.extend(outbox.list_pending(act, {step.lane for step in steps}))
    return [step.id for step in steps]


def stream_asking(act: Act, token: str) -> StreamRow:
    """The enabled stream whose subsystem holds this token; raises NotSignedInError."""
    statement = select(StreamRow).where(StreamRow.question_digest == _digest(act, token), StreamRow.enabled)
    stream = act.session.scalars(statement).one_or_none()
    if stream is None:
        raise NotSignedInError
    return stream


def standing(act: Act, stream: StreamRow, name: str) -> tuple[str, list[str]]:
    """Status of the account with this Keycloak id or user name, and its permissions at the stream's own subsystem.

    Raises NotFoundError.
    """
    found = act.session.scalars(select(AccountRow).where(AccountRow.keycloak_id == name)).one_or_none()
    account = found or accounts.get_by_user_name(act, name)
    held = accounts.list_grants(act, account) if account.status == AccountStatus.ACTIVE else []
    return account.status, [grant.role for grant in held if grant.subsystem_id == stream.subsystem_id]


def authorization_of(vault: Vault, stream: StreamRow) -> str:
    """The header the subsystem wants to see; "" when it wants none."""
    if stream.authorization_sealed is None:
        return ""
    return vault.decrypt(stream.authorization_sealed, _context(stream.subsystem_id))


def reseal(act: Act) -> int:
    """Seals the headers of all streams under the present key (J5); returns how many were sealed anew."""
    renewed = 0
    for stream in list_streams(act):
        if stream.authorization_sealed is not None and act.vault.needs_rotation(stream.authorization_sealed):
            header = authorization_of(act.vault, stream)
            stream.authorization_sealed = act.vault.encrypt(header, _context(stream.subsystem_id))
            renewed += 1
    return renewed


def _find(act: Act, subsystem: str, *, lock: bool = False) -> StreamRow | None:
    statement = select(StreamRow).where(StreamRow.subsystem_id == subsystem)
    return act.session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def _digest(act: Act, token: str) -> str:
    return act.vault.digest(token, "signal_streams.question")


def _context(subsystem: str) -> str:
    return f"signal_streams.authorization:{subsystem}"


def _check_form(form: StreamForm) -> None:
    problems = []
    if not _is_plain_address(form.url):
        problems.append(FieldProblem("url", "应为 http(s) 地址，不含用户名", "an http(s) address without user name"))
    for name in ("authorization", "audience"):
        value: str = getattr(form, name)
        if len(value) > LONGEST or not value.isascii() or not value.isprintable():
            problems.append(FieldProblem(name, "应为不超过512个可见字符", "at most 512 visible ASCII characters"))
    if problems:
        raise RefusedInputError(problems)


def _is_plain_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    return plain and not parts.fragment and len(url) <= LONGEST and url.isascii() and url.isprintable()


def _record(act: Act, event: Event, stream: StreamRow, *, alarm: bool = False, **data: Any) -> None:
    audit.record(act, event, f"stream:{stream.subsystem_id}", alarm=alarm, **data)
