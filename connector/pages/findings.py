"""来源核查: changes in Keycloak that no approved request explains, and how each is settled by a person.

Who may settle what is checked by the provenance room; this page reads it out and arranges the second factor.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import ConnectorError, FieldProblem, NotFoundError, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.flat import flat
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.visitor import Visitor
from connector.pages.wording import Words
from connector.provenance import service as provenance
from connector.provenance.errors import UnrelatedRequestError
from connector.provenance.service import REASON_LENGTH, FindingView
from connector.regulations.vocabulary import Office

router = APIRouter(prefix="/pages/findings", tags=["pages"], include_in_schema=False)

PURPOSE = "finding"
UNFINISHED = mark("未完成验证，内容未提交。")
SEVERITY_TAGS: Mapping[str, str] = {"critical": "bad", "high": "bad", "medium": "warn", "low": "info"}
ACTION_STATES: Mapping[str, Text] = {
    "": Text("", ""),
    "waiting": Text("执行中", "under way"),
    "done": Text("已完成", "done"),
    "failed": Text("未完成，须人工处理", "not done: a person must look at it"),
    "held": Text("暂缓，待决定", "held, waits for a person"),
}
ACTION_TAGS: Mapping[str, str] = {"waiting": "info", "done": "ok", "failed": "bad", "held": "warn"}
FACTS: Mapping[str, Text] = {
    "user_name": Text("用户名", "User name"),
    "roles": Text("角色", "Roles"),
    "excess": Text("未经审批的角色", "Roles nobody approved"),
    "fields": Text("被改动的项", "What was changed"),
    "others": Text("其他改动", "Other changes"),
    "group": Text("组", "Group"),
    "groups": Text("组", "Groups"),
    "name": Text("名称", "Name"),
    "path": Text("位置", "Place"),
    "risks": Text("风险", "Risks"),
    "operation": Text("操作", "Operation"),
    "administrator": Text("管理员", "Administrator"),
    "enabled": Text("改为启用", "Enabled"),
    "of_realm": Text("域角色", "Roles of the realm"),
    "with_roles": Text("组带有角色", "The group carries roles"),
}
NO_REASON = FieldProblem("reason", "请填写处理说明", "Say how it was settled", "JC 9")
TOO_LONG = FieldProblem("reason", f"最多{REASON_LENGTH}个字", f"at most {REASON_LENGTH} characters", "JC 9")
NO_CHOICE = FieldProblem("act", "请选择如何处理", "Choose what is to be done")
WRONG_REQUEST = FieldProblem(
    "number", "请填写已批准的、同一账号的申请编号", "Give the number of an approved request about this account", "JC 9"
)


@router.get("")
def list_findings(request: Request, act: PageActDep, shown: str = "open", page: int = 1) -> HTMLResponse:
    """The findings, the newest first: those that are open, or all of them."""
    page, is_open = asked(page), shown != "all"
    first = (page - 1) * ON_A_PAGE
    found = provenance.list_findings(act, open_only=is_open, count=ON_A_PAGE + 1, after=first)
    counts = provenance.count_open(act)
    return render(
        request, "findings.html", title=_t(request, mark("来源核查")), found=found[:ON_A_PAGE],
        more=len(found) > ON_A_PAGE, page=page, is_open=is_open, counts=counts,
        open_count=sum(counts.values()), **WORDS,
    )  # fmt: skip


@router.get("/{finding_id}")
def read(request: Request, act: PageActDep, visitor: VisitorDep, finding_id: str) -> HTMLResponse:
    """One finding: what, who, when, how bad, what was done, what to do and who can; and the form to settle it."""
    kept = kept_entries(request, act, purpose=PURPOSE, back=f"/pages/findings/{finding_id}") or {}
    return _page(request, visitor, provenance.get_finding(act, finding_id), kept, [])


@router.post("/{finding_id}")
def settle(request: Request, act: PageActDep, visitor: VisitorDep, form: FormDep, finding_id: str) -> Response:
    """Keeps how it is settled and asks for the second factor."""
    sent = {name: entries.text(form, name) for name in ("act", "reason", "number")}
    seen = provenance.get_finding(act, finding_id)
    if problems := _problems(seen, sent):
        return _page(request, visitor, seen, sent, problems)
    back = f"/pages/findings/{seen.id}"
    return ask_step_up(request, act, purpose=PURPOSE, payload={**sent, "id": seen.id}, back=back)


@handles(PURPOSE, unfinished=UNFINISHED)
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Closes the finding, or has the held action done; a request that does not explain it is told at its box."""
    finding_id, reason = payload["id"], payload["reason"]
    if payload["act"] == "carry_out":
        provenance.carry_out_held(act, finding_id, reason=reason)
        return see_other(request, f"/pages/findings/{finding_id}", banner=_t(request, mark("处置已下达，正在执行")))
    try:
        with act.session.begin_nested():
            provenance.close_finding(act, finding_id, reason=reason, request_number=payload["number"])
    except (UnrelatedRequestError, NotFoundError, RefusedInputError) as error:
        return _refused(request, act, payload, error)
    return see_other(request, f"/pages/findings/{finding_id}", banner=_t(request, mark("发现已关闭")))


def _refused(request: Request, act: Act, payload: Mapping[str, Any], error: ConnectorError) -> HTMLResponse:
    problems = error.fields if isinstance(error, RefusedInputError) else [WRONG_REQUEST]
    return _page(request, None, provenance.get_finding(act, payload["id"]), payload, problems)


def _page(
    request: Request, visitor: Visitor | None, seen: FindingView, sent: Mapping[str, Any], problems: list[FieldProblem]
) -> HTMLResponse:
    words = Words(language_of(request))
    may_settle = visitor is None or Office.SECURITY_ADMINISTRATOR in visitor.offices
    offered = [{"value": "close", "words": _t(request, mark("关闭此发现"))}]
    if seen.held:
        offered.append({"value": "carry_out", "words": _t(request, mark("执行暂缓的处置"))})
    return render(
        request, "finding.html", title=words.heading(seen.name), status=422 if problems else 200, seen=seen, sent=sent,
        may_settle=may_settle and seen.closed_at is None, offered=offered, facts=_facts(words, seen.facts),
        problems=entries.said(words, problems), **WORDS,
    )  # fmt: skip


def _problems(seen: FindingView, sent: Mapping[str, str]) -> list[FieldProblem]:
    allowed = ("close", "carry_out") if seen.held else ("close",)
    problems = [] if sent["act"] in allowed else [NO_CHOICE]
    if not sent["reason"]:
        problems.append(NO_REASON)
    elif len(sent["reason"]) > REASON_LENGTH:
        problems.append(TOO_LONG)
    return problems


def _facts(words: Words, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (words.pick(FACTS[name]) if name in FACTS else name, value)
        for name, value in flat({name: value for name, value in facts.items() if value is not False})
        if value and name not in ("told", "count")
    ]


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)


WORDS: Mapping[str, Any] = {"severity_tags": SEVERITY_TAGS, "action_states": ACTION_STATES, "action_tags": ACTION_TAGS}
