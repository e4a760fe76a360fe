"""Opens access reviews: every permission of the units' people is written down as it is now (JC 9, HH 3)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Row, func, or_, select

import connector.reviews.confined  # noqa: F401  # who sees a campaign is said there
from connector.activity.coverage import login_coverage
from connector.activity.evidence import unknown_reason
from connector.activity.tables import ActivityRow, SubsystemUseRow
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.register import matrix, offices, units
from connector.register.tables import AccountRow, GrantRow, PermissionRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.reviews import letters
from connector.reviews.errors import NothingToReviewError, ReviewUnderWayError
from connector.reviews.periods import Period, period_of
from connector.reviews.tables import CampaignRow, ReviewItemRow, ReviewNumberRow, SheetRow, SubjectRow
from connector.storage import numbers
from connector.storage.batches import in_batches
from connector.storage.tables import new_id

CLAUSE = "JC 9, HH 3"
LEAVES = 260  # The longest time limit that may be given, in working days.


def open_campaign(
    act: Act, unit_codes: Collection[str] = (), *, working_days: int | None = None, period: str | None = None
) -> CampaignRow:
    """Opens a review of these units and all below them (none named: all), due in so many working days.

    Done by the head of the system department, the machine's operator, or the clock. Raises NothingToReviewError,
    ReviewUnderWayError, NotFoundError; then nothing is stored.
    """
    if act.actor.kind is not ActorKind.JOB:
        offices.check_host_or_holds(act, Office.SYSTEM_DEPARTMENT_HEAD, doing="发起权限复核 / open an access review")
    held = _held(act, unit_codes)
    if not held:
        raise NothingToReviewError
    _check_free(act, {row.UnitRow.id for row in held})
    rule = act.rulebook.periodic("access_review")
    level = act.rulebook.service_level("access_review_due")
    due_at = act.rulebook.calendar.due(act.now, max(1, min(working_days or level.working_days, LEAVES)))
    campaign = CampaignRow(
        id=new_id(),
        number=numbers.next_number(act.session, ReviewNumberRow, "FC", act.now),
        period=period,
        clause=rule.clause if rule else CLAUSE,
        opened_by=act.actor.name,
        opened_at=act.now,
        due_at=due_at,
        listed_at=act.rulebook.calendar.due(due_at, act.rulebook.service_level("review_escalation").working_days),
    )
    act.session.add(campaign)
    act.session.flush()
    counts = _write_down(act, campaign, held)
    audit.record(
        act, Event.REVIEW_OPENED, f"review:{campaign.id}", number=campaign.number, period=period,
        due_at=campaign.due_at.isoformat(), counts=counts,
    )  # fmt: skip
    return campaign


def open_due_campaign(act: Act) -> CampaignRow | None:
    """Opens the review of the present period, once; None when it is open or done, or no pack asks for one.

    A register younger than the period has nothing to look back on yet.
    """
    rule = act.rulebook.periodic("access_review")
    if rule is None:
        return None
    period = period_of(act.now, rule.months)
    known = select(CampaignRow.id).where(CampaignRow.period == period.label)
    if act.session.scalar(known) is not None or not is_older(act, period):
        return None
    try:
        return open_campaign(act, period=period.label)
    except (NothingToReviewError, ReviewUnderWayError):
        return None


def is_older(act: Act, period: Period) -> bool:
    """Whether the register had accounts before this period began."""
    first = act.session.scalar(select(func.min(AccountRow.opened_at)))
    return first is not None and first < period.start


def get_campaign(act: Act, number: str) -> CampaignRow:
    """The campaign with this number; raises NotFoundError."""
    found = act.session.scalars(select(CampaignRow).where(CampaignRow.number == number)).one_or_none()
    if found is None:
        raise NotFoundError(kind="复核 (review)", name=number)
    return found


def sheets_of(act: Act, campaign: CampaignRow) -> list[tuple[SheetRow, UnitRow]]:
    """The units of a campaign in the order of the tree."""
    rows = act.session.execute(
        select(SheetRow, UnitRow)
        .join(UnitRow, UnitRow.id == SheetRow.unit_id)
        .where(SheetRow.campaign_id == campaign.id)
        .order_by(UnitRow.path)
    )
    return [(sheet, unit) for sheet, unit in rows]


Held = Row[GrantRow, PermissionRow, AccountRow, PersonRow, UnitRow]


def _held(act: Act, unit_codes: Collection[str]) -> Sequence[Held]:
    statement = (
        select(GrantRow, PermissionRow, AccountRow, PersonRow, UnitRow)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(GrantRow.until.is_(None), AccountRow.status != AccountStatus.CANCELLED.value, *_below(act, unit_codes))
        .order_by(UnitRow.path, AccountRow.user_name, PermissionRow.id)
    )
    return act.session.execute(statement).all()


def _below(act: Act, unit_codes: Collection[str]) -> list[ColumnElement[bool]]:
    paths = [units.get_unit(act, code).path for code in unit_codes]
    return [or_(*(UnitRow.path.startswith(path, autoescape=True) for path in paths))] if paths else []


def _check_free(act: Act, unit_ids: Iterable[str]) -> None:
    for some in in_batches(list(unit_ids)):
        busy = act.session.execute(
            select(UnitRow.name, CampaignRow.number)
            .join(SheetRow, SheetRow.unit_id == UnitRow.id)
            .join(CampaignRow, CampaignRow.id == SheetRow.campaign_id)
            .where(SheetRow.unit_id.in_(some), CampaignRow.closed_at.is_(None))
        ).first()
        if busy is not None:
            raise ReviewUnderWayError(unit=busy[0], number=busy[1])


def _write_down(act: Act, campaign: CampaignRow, held: Sequence[Held]) -> dict[str, int]:
    sheets: dict[str, SheetRow] = {}
    subjects: dict[str, SubjectRow] = {}
    uses = _Uses(act, {row.AccountRow.id for row in held})
    tables: dict[str, dict[str, frozenset[str]]] = {}
    items = []
    for row in held:
        unit, person, account = row.UnitRow, row.PersonRow, row.AccountRow
        if unit.id not in sheets:
            sheets[unit.id] = SheetRow(id=new_id(), campaign_id=campaign.id, unit_id=unit.id, level=0)
            tables[unit.id] = matrix.current(act, unit.id)
        if account.id not in subjects:
            subjects[account.id] = SubjectRow(
                id=new_id(), sheet_id=sheets[unit.id].id, account_id=account.id, person_id=person.id
            )
        may = tables[unit.id].get(person.post)
        last_used_at, unknown = uses.of(account.id, row.PermissionRow.subsystem_id)
        items.append(
            ReviewItemRow(
                subject_id=subjects[account.id].id,
                permission_id=row.PermissionRow.id,
                since=row.GrantRow.since,
                granted_by=row.GrantRow.granted_by,
                sensitive=row.PermissionRow.sensitive,
                excess=None if may is None else row.PermissionRow.id not in may,
                last_used_at=last_used_at,
                unknown=unknown,
            )
        )
    for rows in (sheets.values(), subjects.values(), items):
        act.session.add_all(rows)
        act.session.flush()
    for unit_id, sheet in sheets.items():
        letters.tell_opened(act, campaign, sheet, units.get_unit_by_id(act, unit_id))
    return {"units": len(sheets), "accounts": len(subjects), "permissions": len(items)}


class _Uses:
    """Last use of each subsystem by each account, and why it is not known, read in batches."""

    def __init__(self, act: Act, account_ids: Collection[str]) -> None:
        self._last: dict[str, dict[str, object]] = defaultdict(dict)
        self._unknown: dict[str, str] = {}
        coverage = login_coverage(act)
        for some in in_batches(account_ids):
            for account_id, subsystem, at in act.session.execute(
                select(AccountRow.id, SubsystemUseRow.subsystem_id, SubsystemUseRow.last_used_at)
                .join(SubsystemUseRow, SubsystemUseRow.keycloak_id == AccountRow.keycloak_id)
                .where(AccountRow.id.in_(some))
            ):
                self._last[account_id][subsystem] = at
            for account_id, why in act.session.execute(
                select(AccountRow.id, unknown_reason(coverage, AccountRow.opened_at, act.now))
                .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
                .where(AccountRow.id.in_(some))
            ):
                self._unknown[account_id] = why or ""

    def of(self, account_id: str, subsystem: str) -> tuple[object, str]:
        at = self._last[account_id].get(subsystem)
        return at, "" if at is not None else self._unknown.get(account_id, "")
