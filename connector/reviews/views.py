"""What is shown of access reviews: campaigns, the list of one unit, the report. Reads only, in the reader's units."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Row, select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register import confine, units
from connector.register.offices import OFFICE_NAMES
from connector.register.reach import Units, inside, units_in_reach
from connector.register.readers import REVIEWS
from connector.register.tables import AccountRow, PermissionRow, PersonRow, SubsystemRow, UnitRow
from connector.requests.tables import RequestRow
from connector.reviews.campaigns import get_campaign
from connector.reviews.reviewers import bench_of, eligible
from connector.reviews.tables import CampaignRow, ReviewItemRow, SheetRow, SubjectRow

DOING = "查看权限复核 / the access reviews"


class CampaignListed(BaseModel):
    """A review. `is_open` until every withdrawal is done or refused."""

    number: str
    period: str | None
    clause: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    listed_at: datetime
    closed_at: datetime | None
    is_open: bool


class UnitReport(BaseModel):
    """One unit of a review. Accounts are counted, and permissions by what became of them.

    `seconds_each`: how long one account took on average, where two or more were answered; very few seconds with
    everything kept are the sign of a review that nobody made.
    """

    unit_code: str
    unit_name: str
    level: int
    reviewers: list[str]
    answered_by: list[str]
    accounts: int
    answered: int
    unanswered: int
    kept: int
    to_withdraw: int
    withdrawn: int
    refused: int
    seconds_each: int | None


class CampaignReport(CampaignListed):
    note: str
    units: list[UnitReport]
    problems: list[str]


class ItemShown(BaseModel):
    """One permission as it was when the review opened. `excess` None: the unit's table does not say."""

    permission: str
    subsystem: str
    module: str
    workflow_role: str
    since: datetime
    granted_by: str
    sensitive: bool
    excess: bool | None
    last_used_at: datetime | None
    unknown: str
    answer: str
    reason: str
    outcome: str


class SubjectShown(BaseModel):
    """One account under review. `mine`: the reader may answer for it now."""

    user_name: str
    person: str
    unit_code: str
    unit_name: str
    post: str
    reviewers: list[str]
    mine: bool
    answered_by: str | None
    answered_as: str
    answered_at: datetime | None
    request: str | None
    request_state: str | None
    problem: str
    items: list[ItemShown]


def list_campaigns(act: Act, *, first: int = 0, count: int = 50) -> list[CampaignListed]:
    """Reviews the reader's units take part in, the newest first."""
    within = units_in_reach(act, REVIEWS, doing=DOING)
    part = (
        select(SheetRow.campaign_id).join(UnitRow, UnitRow.id == SheetRow.unit_id).where(*inside(within, UnitRow.path))
    )
    rows = select(CampaignRow).where(CampaignRow.id.in_(part)).order_by(CampaignRow.opened_at.desc())
    return [_listed(row) for row in act.session.scalars(rows.offset(first).limit(count))]


def report(act: Act, number: str) -> CampaignReport:
    """Who answered, what was kept and withdrawn, and what nobody answered, by unit (JC 9)."""
    within = units_in_reach(act, REVIEWS, doing=DOING)
    return report_of(act, get_campaign(act, number), within)


def report_of(act: Act, campaign: CampaignRow, within: Units = None) -> CampaignReport:
    """As `report`, of the units given; nobody is asked for an office."""
    found = [
        (sheet, unit)
        for sheet, unit in act.session.execute(
            select(SheetRow, UnitRow)
            .join(UnitRow, UnitRow.id == SheetRow.unit_id)
            .where(SheetRow.campaign_id == campaign.id, *inside(within, UnitRow.path))
            .order_by(UnitRow.path)
        )
    ]
    if not found:
        raise NotFoundError(kind="复核 (review)", name=campaign.number)
    own = [sheet.id for sheet, _ in found]
    stuck = select(SubjectRow.problem).where(SubjectRow.sheet_id.in_(own), SubjectRow.problem != "").distinct()
    return CampaignReport(
        **_listed(campaign).model_dump(),
        note=campaign.note,
        units=[_unit_report(act, sheet, unit) for sheet, unit in found],
        problems=sorted(act.session.scalars(stuck)),
    )


