"""The laws of the house: what must hold whatever people, jobs and directories did. Each names what breaks it."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from connector.audit.note import VerifierKey
from connector.audit.seal import seal_pending
from connector.audit.sources import DatabaseSource
from connector.audit.verify import verify_log
from connector.departures.tables import DirectoryPersonRow
from connector.outbox.tables import StepRow
from connector.register.accounts import request_of
from connector.register.rebuild import LedgerOfRecord, compare
from connector.register.rebuild_tables import read_accounts, read_entries
from connector.register.tables import AccountRow, AccountStateRow, GrantRow, PersonRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from tests.town import Town
from tests.year.round_laws import ROUND_LAWS

Law = Callable[[Town], Iterator[str]]


def nobody_decides_on_himself(town: Town) -> Iterator[str]:
    """No decision by the applicant, by the person concerned, or by one who decided before (JC 7, HH 3)."""
    for session in _reading(town):
        own = or_(DecisionRow.person_id == RequestRow.applicant_id, DecisionRow.person_id == RequestRow.person_id)
        joined = select(RequestRow.number).join(DecisionRow, DecisionRow.request_id == RequestRow.id)
        yield from (
            f"{number}: decided by applicant or person concerned" for number in session.scalars(joined.where(own))
        )
        twice = select(DecisionRow.request_id, DecisionRow.version, DecisionRow.person_id)
        again = twice.group_by(DecisionRow.request_id, DecisionRow.version, DecisionRow.person_id)
        for row in session.execute(again.having(func.count() > 1)):
            yield f"{row.request_id}: one person decided twice"


def no_account_without_approval(town: Town) -> Iterator[str]:
    """Every account and every permission comes from an approved request, or from the founding paper (LC 6, JC 7)."""
    for session in _reading(town):
        approved = set(session.scalars(select(RequestRow.id).where(RequestRow.state == "approved")))
        for account in session.scalars(select(AccountRow)):
            source = request_of(account.opened_by)
            if source is not None and source not in approved:
                yield f"{account.user_name}: opened without approval"
        for grant in session.scalars(select(GrantRow)):
            source = request_of(grant.granted_by)
            if source is not None and source not in approved:
                yield f"{grant.account_id}: {grant.permission_id} without approval"


def every_stage_of_an_approval_is_decided(town: Town) -> Iterator[str]:
    """An approved request has an approving decision for each of its stages: none was skipped (LC 6(1), JC 11)."""
    for session in _reading(town):
        decided = exists().where(DecisionRow.stage_id == StageRow.id, DecisionRow.verdict == "approve")
        skipped = (
            select(RequestRow.number, StageRow.office)
            .join(StageRow, (StageRow.request_id == RequestRow.id) & (StageRow.version == RequestRow.version))
            .where(RequestRow.state == "approved", ~decided)
        )
        yield from (f"{number}: nobody decided as {office}" for number, office in session.execute(skipped))


def no_leaver_is_active(town: Town) -> Iterator[str]:
    """Whoever the directory says has left holds no active account here (LC 7(2), JC 14)."""
    for session in _reading(town):
        left = (
            select(AccountRow.user_name)
            .join(PersonRow, PersonRow.id == AccountRow.person_id)
            .join(DirectoryPersonRow, DirectoryPersonRow.key == PersonRow.directory_key)
            .where(DirectoryPersonRow.departed, AccountRow.status == AccountStatus.ACTIVE)
        )
        yield from (f"{name}: has left and is active" for name in session.scalars(left))


def keycloak_says_what_was_approved(town: Town) -> Iterator[str]:
    """Enabled in Keycloak is who is active here, with the roles he was granted and no other (C1, C3)."""
    users = {user.user_id: user for user in town.idp.list_accounts()}
    for session in _reading(town):
        for account in session.scalars(select(AccountRow)).all():
            user = users.pop(account.keycloak_id, None)
            if user is None:
                if account.keycloak_id and account.status != AccountStatus.CANCELLED:
                    yield f"{account.user_name}: not in Keycloak"
                continue
            if user.enabled != (account.status == AccountStatus.ACTIVE):
                yield f"{account.user_name}: {account.status} here, enabled={user.enabled} there"
            held = select(GrantRow.permission_id).where(GrantRow.account_id == account.id, GrantRow.until.is_(None))
            approved = set(session.scalars(held))
            roles = {
                f"{subsystem}:{role}" for subsystem, some in town.idp.roles_of(user.user_id).items() for role in some
            }
            if roles != approved:
                yield f"{account.user_name}: roles {sorted(roles ^ approved)} differ"
    yield from (f"{user.user_name}: in Keycloak, and nobody's account" for user in users.values())


def no_limit_is_missed_in_silence(town: Town) -> Iterator[str]:
    """A stage past its limit was marked as overdue, with its reminder and alarm (LC 7(1)(2), GX 8)."""
    now = town.clock.now()
    for session in _reading(town):
        late = or_(StageRow.closed_at > StageRow.due_at, (StageRow.state == "open") & (StageRow.due_at < now))
        silent = select(RequestRow.number, StageRow.office, StageRow.due_at).join(
            StageRow, StageRow.request_id == RequestRow.id
        )
        for number, office, due_at in session.execute(silent.where(late, StageRow.overdue_at.is_(None))):
            yield f"{number}: {office} was due {due_at:%Y-%m-%d %H:%M}, and nobody was told"


def one_state_at_a_time(town: Town) -> Iterator[str]:
    """An account's history has no gap and no overlap, and ends with its present status (JC 15)."""
    for session in _reading(town):
        begins = func.lead(AccountStateRow.since).over(
            partition_by=AccountStateRow.account_id, order_by=AccountStateRow.id
        )
        states = select(AccountStateRow.account_id, AccountStateRow.until, begins.label("next")).subquery()
        torn = select(states.c.account_id).where(
            states.c.next.is_not(None), states.c.until.is_distinct_from(states.c.next)
        )
        yield from (f"{account_id}: a gap in its history" for account_id in session.scalars(torn))
        last = select(AccountRow.user_name).join(AccountStateRow, AccountStateRow.account_id == AccountRow.id)
        wrong = last.where(AccountStateRow.until.is_(None), AccountStateRow.status != AccountRow.status)
        yield from (f"{name}: its history ends otherwise" for name in session.scalars(wrong))


