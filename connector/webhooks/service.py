"""Registers, rotates, disables and reads the endpoints of approvers' systems (B11). Sends and receives nothing."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth import signatures
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register import appointments, units
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office
from connector.requests.tables import StageRow
from connector.storage.tables import new_id
from connector.webhooks.errors import EndpointNameTakenError, UnknownEndpointError
from connector.webhooks.tables import EndpointRow

OVERLAP: Final = timedelta(hours=24)  # How long the secrets before a rotation still count.
DOING: Final = "管理对接端点 / manage endpoints"


class EndpointForm(BaseModel):
    """An endpoint to be registered.

    `scheme` v1 shares a secret for each direction; v1a uses a key pair for each, and `incoming_key` may then be the
    `whpk_…` of the other side, so that its signing key never leaves it.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    unit_code: str
    name: str
    url: str
    offices: tuple[Office, ...]
    scheme: Literal["v1", "v1a"] = "v1"
    incoming_key: str = ""


class EndpointSecrets(NamedTuple):
    """What the other side needs, shown once: `outgoing` verifies our messages, `incoming` signs its own.

    `incoming` is empty when the other side gave its own public key.
    """

    endpoint: EndpointRow
    outgoing: str
    incoming: str

    def __repr__(self) -> str:
        return f"EndpointSecrets({self.endpoint.name})"


class _NewSecrets(NamedTuple):
    ours: str  # signs what we send
    theirs_to_verify: str
    incoming: str  # verifies what they send
    theirs_to_sign: str


def register_endpoint(act: Act, form: EndpointForm) -> EndpointSecrets:
    """Registers an endpoint of a unit and returns its secrets, this once (B11).

    Done by a security administrator. Raises RefusedInputError with every wrong field, EndpointNameTakenError.
    """
    appointments.check_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    _check_form(form)
    unit = units.get_unit(act, form.unit_code)
    made = _new_secrets(form.scheme, form.incoming_key)
    endpoint_id = new_id()
    endpoint = EndpointRow(
        id=endpoint_id,
        unit_id=unit.id,
        name=form.name,
        url=form.url,
        offices=[office.value for office in form.offices],
        outgoing_sealed=act.vault.encrypt(made.ours, _context(endpoint_id, "outgoing")),
        incoming_sealed=act.vault.encrypt(made.incoming, _context(endpoint_id, "incoming")),
        active=True,
        registered_by=act.actor.name,
        registered_at=act.now,
    )
    try:
        with act.session.begin_nested():
            act.session.add(endpoint)
    except IntegrityError:
        raise EndpointNameTakenError(name=form.name) from None
    _record(act, Event.ENDPOINT_REGISTERED, endpoint, unit=unit.code, offices=endpoint.offices, url=endpoint.url)
    return EndpointSecrets(endpoint, made.theirs_to_verify, made.theirs_to_sign)


def rotate_endpoint(act: Act, name: str, *, incoming_key: str = "") -> EndpointSecrets:
    """Gives an endpoint new secrets of the same kind; the present ones count for another 24 hours.

    Done by a security administrator. A second rotation within the 24 hours ends the oldest secrets at once.
    """
    appointments.check_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    endpoint = find_endpoint(act, name, lock=True)
    present = act.vault.decrypt(endpoint.outgoing_sealed, _context(endpoint.id, "outgoing"))
    scheme: Literal["v1", "v1a"] = "v1a" if present.startswith(signatures.SIGNING) else "v1"
    _check_incoming_key(scheme, incoming_key)
    made = _new_secrets(scheme, incoming_key)
    endpoint.outgoing_previous_sealed, endpoint.incoming_previous_sealed = (
        act.vault.encrypt(present, _context(endpoint.id, "outgoing_previous")),
        act.vault.encrypt(
            act.vault.decrypt(endpoint.incoming_sealed, _context(endpoint.id, "incoming")),
            _context(endpoint.id, "incoming_previous"),
        ),
    )
    endpoint.outgoing_sealed = act.vault.encrypt(made.ours, _context(endpoint.id, "outgoing"))
    endpoint.incoming_sealed = act.vault.encrypt(made.incoming, _context(endpoint.id, "incoming"))
    endpoint.previous_until = act.now + OVERLAP
    _record(act, Event.ENDPOINT_ROTATED, endpoint, previous_until=endpoint.previous_until.isoformat())
    return EndpointSecrets(endpoint, made.theirs_to_verify, made.theirs_to_sign)


def disable_endpoint(act: Act, name: str) -> EndpointRow:
    """Switches an endpoint off, both ways and at once. Done by a security administrator."""
    appointments.check_holds(act, Office.SECURITY_ADMINISTRATOR, doing=DOING)
    endpoint = find_endpoint(act, name, lock=True)
    switch_off(act, endpoint, cause="ordered")
    return endpoint


def switch_off(act: Act, endpoint: EndpointRow, *, cause: str) -> None:
    """Writes down that an endpoint is off: `ordered` by a person, or `gone` by its own answer 410 (an alarm)."""
    if not endpoint.active:
        return
    endpoint.active, endpoint.disabled_at, endpoint.disabled_cause = False, act.now, cause
    _record(act, Event.ENDPOINT_DISABLED, endpoint, alarm=cause != "ordered", cause=cause)


