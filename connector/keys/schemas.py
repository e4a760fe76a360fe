"""Shapes of the keys' API: what is sent, and what is shown. No name of a person, no number of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from connector.auth.act import Act
from connector.keys.rules import STATE_NAMES, KeyState
from connector.keys.tables import HardwareKeyRow, KeyBatchRow, KeyEventRow, KeyFindingRow, ReplacementRow, WaiverRow
from connector.register.tables import AccountRow

Cell = Annotated[str, StringConstraints(max_length=1400)]
Note = Annotated[str, StringConstraints(max_length=256)]
Receipt = Annotated[str, StringConstraints(min_length=1, max_length=64)]
UserName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MOST_ROWS = 2000  # in one call; a larger delivery comes as a file, by command


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class KeyRowForm(_Sent):
    """One key of a delivery: an AAGUID (WebAuthn) or a certificate's serial number, or both."""

    serial: Cell
    model: Cell
    batch: Cell = ""
    aaguid: Cell = ""
    cert_serial: Cell = ""
    key_id: Cell = Field("", description="credentialId, where the key was registered at the issuing desk")


class ImportForm(_Sent):
    """A delivery. `batch` is for rows that name none."""

    paper: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    supplier: Annotated[str, StringConstraints(max_length=128)] = ""
    batch: Annotated[str, StringConstraints(max_length=64)] = ""
    rows: Annotated[list[KeyRowForm], Field(min_length=1, max_length=MOST_ROWS)]


class IssueForm(_Sent):
    """To whom the key goes, and the number of the receipt he signed."""

    account: UserName = Field(description="user name")
    receipt: Receipt
    note: Note = ""


class ReturnForm(_Sent):
    """The number of the receipt the person got."""

    receipt: Receipt
    note: Note = ""


class ReportForm(_Sent):
    """What happened to the key."""

    note: Note = ""


class DestroyForm(_Sent):
    """Who sees the key destroyed, besides the custodian."""

    witness: UserName = Field(description="user name of a second person")
    note: Note = ""


class ImportView(_Shown):
    """How many keys were taken in, by batch, and their serial numbers in the order of the rows."""

    added: int
    batches: dict[str, int]
    serials: list[str]


class KeyView(BaseModel):
    """A key. `account` is who holds it, or lost it."""

    serial: str
    batch: str
    model: str
    aaguid: str | None
    cert_serial: str | None
    key_id: str | None
    status: KeyState
    status_zh: str
    account: str | None
    issued_at: datetime | None
    bound_at: datetime | None


class KeyListView(BaseModel):
    total: int
    rows: list[KeyView]


class KeyEventView(BaseModel):
    """One state of a key, from `at` to `until`."""

    former: str | None
    status: str
    status_zh: str
    at: datetime
    until: datetime | None
    by: str
    account: str | None
    receipt: str
    witness: str | None
    request_id: str | None
    note: str


class KeyUseView(_Shown):
    """One login by the key."""

    at: datetime
    user_name: str
    client_id: str | None
    ip: str | None
    error: str | None


class BatchView(BaseModel):
    number: str
    paper: str
    supplier: str
    received_at: datetime
    received_by: str
    keys: int


class FindingView(BaseModel):
    """A disagreement of Keycloak and the inventory: a credential unknown or another's, or a key's that is missing."""

    kind: str
    account: str
    key_id: str
    serial: str | None
    first_seen_at: datetime
    removed_at: datetime | None
    closed_at: datetime | None


class ReplacementView(BaseModel):
    """A case of a lost or damaged key; a new one may be issued once it is approved."""

    account: str
    cause: str
    former: str
    opened_at: datetime
    request_id: str | None
    approved_at: datetime | None
    replaced_by: str | None
    closed_at: datetime | None


class WaiverView(BaseModel):
    account: str
    request_id: str
    since: datetime
    until: datetime
    ended_at: datetime | None
    end_cause: str


