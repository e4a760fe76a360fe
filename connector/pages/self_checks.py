"""自查: the checklist of a unit and a period, signed with the second factor (HH 3, GS 16)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.register import offices, units
from connector.reviews import inspection_views, self_checks
from connector.reviews.self_checks import CheckAnswer

router = APIRouter(prefix="/pages/self-checks", tags=["pages"], include_in_schema=False)

PURPOSE = "self-check"
TITLES = {
    self_checks.SELF_CHECK: Text("账号使用自查", "Self-check of the unit's accounts"),
    self_checks.KEY_CUSTODY: Text("密钥清点", "Count of the keys in custody"),
}


@router.get("/{checklist}")
def read(request: Request, act: PageActDep, checklist: str, period: str = "", unit: str = "") -> HTMLResponse:
    """Who has signed; and for a unit of the visitor's own office the questions."""
    return _page(request, act, checklist, period, unit, {}, [])


@router.post("/{checklist}")
def sign(
    request: Request, act: PageActDep, form: FormDep, checklist: str, period: str = "", unit: str = ""
) -> Response:
    """Tries the answers, keeps them, and asks for the second factor."""
    _, questions = self_checks.rule_of(act, checklist)
    sent = {f"{part}.{q.name}": entries.text(form, f"{part}.{q.name}") for q in questions for part in ("ok", "note")}
    problems = [
        FieldProblem(f"ok.{q.name}", "请逐项填写", "Answer every question", q.clause)
        for q in questions
        if sent[f"ok.{q.name}"] not in ("yes", "no")
    ]
    problems += [
        FieldProblem(f"note.{q.name}", "请写明发现的问题", "Say what was found", q.clause)
        for q in questions
        if sent[f"ok.{q.name}"] == "no" and len(sent[f"note.{q.name}"]) < 2
    ]
    if problems:
        return _page(request, act, checklist, period, unit, sent, problems)
    payload = {"checklist": checklist, "period": period, "unit": unit, "sent": sent}
    back = f"/pages/self-checks/{checklist}?period={period}&unit={unit}"
    return ask_step_up(request, act, purpose=PURPOSE, payload=payload, back=back)


@handles(PURPOSE)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Signs as it was sent."""
    checklist, sent = payload["checklist"], payload["sent"]
    _, questions = self_checks.rule_of(act, checklist)
    given = [CheckAnswer(name=q.name, ok=sent[f"ok.{q.name}"] == "yes", note=sent[f"note.{q.name}"]) for q in questions]
    self_checks.sign_check(act, checklist, payload["unit"], payload["period"], given)
    return see_other(request, f"/pages/self-checks/{checklist}", banner=_t(request, mark("自查已签署")))


def _page(
    request: Request, act: Act, checklist: str, period: str, unit: str, sent: Mapping[str, str],
    problems: list[FieldProblem],
) -> HTMLResponse:  # fmt: skip
    rule, questions = self_checks.rule_of(act, checklist)
    words = Words(language_of(request))
    label = period or self_checks.periods_now(act, rule)[1].label
    found = inspection_views.list_checks(act, checklist, label)
    own = {each.code for each in offices.units_where(act, [self_checks.SIGNERS[checklist]])}
    open_units = [each.unit_code for each in found if each.signed_at is None and each.unit_code in own]
    chosen = unit if unit in open_units else next(iter(open_units), "")
    return render(
        request, "self_check.html", title=words.pick(TITLES[checklist]), status=422 if problems else 200,
        checklist=checklist, period=label, rule=rule, questions=questions, found=found, chosen=chosen, sent=sent,
        unit_name=units.get_unit(act, chosen).name if chosen else "", problems=entries.said(words, problems),
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
