"""Takes a reviewer's answer for one account: keep or withdraw for each permission, once, by one person (JC 9).

What he withdraws becomes one ordinary request, of which his answer is the application; people decide it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.auth.levels import check_level
from connector.errors import ConnectorError, FieldProblem, NotFoundError, NotSignedInError, RefusedInputError
from connector.register import accounts, confine, units
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests import service as requests
from connector.requests.errors import NoApproverError
from connector.requests.forms import RequestForm, number_problems
from connector.reviews.campaigns import get_campaign
from connector.reviews.errors import AlreadyAnsweredError, CampaignClosedError, NotReviewerError, SelfReviewError
from connector.reviews.reviewers import bench_of, eligible
from connector.reviews.tables import CampaignRow, ReviewItemRow, SheetRow, SubjectRow

KEEP, WITHDRAW = "keep", "withdraw"
REASON = "权限复核{number}：复核人认为以下权限不再需要，请核准收回。"
SHORTEST_REASON = 2


class Answer(BaseModel):
    """Of one permission. A reason is needed to keep what the unit's table does not give the post (JC 11)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    permission: str = Field(max_length=96)
    answer: Literal["keep", "withdraw"]
    reason: str = Field("", max_length=500)


def answer(act: Act, number: str, user_name: str, answers: list[Answer]) -> SubjectRow:
    """Answers for one account of a campaign, every permission of it at once.

    The person must have proved a second factor. Raises StepUpNeededError, SelfReviewError, NotReviewerError,
    AlreadyAnsweredError, CampaignClosedError, RefusedInputError (a permission left out, one that is not there, an
    excess kept without a reason); then nothing is stored.
    """
    if act.actor.person_id is None:
        raise NotSignedInError
    check_level(act.actor)
    campaign = get_campaign(act, number)
    if campaign.closed_at is not None:
        raise CampaignClosedError(number=number)
    subject, sheet = _lock(act, campaign, user_name)
    office = check_may_answer(act, sheet, subject)
    confine.lift(act)  # The account is within the actor's units; who decides next may stand above them.
    if subject.answered_at is not None:
        raise AlreadyAnsweredError(at=f"{subject.answered_at:%Y-%m-%d %H:%M} UTC")
    items = items_of(act, subject)
    given = _checked(items, answers)
    for item in items:
        item.answer, item.reason = given[item.permission_id].answer, given[item.permission_id].reason
    subject.answered_by, subject.answered_as, subject.answered_at = act.actor.person_id, office.value, act.now
    withdrawn = [item.permission_id for item in items if item.answer == WITHDRAW]
    audit.record(
        act, Event.REVIEW_ANSWERED, f"review:{campaign.id}", person_id=subject.person_id,
        account_id=subject.account_id, number=campaign.number, office=office.value, level=sheet.level,
        kept=len(items) - len(withdrawn), withdraw=withdrawn,
    )  # fmt: skip
    if withdrawn:
        ask_withdrawal(act, campaign, subject, withdrawn)
    else:
        settle(act, campaign, subject, items, "kept")
    return subject


def check_may_answer(act: Act, sheet: SheetRow, subject: SubjectRow) -> Office:
    """The office in which the actor may answer for this account now; raises SelfReviewError, NotReviewerError."""
    bench = bench_of(act, units.get_unit_by_id(act, sheet.unit_id))
    may = eligible(bench, subject.person_id, sheet.level)
    names = "、".join(dict.fromkeys(f"{OFFICE_NAMES[o].zh} ({OFFICE_NAMES[o].en})" for o, _ in may)) or "--"
    if subject.person_id == act.actor.person_id:
        raise SelfReviewError(offices=names)
    office = next((office for office, person in may if person.id == act.actor.person_id), None)
    if office is None:
        raise NotReviewerError(offices=names)
    return office


def items_of(act: Act, subject: SubjectRow) -> list[ReviewItemRow]:
    """The permissions of one account as they were when the campaign opened, by id."""
    rows = select(ReviewItemRow).where(ReviewItemRow.subject_id == subject.id).order_by(ReviewItemRow.permission_id)
    return list(act.session.scalars(rows))


