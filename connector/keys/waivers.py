"""Waivers: a one-time code instead of the key, approved, with an end, after which only the key opens (GS 10(2))."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.keys import steps
from connector.keys.errors import AccountNotReadyError, WaiverOverError
from connector.keys.tables import WaiverRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus


def start_waiver(act: Act, account: AccountRow, until: datetime, request_id: str) -> WaiverRow:
    """Lets a one-time code in until `until` (aware), as approved (GS 10(2)); the waiver before it ends.

    The person alone enrols the code: his password is renewed by a one-time link, since without his key a password
    alone would lead to the enrolment. Raises AccountNotReadyError unless active, WaiverOverError.
    """
    account = accounts.lock_account(act, account.id)
    if account.status != AccountStatus.ACTIVE:
        raise AccountNotReadyError(user_name=account.user_name, status=account.status)
    if until <= act.now:
        raise WaiverOverError
    if (former := find_waiver(act, account.id)) is not None:
        _close(act, former, account, "renewed")
    waiver = write_waiver(act, account, until, source=request_id)
    if former is None:
        steps.delete_credentials(act, account, "password", request_id=request_id)
    steps.update_user(act, account, request_id=request_id)
    if former is None:
        steps.require_enrolment(act, account, steps.ENROL_CODE, request_id=request_id)
        provisioning.issue_link(act, account, request_id=request_id)
    return waiver


def write_waiver(act: Act, account: AccountRow, until: datetime, *, source: str) -> WaiverRow:
    """Writes down a waiver and its entry in the record. `source` is a request id, or "paper:NUMBER"."""
    waiver = WaiverRow(account_id=account.id, request_id=source, since=act.now, until=until)
    act.session.add(waiver)
    act.session.flush()
    paper: dict[str, Any] = {"paper": source.removeprefix(accounts.PAPER)} if source.startswith(accounts.PAPER) else {}
    audit.record(
        act, Event.WAIVER_STARTED, f"key-waiver:{waiver.id}", account_id=account.id, person_id=account.person_id,
        request_id=accounts.request_of(source), until=until.isoformat(), **paper,
    )  # fmt: skip
    return waiver


def end_waiver(act: Act, account: AccountRow, *, cause: str = "withdrawn") -> bool:
    """Ends the waiver in force: back to the key, the code deleted, the sessions ended. False when there is none.

    Its steps are tried at once after the commit. `cause`: over, withdrawn, key_issued, cancelled.
    """
    waiver = find_waiver(act, account.id)
    if waiver is None:
        return False
    _close(act, waiver, account, cause)
    request_id = accounts.request_of(waiver.request_id)
    ordered = (
        steps.update_user(act, account, request_id=request_id),
        steps.delete_credentials(act, account, "otp", request_id=request_id),
    )
    act.urgent.extend(step.id for step in ordered if cause != "key_issued")
    return True


def end_due_waivers(act: Act) -> int:
    """Ends the waivers whose end has come; returns how many."""
    due = act.session.scalars(
        select(WaiverRow).where(WaiverRow.ended_at.is_(None), WaiverRow.until <= act.now).order_by(WaiverRow.until)
    )
    return sum(end_waiver(act, accounts.lock_account(act, waiver.account_id), cause="over") for waiver in due.all())


def find_waiver(act: Act, account_id: str) -> WaiverRow | None:
    """The waiver that is not ended."""
    wanted = select(WaiverRow).where(WaiverRow.account_id == account_id, WaiverRow.ended_at.is_(None))
    return act.session.scalars(wanted).one_or_none()


def has_waiver(act: Act, account: AccountRow) -> bool:
    """Whether a one-time code counts for this account at the act's moment."""
    waiver = find_waiver(act, account.id)
    return waiver is not None and waiver.until > act.now


def list_waivers(act: Act, *, open_only: bool = True, count: int = 200) -> list[WaiverRow]:
    """Waivers, the one that ends first at the top."""
    wanted = select(WaiverRow).order_by(WaiverRow.until, WaiverRow.id).limit(count)
    if open_only:
        wanted = wanted.where(WaiverRow.ended_at.is_(None))
    return list(act.session.scalars(wanted))


def _close(act: Act, waiver: WaiverRow, account: AccountRow, cause: str) -> None:
    waiver.ended_at, waiver.end_cause = act.now, cause
    act.session.flush()
    audit.record(
        act, Event.WAIVER_ENDED, f"key-waiver:{waiver.id}", account_id=account.id, person_id=account.person_id,
        request_id=accounts.request_of(waiver.request_id), cause=cause,
    )  # fmt: skip
