"""Duties that come round: reviews, self-checks, counting of keys, inspections, filings, and corrections. Reads only."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select

from connector.auth.act import Act
from connector.duties.duty import Duty
from connector.errors import Text
from connector.register import offices, units
from connector.register.tables import UnitRow
from connector.regulations.rulebook import PeriodicRule
from connector.regulations.vocabulary import Office
from connector.reviews import corrections, filings, inspection_views, inspections, self_checks
from connector.reviews.campaigns import is_older
from connector.reviews.inspection_tables import InspectionRow
from connector.reviews.periods import Period, before, period_of
from connector.reviews.reviewers import LADDER
from connector.reviews.tables import CampaignRow, CorrectionRow, SheetRow, SubjectRow

CHECKS = {
    self_checks.SELF_CHECK: Text("账号使用自查", "self-check of the unit's accounts"),
    self_checks.KEY_CUSTODY: Text("密钥清点", "count of the keys in custody"),
}
# What no other room alarms, by the beginning of its key: checks, inspections, and corrections that nobody has checked.
TOLD_HERE = (*(f"{checklist}:" for checklist in CHECKS), "inspection:", "correction:")
STEPS = {
    "": (Text("制作季度备案材料", "prepare the quarterly filing"), Office.SYSTEM_DEPARTMENT_HEAD),
    filings.PREPARED: (Text("签署季度备案材料", "sign the quarterly filing"), Office.PRINCIPAL),
    filings.SIGNED: (
        Text("报送备案并登记回执", "hand the filing over, note its receipt"),
        Office.SYSTEM_DEPARTMENT_HEAD,
    ),
    filings.FILED: (Text("季度备案", "quarterly filing"), Office.SYSTEM_DEPARTMENT_HEAD),
}


def list_periodic(act: Act) -> Iterator[Duty]:
    """Everything that comes round, of the present period and of the one before as far as it is still open."""
    yield from _reviews(act)
    for checklist in CHECKS:
        yield from _checks(act, checklist)
    yield from _inspections(act)
    yield from _filings(act)
    yield from _corrections(act)


def _reviews(act: Act) -> Iterator[Duty]:
    """Each unit whose people's permissions are not all answered for, with the office whose turn it is."""
    rows = act.session.execute(
        select(CampaignRow, SheetRow, UnitRow, func.count())
        .join(SheetRow, SheetRow.campaign_id == CampaignRow.id)
        .join(UnitRow, UnitRow.id == SheetRow.unit_id)
        .join(SubjectRow, SubjectRow.sheet_id == SheetRow.id)
        .where(CampaignRow.closed_at.is_(None), SubjectRow.answered_at.is_(None))
        .group_by(CampaignRow.id, SheetRow.id, UnitRow.id)
    )
    for campaign, sheet, unit, count in rows:
        yield Duty(
            key=f"review:{campaign.number}:{unit.code}",
            what=Text(f"权限复核 {campaign.number}", f"access review {campaign.number}"),
            clause=campaign.clause,
            page=f"/pages/reviews/{campaign.number}",
            office=LADDER[min(sheet.level, len(LADDER) - 1)],
            unit=unit,
            count=count,
            due_at=campaign.listed_at if sheet.level else campaign.due_at,
        )


def _checks(act: Act, checklist: str) -> Iterator[Duty]:
    rule = act.rulebook.periodic(checklist)
    if rule is None:
        return
    for period in self_checks.periods_now(act, rule):
        if not is_older(act, period):
            continue
        for unit in inspection_views.signing_units(act, checklist):
            signed = self_checks.find_check(act, checklist, unit.id, period.label)
            if signed is not None and period.end <= act.now:
                continue  # Done for a period that is over: nothing to say of it any more.
            yield Duty(
                key=f"{checklist}:{period.label}:{unit.code}",
                what=Text(f"{CHECKS[checklist].zh} {period.label}", f"{CHECKS[checklist].en} {period.label}"),
                clause=rule.clause,
                page=f"/pages/self-checks/{checklist}?period={period.label}&unit={unit.code}",
                office=self_checks.SIGNERS[checklist],
                unit=unit,
                due_at=_due(act, period, rule),
                done_at=signed.signed_at if signed else None,
            )


def _inspections(act: Act) -> Iterator[Duty]:
    rule = act.rulebook.periodic("inspection")
    if rule is None:
        return
    present = period_of(act.now, rule.months)
    for period in (before(present, rule.months), present):
        if not is_older(act, period):
            continue
        rows = select(func.max(InspectionRow.reported_at)).where(
            InspectionRow.period == period.label, InspectionRow.state == inspections.REPORTED
        )
        done_at = act.session.scalar(rows)
        if done_at is not None and period is not present:
            continue
        yield Duty(
            key=f"inspection:{period.label}",
            what=Text(f"账号抽查 {period.label}", f"sampling inspection {period.label}"),
            clause=rule.clause,
            page="/pages/inspections",
            office=Office.SYSTEM_DEPARTMENT_HEAD,
            unit=units.centre(act),
            due_at=_due(act, period, rule),
            done_at=done_at,
        )


def _filings(act: Act) -> Iterator[Duty]:
    rule = act.rulebook.periodic("filing")
    if rule is None:
        return
    period = before(period_of(act.now, rule.months), rule.months)
    row = filings.find_filing(act, period.label)
    if row is None and not is_older(act, period):
        return
    what, office = STEPS[row.state if row else ""]
    yield Duty(
        key=f"filing:{period.label}",
        what=Text(f"{what.zh} {period.label}", f"{what.en} {period.label}"),
        clause=rule.clause,
        page="/pages/filings",
        office=office,
        unit=units.centre(act),
        due_at=_due(act, period, rule),
        done_at=row.filed_at if row else None,
    )


def _corrections(act: Act) -> Iterator[Duty]:
    rows = act.session.execute(
        select(CorrectionRow, UnitRow)
        .join(UnitRow, UnitRow.id == CorrectionRow.unit_id)
        .where(CorrectionRow.state != corrections.CHECKED)
        .order_by(CorrectionRow.due_on, CorrectionRow.id)
    )
    for row, unit in rows:
        is_open = row.state == corrections.OPEN
        yield Duty(
            key=f"correction:{row.id}",
            what=Text("整改", "put right") if is_open else Text("复查整改", "check what was put right"),
            clause=row.clause,
            page="/pages/corrections",
            office=None if is_open else Office.SYSTEM_DEPARTMENT_HEAD,
            unit=unit if is_open else units.centre(act),
            person_id=row.responsible_id if is_open else None,
            due_at=offices.end_of_day(row.due_on),
        )


def _due(act: Act, period: Period, rule: PeriodicRule) -> datetime:
    return act.rulebook.calendar.due(period.end, rule.working_days)
