"""Reads what may explain a chunk of changes, in few queries however many changes there are. Decides nothing."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from connector.activity.tables import CursorRow, IdpEventRow
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.keys.tables import HardwareKeyRow, KeyEventRow, WaiverRow
from connector.outbox.tables import AttemptRow, StepRow
from connector.provenance.changes import Change, Shape
from connector.provenance.evidence import SLACK, Account, Applied, Evidence, Span, Try
from connector.provenance.kinds import Action
from connector.provenance.tables import FindingRow, KnownUserRow, QueuedChangeRow
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, PermissionRow
from connector.regulations.vocabulary import AccountClass

LONGEST_APPLY = timedelta(minutes=10)  # of one that has not told its end
DOORS = "keycloak.shut_doors"
OWN_CREDENTIALS = {  # events of the person's own, and the credential they make where they do not name its type
    "UPDATE_CREDENTIAL": "",
    "UPDATE_PASSWORD": "password",
    "UPDATE_TOTP": "otp",
    "CUSTOM_REQUIRED_ACTION": "webauthn",
}


def change_of_row(row: QueuedChangeRow) -> Change:
    return Change(
        event_id=row.event_id,
        at=row.at,
        shape=Shape(row.shape),
        by_us=row.by_us,
        user_id=row.user_id,
        actor_id=row.actor_id,
        actor_realm=row.actor_realm,
        actor_client=row.actor_client,
        facts=row.facts,
    )


def gather(act: Act, changes: Sequence[Change]) -> Evidence:
    """Everything that may explain these changes."""
    users = {change.user_id for change in changes if change.user_id}
    owners = owners_of(act, users)
    named = {
        str(change.facts["attributes"]["accountId"])
        for change in changes
        if change.by_us and change.shape is Shape.USER_CREATED and "accountId" in change.facts["attributes"]
    }
    ids = {*owners.values(), *named}
    first, last = min(change.at for change in changes), max(change.at for change in changes)
    return Evidence(
        owners=owners,
        accounts=_accounts(act, ids),
        tries=_tries(act, ids, first, last),
        stranger_tries=_stranger_tries(act, users - owners.keys()),
        passwords_set=_passwords_set(act, {c.user_id for c in changes if c.shape is Shape.PASSWORD_SET and c.user_id}),
        applied=_applied(act, first, last),
        catalogue=frozenset(act.session.scalars(select(PermissionRow.role))),
        shut_out=_shut_out(act, users),
    )


def owners_of(act: Act, user_ids: Collection[str]) -> dict[str, str]:
    """Account ids by Keycloak id: as the register has them now, else as the gate saw them before."""
    known = select(KnownUserRow.user_id, KnownUserRow.account_id).where(KnownUserRow.user_id.in_(user_ids))
    now = select(AccountRow.keycloak_id, AccountRow.id).where(AccountRow.keycloak_id.in_(user_ids))
    found = {str(user_id): str(account_id) for user_id, account_id in act.session.execute(known)}
    return found | {str(user_id): str(account_id) for user_id, account_id in act.session.execute(now)}


def _accounts(act: Act, ids: Collection[str]) -> dict[str, Account]:
    states, grants = _spans(act, AccountStateRow, AccountStateRow.status, ids), _grants(act, ids)
    waivers = _spans_of(act, WaiverRow.account_id, WaiverRow.since, WaiverRow.ended_at, ids)
    certificates = _certificates(act, ids)
    return {
        row.id: Account(
            id=row.id,
            user_name=row.user_name,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
            states=states[row.id],
            grants=grants[row.id],
            certificates=frozenset(certificates[row.id]),
            codes_by_class="otp" in act.rulebook.factors(AccountClass(row.account_class)),
            waivers=waivers[row.id],
        )
        for row in act.session.scalars(select(AccountRow).where(AccountRow.id.in_(ids)))
    }


def _spans(act: Act, table: Any, what: Any, ids: Collection[str]) -> defaultdict[str, list[tuple[str, Span]]]:
    found: defaultdict[str, list[tuple[str, Span]]] = defaultdict(list)
    rows = select(table.account_id, what, table.since, table.until).where(table.account_id.in_(ids))
    for account_id, value, since, until in act.session.execute(rows):
        found[account_id].append((value, Span(since, until)))
    return found


def _grants(act: Act, ids: Collection[str]) -> defaultdict[str, list[tuple[str, Span]]]:
    found: defaultdict[str, list[tuple[str, Span]]] = defaultdict(list)
    rows = (
        select(GrantRow.account_id, PermissionRow.role, GrantRow.since, GrantRow.until)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.account_id.in_(ids))
    )
    for account_id, role, since, until in act.session.execute(rows):
        found[account_id].append((role, Span(since, until)))
    return found


def _spans_of(act: Act, owner: Any, since: Any, until: Any, ids: Collection[str]) -> defaultdict[str, list[Span]]:
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for account_id, start, end in act.session.execute(select(owner, since, until).where(owner.in_(ids))):
        found[account_id].append(Span(start, end))
    return found


def _certificates(act: Act, ids: Collection[str]) -> defaultdict[str, set[str]]:
    """Serial numbers of certificates on keys that the accounts hold or held."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    held = select(HardwareKeyRow.account_id, HardwareKeyRow.cert_serial).where(HardwareKeyRow.account_id.in_(ids))
    before = (
        select(KeyEventRow.account_id, HardwareKeyRow.cert_serial)
        .join(HardwareKeyRow, HardwareKeyRow.id == KeyEventRow.hardware_key_id)
        .where(KeyEventRow.account_id.in_(ids))
    )
    for account_id, serial in [*act.session.execute(held), *act.session.execute(before)]:
        if serial:
            found[str(account_id)].add(serial)
    return found