def nothing_is_left_undone(town: Town) -> Iterator[str]:
    """No step of the outbox is dead, in conflict, or late: what was approved has come true (C4)."""
    for session in _reading(town):
        stuck = StepRow.state.in_(("dead", "conflict"))
        late = StepRow.state.in_(("pending", "leased")) & (StepRow.due_at <= town.clock.now())
        for step in session.scalars(select(StepRow).where(or_(stuck, late)).limit(20)):
            yield f"step {step.id} {step.kind}: {step.state} ({step.last_error or ''})"


def the_record_verifies(town: Town) -> Iterator[str]:
    """The sealed record fits its signed checkpoints from the first entry to the last (GX 10)."""
    seal_pending(town.connector.database, town.connector.signer, town.clock.now())
    key = VerifierKey.parse(town.connector.signer.verifier_key())
    report = verify_log(DatabaseSource(town.connector.database), key)
    if report.finding is not None:
        yield f"the record is {report.finding.kind.value} at {report.finding.position}"
    elif report.unsealed:
        yield f"{report.unsealed} entries are not sealed"


def the_ledger_of_the_record_is_that_of_the_tables(town: Town) -> Iterator[str]:
    """Rebuilt from the record alone, every account has the states and permissions that the tables have (A5; JC 15)."""
    for session in _reading(town):
        told = LedgerOfRecord().read(read_entries(session)).accounts
        yield from (str(each) for each in compare(told, read_accounts(session)))


LAWS: tuple[Law, ...] = (
    nobody_decides_on_himself,
    no_account_without_approval,
    every_stage_of_an_approval_is_decided,
    no_leaver_is_active,
    keycloak_says_what_was_approved,
    no_limit_is_missed_in_silence,
    one_state_at_a_time,
    nothing_is_left_undone,
    the_record_verifies,
    the_ledger_of_the_record_is_that_of_the_tables,
    *ROUND_LAWS,
)


def broken_laws(town: Town, laws: tuple[Law, ...] = LAWS) -> list[str]:
    """Everything that breaks a law, with the law's name."""
    return [f"{law.__name__}: {what}" for law in laws for what in law(town)]


def _reading(town: Town) -> Iterator[Session]:
    with town.connector.database.reading() as session:
        yield session


def figures(town: Town) -> dict[str, Any]:
    """How much there was to be broken."""
    with town.connector.database.reading() as session:

        def count(row: Any, *where: Any) -> int:
            return session.scalar(select(func.count()).select_from(row).where(*where)) or 0

        return {
            "persons": count(PersonRow),
            "accounts": count(AccountRow),
            "active": count(AccountRow, AccountRow.status == AccountStatus.ACTIVE),
            "requests": count(RequestRow),
            "approved": count(RequestRow, RequestRow.state == "approved"),
            "decisions": count(DecisionRow),
            "steps": count(StepRow),
            "overdue stages": count(StageRow, StageRow.overdue_at.is_not(None)),
        }
