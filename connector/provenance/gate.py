"""The gate: every administrative change in Keycloak is put down as it is read, and judged soon after (JC 9, GS 13).

A change is put down in the transaction that stores its event, and judged in the transaction that takes it away: each
once, none missed, in any order. What only Keycloak can answer is asked between two transactions.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, tuple_

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.ports import IdentityProvider, IdpCredential, IdpEvent, KeycloakRefusedError
from connector.provenance import findings, store
from connector.provenance.changes import Change, Shape, change_of
from connector.provenance.evidence import Evidence
from connector.provenance.rules import is_explained
from connector.provenance.suspects import Look, Policy
from connector.provenance.tables import FindingRow, GateRow, KnownUserRow, QueuedChangeRow
from connector.register.tables import AccountRow
from connector.storage.upsert import dialect_insert

OpenAct = Callable[[], AbstractContextManager[Act]]
GRACE = timedelta(seconds=20)  # The outcome of a step is written, and its user known, after its event is seen.
CHUNK = 200  # changes of one transaction
CLEARED_WITHIN = timedelta(days=7)  # how far back the record is asked for cleared logs
GATE = "admin events"


@dataclass
class Judged:
    """What one run did."""

    explained: int = 0
    found: int = 0
    waiting: int = 0


class ProvenanceWatch:
    """Puts down every change among the events that are new to the mirror. `expected` is the realm as code."""

    def __init__(self, expected: Mapping[str, Any]) -> None:
        self._expected = expected

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        """Returns how many changes were put down. What happened before the gate stood is not judged."""
        changes = [change for event in events if (change := change_of(event, self._expected)) is not None]
        if not changes:
            return 0
        since = _stands_since(act)
        _remember_users(act, changes)
        rows = [_row(act, change) for change in changes if change.at >= since]
        if rows:
            act.session.execute(dialect_insert(act.session, QueuedChangeRow).on_conflict_do_nothing(), rows)
        return len(rows)


def begin(act: Act) -> None:
    """The gate stands from now on, if it does not yet."""
    _stands_since(act)


def _stands_since(act: Act) -> Any:
    since = act.session.scalar(select(GateRow.since).where(GateRow.name == GATE))
    if since is not None:
        return since
    act.session.add(GateRow(name=GATE, since=act.now))
    owned = select(AccountRow.keycloak_id, AccountRow.id).where(AccountRow.keycloak_id.is_not(None))
    insert = dialect_insert(act.session, KnownUserRow).from_select(["user_id", "account_id"], owned)
    act.session.execute(insert.on_conflict_do_nothing())
    audit.record(act, Event.PROVENANCE_BEGUN, "gate:provenance")
    act.session.flush()
    return act.now


def _remember_users(act: Act, changes: Sequence[Change]) -> None:
    """Whose each user is, by what our own service account wrote when it made him, and by the register."""
    owned = store.owners_of(act, {change.user_id for change in changes if change.user_id})
    made = {
        change.user_id: change.facts["attributes"]["accountId"]
        for change in changes
        if change.by_us and change.shape is Shape.USER_CREATED and "accountId" in change.facts["attributes"]
    }
    made = _of_accounts_without_user(act, made)
    gone = {change.user_id: change.facts.get("user_name") for change in changes if change.shape is Shape.USER_DELETED}
    if names := {name for user_id, name in gone.items() if name and user_id not in owned}:
        named = select(AccountRow.user_name, AccountRow.id).where(AccountRow.user_name.in_(names))
        ids = {name: account_id for name, account_id in act.session.execute(named)}
        made |= {user_id: ids[name] for user_id, name in gone.items() if name in ids}
    if users := made | owned:
        rows = [{"user_id": user_id, "account_id": account_id} for user_id, account_id in users.items()]
        act.session.execute(dialect_insert(act.session, KnownUserRow).on_conflict_do_nothing(), rows)


def _of_accounts_without_user(act: Act, made: Mapping[Any, str]) -> dict[Any, str]:
    """Whoever has the service account's key may write any account's id into a user of his own making."""
    free = set(
        act.session.scalars(
            select(AccountRow.id).where(AccountRow.id.in_(set(made.values())), AccountRow.keycloak_id.is_(None))
        )
    )
    return {user_id: account_id for user_id, account_id in made.items() if account_id in free}


def _row(act: Act, change: Change) -> dict[str, Any]:
    return {**vars(change), "shape": change.shape.value, "facts": dict(change.facts), "seen_at": act.now}


def judge_changes(idp: IdentityProvider, open_act: OpenAct, *, policy: Policy, most_freezes: int) -> Judged:
    """Judges everything put down and due. Raises KeycloakUnavailableError; what was judged until then stays so."""
    done, after = Judged(), None
    with open_act() as act:
        begin(act)
        done.found += _judge_cleared(act, policy)
    while True:
        with open_act() as act:
            asked = _to_look_at(act, [store.change_of_row(row) for row in _take(act, after)])
        answers = {user_id: _ask(idp, user_id) for user_id in sorted(asked)}
        with open_act() as act:
            rows = _take(act, after, lock=True)
            if not rows:
                return done
            _judge(act, rows, answers, done, policy=policy, most_freezes=most_freezes)
            after = (rows[-1].at, rows[-1].event_id)


def _take(act: Act, after: Any, *, lock: bool = False) -> list[QueuedChangeRow]:
    query = select(QueuedChangeRow).order_by(QueuedChangeRow.at, QueuedChangeRow.event_id).limit(CHUNK)
    if after is not None:
        query = query.where(tuple_(QueuedChangeRow.at, QueuedChangeRow.event_id) > after)
    return list(act.session.scalars(query.with_for_update() if lock else query))


def _to_look_at(act: Act, changes: Sequence[Change]) -> set[str]:
    """Users of the register whom somebody wrote by hand: what was written beside the event shows only there."""
    users = {change.user_id for change in changes if change.user_id and _hides_something(change)}
    return set(store.owners_of(act, users)) if users else set()


def _hides_something(change: Change) -> bool:
    return change.shape is Shape.USER_UPDATED and not change.by_us


def _ask(idp: IdentityProvider, user_id: str) -> list[IdpCredential] | None:
    try:
        return idp.list_credentials(user_id)
    except KeycloakRefusedError:
        return None  # Deleted meanwhile, or taken out of the accounts group: each leaves an event of its own.


def _judge(
    act: Act,
    rows: Sequence[QueuedChangeRow],
    answers: Mapping[str, list[IdpCredential] | None],
    done: Judged,
    *,
    policy: Policy,
    most_freezes: int,
) -> None:
    changes = [store.change_of_row(row) for row in rows]
    evidence = store.gather(act, changes)
    looks = _looks(act, answers)
    for row, change in zip(rows, changes, strict=True):
        if is_explained(change, evidence):
            done.explained += 1
        elif (change.by_us and act.now - row.seen_at < GRACE) or _is_unasked(change, evidence, answers):
            done.waiting += 1
            continue
        else:
            look = looks.get(change.user_id or "")
            done.found += findings.open_findings(
                act, change, evidence, look, seen_at=row.seen_at, policy=policy, most_freezes=most_freezes
            )
        act.session.delete(row)
    act.session.flush()


def _is_unasked(change: Change, evidence: Evidence, answers: Mapping[str, Any]) -> bool:
    """It came in between the question and the answer: the next run asks."""
    return _hides_something(change) and change.user_id in evidence.owners and change.user_id not in answers


def _looks(act: Act, answers: Mapping[str, list[IdpCredential] | None]) -> dict[str, Look]:
    if not answers:
        return {}
    moments, since = store.own_moments(act, list(answers)), store.known_since(act)
    return {
        user_id: Look(credentials, moments.get(user_id, ()), since)
        for user_id, credentials in answers.items()
        if credentials is not None
    }


def _judge_cleared(act: Act, policy: Policy) -> int:
    """A cleared event log leaves no event: the mirror missed what it had read, and said so in the record (GX 10)."""
    told = select(AuditEntryRow).where(
        AuditEntryRow.event == Event.EVENTS_CLEARED_FOUND.value, AuditEntryRow.at > act.now - CLEARED_WITHIN
    )
    entries = {f"record:{entry.id}": entry for entry in act.session.scalars(told)}
    known = set(act.session.scalars(select(FindingRow.event_id).where(FindingRow.event_id.in_(entries))))
    for event_id, entry in entries.items():
        if event_id not in known:
            findings.open_cleared(act, event_id, entry, policy=policy)
    return len(entries.keys() - known)
