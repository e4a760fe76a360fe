"""Writes findings down, each once and with one alarm, and orders what policy says is to be done about them at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.provenance import remedies
from connector.provenance.changes import Change
from connector.provenance.evidence import Evidence
from connector.provenance.kinds import TABLE, Action, Kind
from connector.provenance.rules import account_of
from connector.provenance.suspects import Look, Policy, action_for, suspects_of
from connector.provenance.tables import FindingRow
from connector.register.tables import AccountRow


def open_findings(
    act: Act,
    change: Change,
    evidence: Evidence,
    look: Look | None,
    *,
    seen_at: datetime,
    policy: Policy,
    most_freezes: int,
) -> int:
    """One finding for each thing that this unexplained change amounts to; returns how many are new (JC 9, GS 13)."""
    account = account_of(change, evidence)
    opened = 0
    for suspect in suspects_of(change, evidence, look):
        if _is_known(act, change.event_id, suspect.kind):
            continue
        finding = FindingRow(
            event_id=change.event_id,
            kind=suspect.kind.value,
            severity=suspect.severity.value,
            account_id=account.id if account else None,
            user_id=change.user_id,
            by_us=change.by_us,
            actor_id=change.actor_id,
            actor_realm=change.actor_realm,
            actor_client=change.actor_client,
            facts=dict(suspect.facts),
            happened_at=change.at,
            seen_at=seen_at,
            action=action_for(suspect, change, evidence, policy).value,
        )
        _add(act, finding, policy)
        remedies.act_upon(act, finding, most_freezes=most_freezes)
        opened += 1
    return opened


def open_cleared(act: Act, event_id: str, entry: AuditEntryRow, *, policy: Policy) -> None:
    """Somebody emptied Keycloak's event log: what he hid by it is for reconciliation to find (GX 10).

    `entry` is the reader's alarm, written with the gap itself: it stands, and the finding names it by `event_id`.
    """
    finding = FindingRow(
        event_id=event_id,
        kind=Kind.EVENTS_CLEARED.value,
        severity=TABLE[Kind.EVENTS_CLEARED].severity.value,
        by_us=False,
        facts={"events": entry.subject.partition(":")[2], **_plain(entry.data)},
        happened_at=entry.at,
        seen_at=entry.at,
        action=Action.NONE.value,
    )
    _add(act, finding, policy, alarm=False)  # The entry it is opened from is the alarm: one fact, one alarm (GX 11).


def _add(act: Act, finding: FindingRow, policy: Policy, *, alarm: bool = True) -> None:
    finding.found_at, finding.held, finding.steps = act.now, False, []
    act.session.add(finding)
    act.session.flush()
    person_id = _person(act, finding.account_id)
    audit.record(
        act, Event.PROVENANCE_FOUND, f"finding:{finding.id}", alarm=alarm, account_id=finding.account_id,
        person_id=person_id, kind=finding.kind, severity=finding.severity, idp_event=finding.event_id,
        keycloak_user=finding.user_id, by=finding.actor_id, by_service_account=finding.by_us, policy=policy,
        action=finding.action,
    )  # fmt: skip


def _is_known(act: Act, event_id: str, kind: Kind) -> bool:
    known = select(FindingRow.id).where(FindingRow.event_id == event_id, FindingRow.kind == kind.value)
    return act.session.scalar(known) is not None


def _person(act: Act, account_id: str | None) -> str | None:
    return act.session.get_one(AccountRow, account_id).person_id if account_id else None


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if isinstance(value, str | int | bool)}