def ask_withdrawal(act: Act, campaign: CampaignRow, subject: SubjectRow, permissions: list[str]) -> None:
    """Submits the one request for this account. A refusal stands in the row and is tried again by the job.

    The applicant is the reviewer, so that he decides no stage of it (JC 7). The office above his confirms first; where
    nobody holds that, the next one above.
    """
    account = accounts.get_account(act, subject.account_id)
    held = {permission.id for permission in accounts.list_grants(act, account)}
    wanted = tuple(permission for permission in permissions if permission in held)
    if not wanted:  # Gone in another way since: there is nothing left to decide.
        settle(act, campaign, subject, items_of(act, subject), "gone")
        return
    reviewer = act.session.get_one(PersonRow, subject.answered_by)
    own = accounts.find_by_person(act, reviewer.id)
    name = own.user_name if own else reviewer.id
    asking = replace(act, actor=replace(act.actor, kind=ActorKind.JOB, name=f"review:{name}", person_id=reviewer.id))
    person = act.session.get_one(PersonRow, subject.person_id)
    form = RequestForm(
        kind=RequestKind.WITHDRAW_REVIEWED,
        unit_code=units.get_unit_by_id(act, person.unit_id).code,
        account=account.user_name,
        withdraw=wanted,
        reason=REASON.format(number=campaign.number),
    )
    subject.problem = ""
    for cause in _causes(subject.answered_as):
        try:
            with act.session.begin_nested():
                made = requests.submit_request(asking, form.model_copy(update={"cause": cause}))
            subject.request_id, subject.problem = made.id, ""
            return
        except NoApproverError as error:
            subject.problem = error.code
        except ConnectorError as error:
            subject.problem = error.code
            return


def settle(act: Act, campaign: CampaignRow, subject: SubjectRow, items: list[ReviewItemRow], outcome: str) -> None:
    """Writes down what became of the account's permissions: `outcome` for those to be withdrawn, kept for the rest."""
    for item in items:
        item.outcome = outcome if item.answer == WITHDRAW else "kept"
    subject.settled_at, subject.problem = act.now, ""
    audit.record(
        act, Event.REVIEW_SETTLED, f"review:{campaign.id}", person_id=subject.person_id,
        account_id=subject.account_id, request_id=subject.request_id, number=campaign.number, outcome=outcome,
    )  # fmt: skip


def _causes(answered_as: str) -> tuple[str, ...]:
    """Whose opinion the answer stands for; the chain begins with the office above. The last has none above it."""
    ladder = (Office.UNIT_HEAD.value, Office.LEADER_IN_CHARGE.value, Office.PRINCIPAL.value)
    return ladder[ladder.index(answered_as) :]


def _lock(act: Act, campaign: CampaignRow, user_name: str) -> tuple[SubjectRow, SheetRow]:
    found = act.session.execute(
        select(SubjectRow, SheetRow)
        .join(SheetRow, SheetRow.id == SubjectRow.sheet_id)
        .join(AccountRow, AccountRow.id == SubjectRow.account_id)
        .where(SheetRow.campaign_id == campaign.id, AccountRow.user_name == user_name.strip().lower())
        .with_for_update(of=SubjectRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="复核账号 (account under review)", name=user_name)
    return found[0], found[1]


def _checked(items: list[ReviewItemRow], answers: list[Answer]) -> Mapping[str, Answer]:
    given = {each.permission: each for each in answers}
    asked = {item.permission_id: item for item in items}
    problems = [
        FieldProblem(name, "请选择保留或收回", "choose keep or withdraw", "JC 9") for name in asked if name not in given
    ]
    problems += [
        FieldProblem(name, "不在复核清单中", "is not under review", "JC 9") for name in given if name not in asked
    ]
    for name, each in given.items():
        item = asked.get(name)
        if item is not None and item.excess and each.answer == KEEP and len(each.reason) < SHORTEST_REASON:
            problems.append(
                FieldProblem(name, "超出对照表，保留须写明理由", "beyond the unit's table: say why it is kept", "JC 11")
            )
        problems += number_problems(name, each.reason)
    if len(given) < len(answers):
        problems.append(FieldProblem("answers", "同一权限出现两次", "a permission stands twice", "JC 9"))
    if problems:
        raise RefusedInputError(problems, clause="JC 9, JC 11")
    return given
