"""What Keycloak knows of accounts that are older than the mirror: asked for once, in batches that can be resumed.

One brief listing of all accounts, then the credentials of each account that needs it: one call per account (about 200
a second), so it is never part of a scan; from then on the events tell. Where a gap made events worthless, those
accounts are asked for again.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from connector.activity import snapshots
from connector.activity.evidence_tables import BaselineRow
from connector.activity.reader import OpenAct
from connector.activity.rules import PasswordEvidence
from connector.activity.tables import ActivityRow, CursorRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.ports import AccountSnapshot, ActivityArchive, IdentityProvider, UnknownUserError
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus

BATCH = 100
PAGE = 1000
PARALLEL = 4  # Calls at once: twice as fast as one by one, and people still log in (measured).
API, DATABASE = "api", "database"
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Taken:
    """What one run did: accounts asked for (of them with a known password), and whether nothing is left to ask."""

    asked: int
    known: int
    finished: bool


def ignore_progress(_done: int, _total: int | None) -> None:
    """For those who do not want to be told."""


def take_baseline(
    idp: IdentityProvider,
    open_act: OpenAct,
    *,
    limit: int | None = None,
    progress: Progress = ignore_progress,
) -> Taken:
    """Asks Keycloak for at most `limit` accounts, from where the last run stopped (LC 7(2), JC 25).

    `progress(done, total)` is called after each batch. Raises KeycloakUnavailableError; what was answered is kept.
    """
    with open_act() as act:
        run = find_open(act, API) or _start(act, API)
    if run is None:
        return Taken(0, 0, finished=True)
    if run.listed_at is None:
        _list_everybody(idp, open_act, run.id)
    asked = known = 0
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="baseline") as pool:
        while limit is None or asked < limit:
            with open_act() as act:
                run = act.session.get_one(BaselineRow, run.id)
                batch = list_pending(act, run.position, BATCH if limit is None else min(BATCH, limit - asked))
            if not batch:
                break
            found = list(pool.map(lambda one: _ask(idp, one), [user_id for _, user_id in batch]))
            with open_act() as act:
                known += _record(act, run.id, batch[-1][0], found)
            asked += len(batch)
            progress(run.asked + len(batch), run.total)
        else:
            return Taken(asked, known, finished=False)
    with open_act() as act:
        _finish(act, run.id)
    return Taken(asked, known, finished=True)


def load_archive(
    archive: ActivityArchive, open_act: OpenAct, *, page: int = PAGE, progress: Progress = ignore_progress
) -> Taken:
    """The same for all accounts from Keycloak's own database, with the last use that its events show.

    Raises ArchiveUnavailableError, UnknownArchiveError; what was read is kept, and the next run goes on from there.
    """
    archive.check()
    with open_act() as act:
        run = find_open(act, DATABASE) or _new_run(act, DATABASE, archive.count())
    asked, known, position = 0, 0, run.position
    while found := archive.read(position, page):
        position = found[-1].user_id
        with open_act() as act:
            snapshots.record_listing(act, found)
            known += _record(act, run.id, position, found)
        asked += len(found)
        progress(run.asked + asked, run.total)
    with open_act() as act:
        act.session.get_one(BaselineRow, run.id).listed_at = act.now
        _finish(act, run.id)
    return Taken(asked, known, finished=True)


def _ask(idp: IdentityProvider, user_id: str) -> AccountSnapshot:
    try:
        return AccountSnapshot(user_id=user_id, credentials=tuple(idp.list_credentials(user_id)))
    except UnknownUserError:
        return AccountSnapshot(user_id=user_id, gone=True)  # Reconciliation reports it; it is not asked for again.


def _list_everybody(idp: IdentityProvider, open_act: OpenAct, run_id: int) -> None:
    """From the beginning if it was interrupted: 3,000 accounts a second."""
    listed = (
        AccountSnapshot(user_id=user.user_id, created_at=user.created_at, enabled=user.enabled)
        for user in idp.list_accounts()
    )
    while page := list(islice(listed, PAGE)):
        with open_act() as act:
            snapshots.record_listing(act, page)
    with open_act() as act:
        act.session.get_one(BaselineRow, run_id).listed_at = act.now


def find_open(act: Act, source: str) -> BaselineRow | None:
    """The baseline that was interrupted, or goes on in slices."""
    query = select(BaselineRow).where(BaselineRow.source == source, BaselineRow.finished_at.is_(None))
    return act.session.scalars(query.order_by(BaselineRow.id.desc()).limit(1)).first()


def _start(act: Act, source: str) -> BaselineRow | None:
    """A new run, if anybody has to be asked for; everybody is listed once, and again after a gap."""
    total = act.session.scalar(select(func.count()).select_from(_pending(act).subquery())) or 0
    if not total:
        return None
    run = _new_run(act, source, total)
    listed_at = act.session.scalar(select(func.max(BaselineRow.listed_at)))
    covers = _all_known_since(act)
    run.listed_at = listed_at if listed_at and (covers is None or listed_at >= covers) else None
    act.session.flush()
    return run


def _new_run(act: Act, source: str, total: int) -> BaselineRow:
    run = BaselineRow(source=source, started_at=act.now, total=total, asked=0, position="")
    act.session.add(run)
    act.session.flush()
    return run


def _all_known_since(act: Act) -> datetime | None:
    """Since when no event of either kind is missing; None before the first read."""
    return act.session.scalar(select(func.max(CursorRow.covers_since)))


def _needed(covers: datetime | None) -> ColumnElement[bool]:
    never_asked = ActivityRow.baseline_at.is_(None)
    unknown = or_(
        ActivityRow.keycloak_id.is_(None),
        and_(never_asked, ActivityRow.password_evidence == PasswordEvidence.UNKNOWN.value),
    )
    if covers is None:
        return unknown
    return or_(unknown, and_(never_asked, AccountRow.opened_at < covers), ActivityRow.baseline_at < covers)


def _pending(act: Act, after: str = "") -> Select[str, str | None]:
    return (
        select(AccountRow.id, AccountRow.keycloak_id)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .where(
            AccountRow.id > after,
            AccountRow.status == AccountStatus.ACTIVE.value,
            AccountRow.keycloak_id.is_not(None),
            ActivityRow.gone_at.is_(None),
            _needed(_all_known_since(act)),
        )
    )


def list_pending(act: Act, after: str, limit: int) -> list[tuple[str, str]]:
    """Active accounts whose credentials have to be asked for, by account id above `after`: (account, Keycloak id)."""
    rows = act.session.execute(_pending(act, after).order_by(AccountRow.id).limit(limit))
    return [(account_id, str(user_id)) for account_id, user_id in rows]


def _record(act: Act, run_id: int, position: str, found: Sequence[AccountSnapshot]) -> int:
    """Stores the answers and the position in one transaction; returns how many passwords are known by them."""
    known = snapshots.record_credentials(act, found)
    run = act.session.get_one(BaselineRow, run_id, with_for_update=True)
    run.position, run.asked = position, run.asked + len(found)
    return known


def _finish(act: Act, run_id: int) -> None:
    run = act.session.get_one(BaselineRow, run_id, with_for_update=True)
    run.finished_at = act.now
    audit.record(act, Event.ACTIVITY_BASELINE_TAKEN, "activity:passwords", source=run.source, asked=run.asked)