def get_endpoint(act: Act, endpoint_id: str) -> EndpointRow:
    """The endpoint with this id; raises UnknownEndpointError."""
    endpoint = act.session.get(EndpointRow, endpoint_id)
    if endpoint is None:
        raise UnknownEndpointError
    return endpoint


def find_endpoint(act: Act, name: str, *, lock: bool = False) -> EndpointRow:
    """The endpoint with this name, locked when it is to be changed; raises UnknownEndpointError."""
    statement = select(EndpointRow).where(EndpointRow.name == name)
    endpoint = act.session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if endpoint is None:
        raise UnknownEndpointError
    return endpoint


def list_endpoints(act: Act, *, active: bool | None = None) -> list[EndpointRow]:
    """Endpoints by name; all, only the active ones, or only the others."""
    statement = select(EndpointRow).order_by(EndpointRow.name)
    if active is not None:
        statement = statement.where(EndpointRow.active.is_(active))
    return list(act.session.scalars(statement))


def is_entitled(act: Act, endpoint: EndpointRow, stage: StageRow) -> bool:
    """Whether an endpoint hears of this stage and may answer for it: its offices, its unit or below; the centre all."""
    if stage.office not in endpoint.offices:
        return False
    own = act.session.get_one(UnitRow, endpoint.unit_id)
    return units.is_within(act.session.get_one(UnitRow, stage.unit_id), own) or own.id == units.centre(act).id


def outgoing_secrets(act: Act, endpoint: EndpointRow) -> list[str]:
    """The secrets that sign a message to the endpoint now: one, or two while rotating."""
    return _opened(act, endpoint, "outgoing", endpoint.outgoing_sealed, endpoint.outgoing_previous_sealed)


def incoming_secrets(act: Act, endpoint: EndpointRow) -> list[str]:
    """The secrets that verify a message from the endpoint now: one, or two while rotating."""
    return _opened(act, endpoint, "incoming", endpoint.incoming_sealed, endpoint.incoming_previous_sealed)


def reseal(act: Act) -> int:
    """Seals the secrets of all endpoints under the present key (J5); returns how many were sealed anew."""
    renewed = 0
    for endpoint in list_endpoints(act):
        for way in ("outgoing", "outgoing_previous", "incoming", "incoming_previous"):
            sealed = getattr(endpoint, f"{way}_sealed")
            if sealed is not None and act.vault.needs_rotation(sealed):
                context = _context(endpoint.id, way)
                setattr(endpoint, f"{way}_sealed", act.vault.encrypt(act.vault.decrypt(sealed, context), context))
                renewed += 1
    return renewed


def _opened(act: Act, endpoint: EndpointRow, way: str, present: bytes, previous: bytes | None) -> list[str]:
    secrets = [act.vault.decrypt(present, _context(endpoint.id, way))]
    if previous is not None and _counts(endpoint.previous_until, act.now):
        secrets.append(act.vault.decrypt(previous, _context(endpoint.id, f"{way}_previous")))
    return secrets


def _counts(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


def _context(endpoint_id: str, way: str) -> str:
    return f"webhook_endpoints.{way}:{endpoint_id}"


def _new_secrets(scheme: str, incoming_key: str) -> _NewSecrets:
    if scheme == "v1":
        outgoing, incoming = signatures.new_secret(), signatures.new_secret()
        return _NewSecrets(outgoing, outgoing, incoming, incoming)
    ours = signatures.new_key_pair()
    if incoming_key:
        return _NewSecrets(ours.signing, ours.verifying, incoming_key, "")
    theirs = signatures.new_key_pair()
    return _NewSecrets(ours.signing, ours.verifying, theirs.verifying, theirs.signing)


def _check_form(form: EndpointForm) -> None:
    problems = []
    if not form.name or len(form.name) > 64:
        problems.append(FieldProblem("name", "请填写名称（64字以内）", "give a name of at most 64 characters"))
    if not form.offices:
        problems.append(FieldProblem("offices", "请至少选择一个岗位", "name at least one office", "JC 11"))
    if not _is_plain_address(form.url):
        problems.append(FieldProblem("url", "应为 http(s) 地址，不含用户名", "an http(s) address without user name"))
    if problems:
        raise RefusedInputError(problems)
    _check_incoming_key(form.scheme, form.incoming_key)


def _check_incoming_key(scheme: str, incoming_key: str) -> None:
    if not incoming_key:
        return
    if scheme != "v1a" or not incoming_key.startswith(signatures.VERIFYING):
        raise signatures.SecretFormatError
    signatures.check_verifying_secret(incoming_key)


def _is_plain_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    return plain and not parts.fragment and len(url) <= 512 and url.isascii()


def _record(act: Act, event: Event, endpoint: EndpointRow, *, alarm: bool = False, **data: Any) -> None:
    audit.record(act, event, f"endpoint:{endpoint.id}", alarm=alarm, name=endpoint.name, **data)