def key_views(act: Act, rows: Sequence[HardwareKeyRow]) -> list[KeyView]:
    """Keys with the numbers of their batches and the user names of their holders."""
    names = user_names(act, [row.account_id for row in rows])
    wanted = select(KeyBatchRow.id, KeyBatchRow.number).where(KeyBatchRow.id.in_({row.batch_id for row in rows}))
    batches = {batch_id: number for batch_id, number in act.session.execute(wanted)}
    return [
        KeyView(
            serial=row.serial, batch=batches[row.batch_id], model=row.model, aaguid=row.aaguid,
            cert_serial=row.cert_serial, key_id=row.key_id, status=KeyState(row.status),
            status_zh=STATE_NAMES[KeyState(row.status)].zh, account=names.get(str(row.account_id)),
            issued_at=row.issued_at, bound_at=row.bound_at,
        )
        for row in rows
    ]  # fmt: skip


def key_view(act: Act, row: HardwareKeyRow) -> KeyView:
    return key_views(act, [row])[0]


def event_views(act: Act, rows: Sequence[KeyEventRow]) -> list[KeyEventView]:
    names = user_names(act, [row.account_id for row in rows])
    seen_by = _names_of_persons(act, [row.witness_id for row in rows])
    return [
        KeyEventView(
            former=row.former, status=row.status, status_zh=STATE_NAMES[KeyState(row.status)].zh, at=row.at,
            until=row.until, by=row.actor, account=names.get(str(row.account_id)), receipt=row.receipt,
            witness=seen_by.get(str(row.witness_id)), request_id=row.request_id, note=row.note,
        )
        for row in rows
    ]  # fmt: skip


def batch_view(row: KeyBatchRow, keys: int) -> BatchView:
    return BatchView(
        number=row.number, paper=row.paper, supplier=row.supplier, received_at=row.received_at,
        received_by=row.received_by, keys=keys,
    )  # fmt: skip


def finding_views(act: Act, rows: Sequence[KeyFindingRow]) -> list[FindingView]:
    names = user_names(act, [row.account_id for row in rows])
    return [
        FindingView(
            kind=row.kind, account=names[row.account_id], key_id=row.key_id, serial=row.serial,
            first_seen_at=row.first_seen_at, removed_at=row.removed_at, closed_at=row.closed_at,
        )
        for row in rows
    ]  # fmt: skip


def replacement_views(act: Act, rows: Sequence[ReplacementRow]) -> list[ReplacementView]:
    names = user_names(act, [row.account_id for row in rows])
    ids = {key_id for row in rows for key_id in (row.former_id, row.new_id) if key_id}
    wanted = select(HardwareKeyRow.id, HardwareKeyRow.serial).where(HardwareKeyRow.id.in_(ids))
    serials = {key_id: serial for key_id, serial in act.session.execute(wanted)}
    return [
        ReplacementView(
            account=names[row.account_id], cause=row.cause, former=serials[row.former_id], opened_at=row.opened_at,
            request_id=row.request_id, approved_at=row.approved_at, replaced_by=serials.get(str(row.new_id)),
            closed_at=row.closed_at,
        )
        for row in rows
    ]  # fmt: skip


def waiver_views(act: Act, rows: Sequence[WaiverRow]) -> list[WaiverView]:
    names = user_names(act, [row.account_id for row in rows])
    return [
        WaiverView(
            account=names[row.account_id], request_id=row.request_id, since=row.since, until=row.until,
            ended_at=row.ended_at, end_cause=row.end_cause,
        )
        for row in rows
    ]  # fmt: skip


def user_names(act: Act, account_ids: Sequence[str | None]) -> dict[str, str]:
    """User names by account id."""
    wanted = select(AccountRow.id, AccountRow.user_name).where(AccountRow.id.in_({i for i in account_ids if i}))
    return {account_id: name for account_id, name in act.session.execute(wanted)}


def _names_of_persons(act: Act, person_ids: Sequence[str | None]) -> dict[str, str]:
    ids = {person_id for person_id in person_ids if person_id}
    wanted = select(AccountRow.person_id, AccountRow.user_name).where(AccountRow.person_id.in_(ids))
    return {person_id: name for person_id, name in act.session.execute(wanted)}
