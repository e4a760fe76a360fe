"""What is written down where Keycloak and the inventory disagree: found once, alarmed once, closed when settled."""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.keys import steps
from connector.keys.tables import KeyFindingRow
from connector.register.tables import AccountRow

Policy = Literal["remove", "alarm"]
MISSING = "missing"


def note_unwanted(act: Act, account: AccountRow, key_id: str, *, kind: str, serial: str | None, policy: Policy) -> bool:
    """A credential that is nobody's ("unknown") or another's ("foreign"): alarmed, and removed where the policy says.

    False when it was known already. With "alarm" nothing is removed, until the policy changes.
    """
    finding = _find_open(act, account.id, key_id)
    is_new = finding is None
    if finding is None:
        finding = _open(act, account, key_id, kind, serial)
        audit.record(
            act, Event.KEY_UNKNOWN_FOUND, f"key-finding:{finding.id}", alarm=True, account_id=account.id,
            person_id=account.person_id, kind=kind, key_id=key_id, serial=serial, policy=policy,
        )  # fmt: skip
    if policy == "remove" and finding.step_id is None:
        finding.step_id = steps.delete_unknown(act, account, key_id, finding.id).id
    return is_new


def note_missing(act: Act, account: AccountRow, key_id: str, serial: str) -> bool:
    """A bound key whose credential is gone from Keycloak: somebody deleted it there. False when known already."""
    if _find_open(act, account.id, key_id) is not None:
        return False
    finding = _open(act, account, key_id, MISSING, serial)
    audit.record(
        act, Event.KEY_CREDENTIAL_MISSING, f"key-finding:{finding.id}", alarm=True, account_id=account.id,
        person_id=account.person_id, key_id=key_id, serial=serial,
    )  # fmt: skip
    return True


def close_settled(act: Act, account_id: str, still: Collection[str]) -> int:
    """Closes the account's findings that are none any more; `still` are the credentialIds that disagree now."""
    opened = select(KeyFindingRow).where(KeyFindingRow.account_id == account_id, KeyFindingRow.closed_at.is_(None))
    settled = [row for row in act.session.scalars(opened) if row.key_id not in still]
    for row in settled:
        row.closed_at = act.now
    return len(settled)


def settle_removal(act: Act, finding_id: str, *, removed: bool) -> None:
    """Writes down, with the step's outcome, that the credential is gone."""
    finding = act.session.get(KeyFindingRow, finding_id)
    if finding is None or finding.removed_at is not None:
        return
    finding.closed_at = finding.closed_at or act.now
    if removed:
        finding.removed_at = act.now
        audit.record(
            act, Event.KEY_UNKNOWN_REMOVED, f"key-finding:{finding.id}", account_id=finding.account_id,
            kind=finding.kind, key_id=finding.key_id, serial=finding.serial,
        )  # fmt: skip


def list_findings(act: Act, *, open_only: bool = False, count: int = 200) -> list[KeyFindingRow]:
    """Findings, the newest first."""
    wanted = select(KeyFindingRow).order_by(KeyFindingRow.first_seen_at.desc(), KeyFindingRow.id).limit(count)
    if open_only:
        wanted = wanted.where(KeyFindingRow.closed_at.is_(None))
    return list(act.session.scalars(wanted))


def _find_open(act: Act, account_id: str, key_id: str) -> KeyFindingRow | None:
    wanted = select(KeyFindingRow).where(
        KeyFindingRow.account_id == account_id, KeyFindingRow.key_id == key_id, KeyFindingRow.closed_at.is_(None)
    )
    return act.session.scalars(wanted).one_or_none()


def _open(act: Act, account: AccountRow, key_id: str, kind: str, serial: str | None) -> KeyFindingRow:
    finding = KeyFindingRow(account_id=account.id, key_id=key_id, kind=kind, serial=serial, first_seen_at=act.now)
    act.session.add(finding)
    act.session.flush()
    return finding
