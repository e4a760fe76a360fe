"""REST routes of access reviews, self-checks and corrections. Who may see and answer is asked in the services."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from connector.http import ActDep
from connector.regulations.rulebook import CheckItem
from connector.reviews import answers, campaigns, carry_on, corrections, inspection_views, self_checks, views
from connector.reviews.answers import Answer
from connector.reviews.inspection_views import CorrectionShown, SelfCheckShown
from connector.reviews.self_checks import CheckAnswer
from connector.reviews.views import CampaignListed, CampaignReport, SubjectShown

Number = Annotated[str, Path(pattern=r"^FC-\d{4}-\d{6}$")]
CorrectionId = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]
Checklist = Annotated[str, Path(pattern="^[a-z_]{1,32}$")]
router = APIRouter(tags=["reviews"])


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReviewOrder(Sent):
    """Units by code with all below them; none means all."""

    units: list[str] = Field(default_factory=list, max_length=200)
    working_days: int | None = Field(None, ge=1, le=campaigns.LEAVES)


class Answers(Sent):
    answers: list[Answer] = Field(max_length=500)


class Note(Sent):
    note: str = Field("", max_length=500)


class Checked(Sent):
    """Whether it is put right; if not, why."""

    accepted: bool
    note: str = Field("", max_length=500)


class SignedCheck(Sent):
    unit_code: str = Field(max_length=32)
    period: str = Field(max_length=12, description="2026-Q3; the present period or the one before")
    answers: list[CheckAnswer] = Field(max_length=100)


class ChecklistShown(BaseModel):
    """What is asked, when it comes round, and who has signed."""

    checklist: str
    clause: str
    months: int
    questions: list[CheckItem]
    units: list[SelfCheckShown]


@router.get("/reviews")
def list_reviews(act: ActDep, first: Annotated[int, Query(ge=0, le=100_000)] = 0) -> list[CampaignListed]:
    """权限复核 / access reviews, the newest first (JC 9, HH 3)."""
    return views.list_campaigns(act, first=first)


@router.post("/reviews", status_code=201)
def open_review(act: ActDep, order: ReviewOrder) -> CampaignReport:
    """发起权限复核 / open an access review; the head of the system department (JC 9)."""
    return views.report_of(act, campaigns.open_campaign(act, order.units, working_days=order.working_days))


@router.get("/reviews/{number}")
def show_review(act: ActDep, number: Number) -> CampaignReport:
    """复核报告 / who answered, kept, withdrew, and what nobody answered (JC 9)."""
    return views.report(act, number)


@router.get("/reviews/{number}/accounts")
def list_accounts(
    act: ActDep,
    number: Number,
    unit: Annotated[str, Query(max_length=32)] = "",
    mine: Annotated[bool, Query(description="only what the caller may answer for")] = False,
) -> list[SubjectShown]:
    """复核清单 / the accounts with their permissions as they were at the opening (JC 9)."""
    return views.list_subjects(act, number, unit_code=unit, mine=mine)


@router.post("/reviews/{number}/accounts/{user_name}", status_code=204)
def answer_account(act: ActDep, number: Number, user_name: str, sent: Answers) -> None:
    """答复一个账号 / keep or withdraw, for each permission of one account, once (JC 9, JC 11)."""
    answers.answer(act, number, user_name, sent.answers)


@router.post("/reviews/{number}/close")
def close_review(act: ActDep, number: Number, sent: Note) -> CampaignReport:
    """结束复核 / end a review in which somebody never answered; nothing is withdrawn by silence (JC 9)."""
    return views.report_of(act, carry_on.close_campaign(act, number, note=sent.note))


@router.get("/self-checks/{checklist}")
def show_checklist(
    act: ActDep, checklist: Checklist, period: Annotated[str, Query(max_length=12)] = ""
) -> ChecklistShown:
    """自查清单 / what is asked and which units have signed (HH 3, GS 16)."""
    rule, questions = self_checks.rule_of(act, checklist)
    signed = inspection_views.list_checks(act, checklist, period)
    return ChecklistShown(
        checklist=checklist, clause=rule.clause, months=rule.months, questions=list(questions), units=signed
    )


@router.post("/self-checks/{checklist}", status_code=204)
def sign_checklist(act: ActDep, checklist: Checklist, sent: SignedCheck) -> None:
    """签署自查 / sign the check of a unit and a period; findings become corrections (HH 3, GS 16)."""
    self_checks.sign_check(act, checklist, sent.unit_code, sent.period, sent.answers)


@router.get("/corrections")
def list_corrections(
    act: ActDep, every: Annotated[bool, Query(alias="all", description="checked ones too")] = False
) -> list[CorrectionShown]:
    """整改事项 / what must be put right, by whom and until when (GS 17)."""
    return inspection_views.list_corrections(act, every=every)


@router.post("/corrections/{correction_id}/done", status_code=204)
def do_correction(act: ActDep, correction_id: CorrectionId, sent: Note) -> None:
    """登记已整改 / the person responsible says what he did (GS 17)."""
    corrections.do_correction(act, correction_id, sent.note)


@router.post("/corrections/{correction_id}/check", status_code=204)
def check_correction(act: ActDep, correction_id: CorrectionId, sent: Checked) -> None:
    """复查整改 / somebody else looks whether it is put right (GS 17, JC 7)."""
    corrections.check_correction(act, correction_id, accepted=sent.accepted, note=sent.note)
