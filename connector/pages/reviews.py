"""权限复核: reviews, the list of one unit's people, and the answer for one account: keep or withdraw, each by itself.

There is no button that keeps everything: a review that nobody makes is worth nothing.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, Text
from connector.pages import entries
from connector.pages.access import Form, FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.register import offices, units
from connector.regulations.vocabulary import Office
from connector.reviews import answers, campaigns, carry_on, views
from connector.reviews.answers import Answer
from connector.reviews.views import SubjectShown

router = APIRouter(prefix="/pages/reviews", tags=["pages"], include_in_schema=False)

PURPOSE = "review-answer"
OUTCOMES = {
    "kept": Text("已保留", "Kept"),
    "withdrawn": Text("已收回", "Withdrawn"),
    "refused": Text("未批准收回", "Withdrawal refused"),
    "gone": Text("已另行收回", "Gone already"),
    "": Text("办理中", "Under way"),
}


@router.get("")
def list_reviews(request: Request, act: PageActDep) -> HTMLResponse:
    """The reviews that the visitor's units take part in, and the form to open one for who may."""
    return _list(request, act, {}, [])


@router.post("")
def open_one(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Opens a review of a unit with all below it."""
    sent = {name: entries.text(form, name) for name in ("unit_code", "working_days")}
    days = sent["working_days"] or "0"
    if not (days.isascii() and days.isdigit() and len(days) < 4 and int(days) <= campaigns.LEAVES):
        problem = FieldProblem("working_days", "请填写1至260", "Write 1 to 260", "JC 9")
        return _list(request, act, sent, [problem])
    number = campaigns.open_campaign(act, [sent["unit_code"]], working_days=int(days) or None).number
    return see_other(request, f"/pages/reviews/{number}", banner=_t(request, mark("已发起复核 {n}"), n=number))


@router.post("/{number}/close")
def close(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Ends a review that somebody never answered; what was not answered stays as it is."""
    carry_on.close_campaign(act, number, note=entries.text(form, "note")[:500])
    return see_other(request, f"/pages/reviews/{number}", banner=_t(request, mark("复核已结束")))


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str, shown: str = "mine") -> HTMLResponse:
    """What he may answer for, or everybody in his units; and the report by unit."""
    report = views.report(act, number)
    return render(
        request, "review.html", title=_t(request, mark("权限复核 {number}"), number=number), report=report,
        subjects=views.list_subjects(act, number, mine=shown != "all"), shown=shown,
        may_close=bool(offices.units_where(act, carry_on.CLOSERS)),
    )  # fmt: skip


@router.get("/{number}/{user_name}")
def ask(request: Request, act: PageActDep, number: str, user_name: str) -> HTMLResponse:
    """One account: each of its permissions with last use, excess and source, and the boxes to answer."""
    return _page(request, act, number, user_name, {}, [])


@router.post("/{number}/{user_name}")
def answer(request: Request, act: PageActDep, form: FormDep, number: str, user_name: str) -> Response:
    """Tries the answer, keeps it, and asks for the second factor."""
    subject = _subject(act, number, user_name)
    sent = _sent(form, subject)
    problems = [
        FieldProblem(f"answer.{item.permission}", "请选择保留或收回", "Choose keep or withdraw", "JC 9")
        for item in subject.items
        if sent[f"answer.{item.permission}"] not in (answers.KEEP, answers.WITHDRAW)
    ]
    problems += [
        FieldProblem(f"reason.{item.permission}", "超出对照表，保留须写明理由", "Say why it is kept", "JC 11")
        for item in subject.items
        if item.excess and _is_kept_silently(sent, item.permission)
    ]
    if problems:
        return _page(request, act, number, user_name, sent, problems)
    payload = {"number": number, "user_name": user_name, "sent": sent}
    return ask_step_up(request, act, purpose=PURPOSE, payload=payload, back=f"/pages/reviews/{number}/{user_name}")


@handles(PURPOSE)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Answers as it was sent."""
    number, sent = payload["number"], payload["sent"]
    given = [
        Answer(
            permission=name.removeprefix("answer."), answer=value, reason=sent[name.replace("answer.", "reason.", 1)]
        )
        for name, value in sent.items()
        if name.startswith("answer.")
    ]
    answers.answer(act, number, payload["user_name"], given)
    return see_other(request, f"/pages/reviews/{number}", banner=_t(request, mark("已提交复核意见")))


def _list(request: Request, act: Act, sent: Mapping[str, str], problems: list[FieldProblem]) -> HTMLResponse:
    words = Words(language_of(request))
    may_open = bool(offices.units_where(act, [Office.SYSTEM_DEPARTMENT_HEAD]))
    return render(
        request, "reviews.html", title=_t(request, mark("权限复核")), status=422 if problems else 200,
        found=views.list_campaigns(act), sent=sent, may_open=may_open, problems=entries.said(words, problems),
        units=[(unit.code, unit.name) for unit in units.list_units(act)] if may_open else (),
    )  # fmt: skip


def _page(
    request: Request, act: Act, number: str, user_name: str, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    subject = _subject(act, number, user_name)
    words = Words(language_of(request))
    return render(
        request, "review_account.html", title=_t(request, mark("复核：{name}"), name=subject.person),
        status=422 if problems else 200, number=number, subject=subject, sent=sent, outcomes=OUTCOMES,
        problems=entries.said(words, problems),
    )  # fmt: skip


def _is_kept_silently(sent: Mapping[str, str], permission: str) -> bool:
    return sent[f"answer.{permission}"] == answers.KEEP and len(sent[f"reason.{permission}"]) < answers.SHORTEST_REASON


def _subject(act: Act, number: str, user_name: str) -> SubjectShown:
    found = next((each for each in views.list_subjects(act, number) if each.user_name == user_name), None)
    if found is None:
        raise NotFoundError(kind="复核账号 (account under review)", name=user_name)
    return found


def _sent(form: Form, subject: SubjectShown) -> dict[str, str]:
    names = [f"{part}.{item.permission}" for item in subject.items for part in ("answer", "reason")]
    return {name: entries.text(form, name) for name in names}


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