def list_subjects(act: Act, number: str, *, unit_code: str = "", mine: bool = False) -> list[SubjectShown]:
    """The accounts of a review with their permissions, in the reader's units; `mine`: those he may answer for."""
    campaign = get_campaign(act, number)
    within = units_in_reach(act, REVIEWS, doing=DOING)
    conditions = inside(within, UnitRow.path)
    if unit_code:
        conditions.append(UnitRow.id == units.get_unit(act, unit_code).id)
    rows = act.session.execute(
        select(SubjectRow, SheetRow, AccountRow.user_name, PersonRow, UnitRow, RequestRow.number, RequestRow.state)
        .join(SheetRow, SheetRow.id == SubjectRow.sheet_id)
        .join(UnitRow, UnitRow.id == SheetRow.unit_id)
        .join(AccountRow, AccountRow.id == SubjectRow.account_id)
        .join(PersonRow, PersonRow.id == SubjectRow.person_id)
        .outerjoin(RequestRow, RequestRow.id == SubjectRow.request_id)
        .where(SheetRow.campaign_id == campaign.id, *conditions)
        .order_by(UnitRow.path, AccountRow.user_name)
    ).all()
    shown = _shown(act, rows)
    return [each for each in shown if each.mine and not each.answered_at] if mine else shown


def _shown(
    act: Act, rows: Sequence[Row[SubjectRow, SheetRow, str, PersonRow, UnitRow, str, str]]
) -> list[SubjectShown]:
    benches = {unit.id: bench_of(act, unit) for _, _, _, _, unit, _, _ in rows}
    shown = []
    for subject, sheet, user_name, person, unit, number, state in rows:
        may = eligible(benches[unit.id], person.id, sheet.level)
        shown.append(
            SubjectShown(
                user_name=user_name,
                person=person.name,
                unit_code=unit.code,
                unit_name=unit.name,
                post=person.post,
                reviewers=[f"{each.name}（{OFFICE_NAMES[office].zh}）" for office, each in may],
                mine=any(each.id == act.actor.person_id for _, each in may),
                answered_by=_name(act, subject.answered_by) if subject.answered_by else None,
                answered_as=subject.answered_as,
                answered_at=subject.answered_at,
                request=number,
                request_state=state,
                problem=subject.problem,
                items=_items(act, subject),
            )
        )
    return shown


def _items(act: Act, subject: SubjectRow) -> list[ItemShown]:
    rows = act.session.execute(
        select(ReviewItemRow, PermissionRow, SubsystemRow.name)
        .join(PermissionRow, PermissionRow.id == ReviewItemRow.permission_id)
        .join(SubsystemRow, SubsystemRow.id == PermissionRow.subsystem_id)
        .where(ReviewItemRow.subject_id == subject.id)
        .order_by(ReviewItemRow.permission_id)
    )
    return [
        ItemShown(
            permission=permission.id,
            subsystem=subsystem,
            module=permission.module,
            workflow_role=permission.workflow_role,
            since=item.since,
            granted_by=_source(act, item.granted_by),
            sensitive=item.sensitive,
            excess=item.excess,
            last_used_at=item.last_used_at,
            unknown=item.unknown,
            answer=item.answer,
            reason=item.reason,
            outcome=item.outcome,
        )
        for item, permission, subsystem in rows
    ]


def _source(act: Act, granted_by: str) -> str:
    """The number of the request that gave it; a paper as it is."""
    request = act.session.get(RequestRow, granted_by)
    return request.number if request else granted_by


def _unit_report(act: Act, sheet: SheetRow, unit: UnitRow) -> UnitReport:
    subjects = list(act.session.scalars(select(SubjectRow).where(SubjectRow.sheet_id == sheet.id)))
    items = list(
        act.session.scalars(
            select(ReviewItemRow)
            .join(SubjectRow, SubjectRow.id == ReviewItemRow.subject_id)
            .where(SubjectRow.sheet_id == sheet.id)
        )
    )
    times = sorted(subject.answered_at for subject in subjects if subject.answered_at)
    bench = bench_of(act, unit)
    who = {subject.answered_by for subject in subjects if subject.answered_by}
    return UnitReport(
        unit_code=unit.code,
        unit_name=unit.name,
        level=sheet.level,
        reviewers=list(dict.fromkeys(person.name for _, person in eligible(bench, "", sheet.level))),
        answered_by=sorted(_name(act, person_id) for person_id in who),
        accounts=len(subjects),
        answered=len(times),
        unanswered=len(subjects) - len(times),
        kept=sum(item.answer == "keep" for item in items),
        to_withdraw=sum(item.answer == "withdraw" for item in items),
        withdrawn=sum(item.outcome in ("withdrawn", "gone") for item in items),
        refused=sum(item.outcome == "refused" for item in items),
        seconds_each=round((times[-1] - times[0]).total_seconds() / (len(times) - 1)) if len(times) > 1 else None,
    )


def _name(act: Act, person_id: str) -> str:
    with confine.beyond(act):  # Who answered is told, also when he stands above the reader's units.
        return act.session.get_one(PersonRow, person_id).name


def _listed(row: CampaignRow) -> CampaignListed:
    return CampaignListed(
        number=row.number,
        period=row.period,
        clause=row.clause,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        due_at=row.due_at,
        listed_at=row.listed_at,
        closed_at=row.closed_at,
        is_open=row.closed_at is None,
    )
