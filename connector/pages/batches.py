"""批量申请: upload a list, its report line by line, one batch, and an opinion on all of it. Decides nothing itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import ConnectorError, FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.requests import subject_name
from connector.pages.step_up import ask_step_up, handles
from connector.pages.wording import Words
from connector.regulations.vocabulary import Verdict
from connector.requests import batches
from connector.requests.batch_columns import SHEETS
from connector.requests.batch_errors import BatchFileError, SameBatchError
from connector.requests.batch_routes import MEDIA
from connector.requests.rules import check_reason

router = APIRouter(prefix="/pages/batches", tags=["pages"], include_in_schema=False)
PURPOSE = "decide_batch"
SHEET_NAMES: Mapping[str, Text] = {
    "grant": Text("新增用户权限", "New accounts"),
    "change": Text("变更用户权限", "Changes of permissions"),
    "password_reset": Text("口令重置", "Password resets"),
    "suspend": Text("暂停", "Suspensions"),
    "disable": Text("禁用", "Disablings"),
    "enable": Text("启用", "Enablings"),
    "cancel": Text("注销", "Cancellations"),
}
NO_VERDICT = FieldProblem("verdict", "请选择审批意见", "Choose a decision")
NO_STAGE = FieldProblem("stage", "请至少选择一份申请", "Choose at least one request")


@router.get("")
def overview(request: Request, act: PageActDep) -> HTMLResponse:
    """The templates, the box for a file, and the batches the person submitted."""
    return _overview(request, act)


@router.get("/templates/{kind}/{suffix}")
def download_template(act: PageActDep, kind: str, suffix: str) -> Response:
    """The empty list of a kind."""
    if kind not in SHEETS or suffix not in MEDIA:
        raise RefusedInputError([FieldProblem("kind", "没有此类模板", "no such template", "LC 3")])
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{suffix}"'}
    return Response(batches.template(act, kind, f".{suffix}"), media_type=MEDIA[suffix], headers=headers)


@router.post("/sheets")
def upload(request: Request, act: PageActDep, form: FormDep) -> Response:
    """Submits every line or none; what is wrong is told line by line."""
    kind, content = form.one("kind"), form.files.get("file", ("", b""))[1]
    try:
        with act.session.begin_nested():
            batch = batches.submit_batch(act, kind, content, again=form.one("again") == "yes")
    except RefusedInputError as refusal:
        return _overview(request, act, kind=kind, wrong=refusal.fields)
    except (BatchFileError, SameBatchError) as refusal:
        return _overview(request, act, kind=kind, refusal=refusal)
    said = translator(language_of(request))(mark("已提交{count}份申请"), count=batch.lines)
    return see_other(request, f"/pages/batches/{batch.number}", banner=said)


@router.get("/{number}")
def read(request: Request, act: PageActDep, number: str) -> HTMLResponse:
    """One batch: its requests, and those of them that wait for the person, with the form to decide them."""
    return _page(request, act, number, {}, [])


@router.post("/{number}/decide")
def decide(request: Request, act: PageActDep, form: FormDep, number: str) -> Response:
    """Keeps the opinion with the contents that were shown, and asks for the second factor."""
    sent = {"verdict": form.one("verdict"), "reason": form.one("reason"), "stages": list(form.get("stage", ()))}
    if problems := _problems(sent):
        return _page(request, act, number, sent, problems)
    back = f"/pages/batches/{number}"
    return ask_step_up(request, act, purpose=PURPOSE, payload={"number": number, **sent}, back=back)


@handles(PURPOSE, unfinished=mark("未完成验证，审批未提交。"))
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Decides each chosen request by itself, with the content that was shown (B12), and says what became of each."""
    shown = [tuple(value.split(":", 1)) for value in payload["stages"]]
    done = batches.decide_batch(
        act, payload["number"], [(stage, digest) for stage, digest in shown], Verdict(payload["verdict"]),
        payload["reason"],
    )  # fmt: skip
    decided = sum(not one.code for one in done)
    title = translator(language_of(request))(mark("已审批{done}份，共{count}份"), done=decided, count=len(done))
    return render(
        request, "batch_decided.html", title=title, number=payload["number"], verdict=payload["verdict"],
        outcomes=[(one, Text(one.says, one.says_en)) for one in done],
    )  # fmt: skip


def _overview(
    request: Request,
    act: Act,
    *,
    kind: str = "",
    wrong: Sequence[FieldProblem] = (),
    refusal: ConnectorError | None = None,
) -> HTMLResponse:
    words = Words(language_of(request))
    says = refusal.says.filled(refusal.facts) if refusal else None
    problems = [FieldProblem("file", says.zh, says.en)] if says else []
    status = refusal.status if refusal else 422 if wrong else 200
    title = translator(language_of(request))(mark("批量申请"))
    return render(
        request, "batches.html", title=title, status=status, kinds=SHEET_NAMES, kind=kind,
        report=[_told(kind, one) for one in wrong], problems=entries.said(words, problems),
        same=isinstance(refusal, SameBatchError), rows=batches.list_batches(act),
    )  # fmt: skip


def _told(kind: str, problem: FieldProblem) -> tuple[str, str, Text, str]:
    """Line, heading, what is wrong, clause."""
    line, _, name = problem.field.partition(".")
    heading = next((column.heading for column in SHEETS[kind][1] if column.name == name), "") if kind in SHEETS else ""
    return line, heading, Text(problem.zh, problem.en), problem.clause


def _page(
    request: Request, act: Act, number: str, sent: Mapping[str, Any], problems: Sequence[FieldProblem]
) -> HTMLResponse:
    words = Words(language_of(request))
    tasks = {row.id: stage for stage, row in batches.list_tasks(act, number)}
    return render(
        request, "batch.html", title=number, status=422 if problems else 200, batch=batches.get_batch(act, number),
        kinds=SHEET_NAMES, tasks=tasks, sent=sent, problems=entries.said(words, problems),
        rows=[(line, row, subject_name(act, row)) for line, row in batches.list_lines(act, number)],
        verdicts=[{"value": verdict.value, "words": words.verdict(verdict)} for verdict in Verdict],
    )  # fmt: skip


def _problems(sent: Mapping[str, Any]) -> list[FieldProblem]:
    problems = [] if sent["stages"] else [NO_STAGE]
    if sent["verdict"] not in set(Verdict):
        return [*problems, NO_VERDICT]
    try:
        check_reason(Verdict(sent["verdict"]), sent["reason"])
    except RefusedInputError as wrong:
        problems += wrong.fields
    return problems
