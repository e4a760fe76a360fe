"""Carries campaigns on by the clock: reminders, silence goes up, withdrawals are followed to Keycloak, the end (JC 9).

Nothing is withdrawn by silence: what nobody answered stays as it is and is told to the principal.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.outbox import service as outbox
from connector.register import offices
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office
from connector.requests.deadlines import is_reminder_due
from connector.requests.tables import RequestRow
from connector.reviews import answers, letters
from connector.reviews.campaigns import get_campaign, sheets_of
from connector.reviews.errors import CampaignClosedError, CampaignOpenError
from connector.reviews.reviewers import TOP
from connector.reviews.tables import CampaignRow, ReviewItemRow, SheetRow, SubjectRow

ENDED = ("rejected", "withdrawn")
CLOSERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.PRINCIPAL)


def carry_on(act: Act) -> dict[str, int]:
    """One turn over the open campaigns; returns how many were reminded, raised, settled and closed."""
    counted = {"reminded": 0, "raised": 0, "settled": 0, "closed": 0}
    for campaign in act.session.scalars(select(CampaignRow).where(CampaignRow.closed_at.is_(None))).all():
        counted["settled"] += _settle(act, campaign)
        for sheet, unit in sheets_of(act, campaign):
            if not count(act, SubjectRow.sheet_id == sheet.id, SubjectRow.answered_at.is_(None)):
                continue
            counted["raised"] += _raise_when_due(act, campaign, sheet, unit)
            counted["reminded"] += _remind_when_due(act, campaign, sheet, unit)
        if is_done(act, campaign):
            _close(act, campaign, "")
            counted["closed"] += 1
    return counted


def close_campaign(act: Act, number: str, *, note: str) -> CampaignRow:
    """Ends a campaign although somebody never answered: by the system department's head or the principal.

    Only after what was not answered has stood in the principal's list, and never before each withdrawal is done in
    Keycloak or refused: CampaignOpenError. What was not answered stays as it is.
    """
    offices.check_holds(act, *CLOSERS, doing="结束权限复核 / end an access review")
    campaign = get_campaign(act, number)
    if campaign.closed_at is not None:
        raise CampaignClosedError(number=number)
    _settle(act, campaign)
    unanswered = _count_of(act, campaign, SubjectRow.answered_at.is_(None))
    waiting = _count_of(act, campaign, SubjectRow.answered_at.is_not(None), SubjectRow.settled_at.is_(None))
    if waiting or (unanswered and act.now < campaign.listed_at):
        raise CampaignOpenError(unanswered=unanswered, waiting=waiting)
    _close(act, campaign, note.strip())
    return campaign


def is_done(act: Act, campaign: CampaignRow) -> bool:
    """Whether every account is answered and every withdrawal is done in Keycloak or refused."""
    return not _count_of(act, campaign, SubjectRow.settled_at.is_(None))


def count(act: Act, *conditions: ColumnElement[bool]) -> int:
    """How many accounts under review these conditions leave."""
    return act.session.scalar(select(func.count()).select_from(SubjectRow).where(*conditions)) or 0


def _count_of(act: Act, campaign: CampaignRow, *conditions: ColumnElement[bool]) -> int:
    own = SubjectRow.sheet_id.in_(select(SheetRow.id).where(SheetRow.campaign_id == campaign.id))
    return count(act, own, *conditions)


def _raise_when_due(act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow) -> int:
    due = TOP if act.now >= campaign.listed_at else 1 if act.now >= campaign.due_at else 0
    if due <= sheet.level:
        return 0
    sheet.level, sheet.raised_at, sheet.reminded_at = due, act.now, None
    letters.tell_raised(act, campaign, sheet, unit)
    audit.record(
        act, Event.REVIEW_RAISED, f"review:{campaign.id}", number=campaign.number, unit=unit.code, level=due,
        alarm=due == TOP,
    )  # fmt: skip
    return 1


def _remind_when_due(act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow) -> int:
    begun, due = (campaign.opened_at, campaign.due_at) if not sheet.level else (sheet.raised_at, campaign.listed_at)
    if sheet.reminded_at is not None or begun is None:
        return 0
    if not is_reminder_due(act.rulebook.calendar, act.now, begun, due):
        return 0
    sheet.reminded_at = act.now
    letters.tell_reminder(act, campaign, sheet, unit)
    audit.record(act, Event.REVIEW_REMINDED, f"review:{campaign.id}", number=campaign.number, unit=unit.code)
    return 1


def _settle(act: Act, campaign: CampaignRow) -> int:
    """Follows the withdrawals of a campaign; returns how many accounts were settled."""
    rows = act.session.execute(
        select(SubjectRow, RequestRow)
        .join(SheetRow, SheetRow.id == SubjectRow.sheet_id)
        .outerjoin(RequestRow, RequestRow.id == SubjectRow.request_id)
        .where(
            SheetRow.campaign_id == campaign.id, SubjectRow.answered_at.is_not(None), SubjectRow.settled_at.is_(None)
        )
    ).all()
    for subject, request in rows:
        items = answers.items_of(act, subject)
        if request is None:
            answers.ask_withdrawal(act, campaign, subject, _wanted(items))
        elif request.state in ENDED:
            answers.settle(act, campaign, subject, items, "refused")
        elif request.state == "approved" and _is_carried_out(act, request):
            answers.settle(act, campaign, subject, items, "withdrawn")
    return sum(subject.settled_at is not None for subject, _ in rows)


def _is_carried_out(act: Act, request: RequestRow) -> bool:
    """Whether each step of the request has reached Keycloak."""
    return all(step.state == "done" for step in outbox.list_steps(act, request_id=request.id) if _is_change(step.kind))


def _is_change(kind: str) -> bool:
    return kind.startswith("keycloak.")


def _wanted(items: Sequence[ReviewItemRow]) -> list[str]:
    return [item.permission_id for item in items if item.answer == answers.WITHDRAW]


def _close(act: Act, campaign: CampaignRow, note: str) -> None:
    unanswered = _count_of(act, campaign, SubjectRow.answered_at.is_(None))
    campaign.closed_at, campaign.note = act.now, note
    campaign.closed_by = act.actor.name if act.actor.kind is not ActorKind.JOB else ""
    audit.record(
        act, Event.REVIEW_CLOSED, f"review:{campaign.id}", number=campaign.number, unanswered=unanswered, note=note
    )