def _tries(act: Act, ids: Collection[str], first: datetime, last: datetime) -> dict[str, list[Try]]:
    """Tries of the accounts' own steps, and of the steps of freeze orders that shut many doors at once."""
    found: defaultdict[str, list[Try]] = defaultdict(list)
    own = StepRow.account_id.in_(ids)
    for step, one in _tries_where(act, own, first, last):
        found[str(step.account_id)].append(one)
    for step, one in _tries_where(act, StepRow.kind == DOORS, first, last):
        for account_id in step.payload["account_ids"]:
            if account_id in ids:
                found[account_id].append(one)
    return found


def _stranger_tries(act: Act, users: Collection[str]) -> dict[str, list[Try]]:
    found: defaultdict[str, list[Try]] = defaultdict(list)
    lanes = [f"stranger:{user_id}" for user_id in users]
    for step, one in _tries_where(act, StepRow.lane.in_(lanes), None, None):
        found[step.lane.removeprefix("stranger:")].append(one)
    return found


def _tries_where(act: Act, condition: Any, first: datetime | None, last: datetime | None) -> list[tuple[StepRow, Try]]:
    """Every try that was under way between these moments: ended ones, and the one that goes on."""
    asked = condition & StepRow.kind.startswith("keycloak.")
    ended = select(StepRow, AttemptRow.started_at, AttemptRow.ended_at).join(
        AttemptRow, AttemptRow.step_id == StepRow.id
    )
    if first is not None and last is not None:
        ended = ended.where(AttemptRow.ended_at >= first - SLACK, AttemptRow.started_at <= last + SLACK)
    running = select(StepRow, StepRow.taken_at).where(asked, StepRow.state == "leased", StepRow.taken_at.is_not(None))
    return [
        *((step, _try(step, Span(since, until))) for step, since, until in act.session.execute(ended.where(asked))),
        *((step, _try(step, Span(taken_at))) for step, taken_at in act.session.execute(running) if taken_at),
    ]


def _try(step: StepRow, span: Span) -> Try:
    return Try(step.kind, span, step.enqueued_at, step.payload)


def _passwords_set(act: Act, users: Collection[str]) -> dict[str, list[datetime]]:
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    if users:
        rows = select(IdpEventRow.user_id, IdpEventRow.at, IdpEventRow.details).where(
            IdpEventRow.user_id.in_(users),
            IdpEventRow.resource_path.in_([f"users/{user_id}/reset-password" for user_id in users]),
        )
        for user_id, at, details in act.session.execute(rows):
            if details.get("by_us"):
                found[str(user_id)].append(at)
    return found


def _applied(act: Act, first: datetime, last: datetime) -> list[Applied]:
    """Runs of `realm apply` around these moments, each with the end that the record tells of."""
    kinds = (Event.REALM_APPLY_BEGUN.value, Event.REALM_APPLIED.value)
    rows = act.session.scalars(
        select(AuditEntryRow)
        .where(
            AuditEntryRow.event.in_(kinds),
            AuditEntryRow.at >= first - LONGEST_APPLY - SLACK,
            AuditEntryRow.at <= last + LONGEST_APPLY + SLACK,
        )
        .order_by(AuditEntryRow.id)
    ).all()
    ends: dict[str, datetime] = {
        str(row.data["run"]): row.at for row in rows if row.event == Event.REALM_APPLIED.value and "run" in row.data
    }
    return [
        Applied(str(row.data["administrator"]), Span(row.at, ends.get(str(row.data["run"]), row.at + LONGEST_APPLY)))
        for row in rows
        if row.event == Event.REALM_APPLY_BEGUN.value
    ]


def _shut_out(act: Act, users: Collection[str]) -> frozenset[str]:
    before = select(FindingRow.user_id).where(FindingRow.user_id.in_(users), FindingRow.action == Action.SHUT_OUT.value)
    return frozenset(str(user_id) for user_id in act.session.scalars(before))


def own_moments(act: Act, users: Collection[str]) -> Mapping[str, list[tuple[str, datetime]]]:
    """When each user made a credential himself, or our service account set the password of his link; with its type."""
    found: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    rows = select(IdpEventRow.user_id, IdpEventRow.at, IdpEventRow.type, IdpEventRow.details).where(
        IdpEventRow.user_id.in_(users),
        IdpEventRow.error.is_(None),
        or_(IdpEventRow.type.in_(OWN_CREDENTIALS), IdpEventRow.resource_path.like("users/%/reset-password")),
    )
    for user_id, at, event, details in act.session.execute(rows):
        if event in OWN_CREDENTIALS:
            found[str(user_id)].append((details.get("credential_type") or OWN_CREDENTIALS[event], at))
        elif details.get("by_us"):
            found[str(user_id)].append(("password", at))
    return found


def known_since(act: Act) -> datetime | None:
    """From when on the mirror has every event of both kinds; None while it has not read both."""
    since = list(act.session.scalars(select(CursorRow.covers_since)))
    return max(since) if len(since) == 2 else None
