"""`trading-idp requests`: submit, read and decide as the signed-in person; the same rules as in the API."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from connector.cli import attachments
from connector.cli.session import Token, opened, operator, refusals, show
from connector.errors import FieldProblem, RefusedInputError
from connector.pages.sheets import write_table
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service, statistics
from connector.requests import show as shown
from connector.requests.entitlement import Override
from connector.requests.forms import RequestForm
from connector.requests.verification import Comparison

M = TypeVar("M", bound=BaseModel)

app = typer.Typer(help="申请与审批 / requests and decisions", no_args_is_help=True)
app.registered_commands += attachments.app.registered_commands

Json = Annotated[bool, typer.Option("--json")]
FormFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the form as JSON")]


@app.command("preview")
def preview(file: FormFile, token: Token = "", as_json: Json = False) -> None:
    """提交前查看审批流程 / the chain of stages; stores nothing."""
    form = read_form(file)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(shown.show_chain(service.preview_chain(act, form)), as_json)


@app.command("submit")
def submit(file: FormFile, token: Token = "", as_json: Json = False) -> None:
    """提交申请 / submit a request."""
    form = read_form(file)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(shown.show_request(act, service.submit_request(act, form).id), as_json)


@app.command("show")
def read(number: str, as_json: Json = False) -> None:
    """查看申请 / one request by number, as the operator of the machine."""
    with opened() as connector, connector.act(operator()) as act:
        show(shown.show_request(act, number), as_json)


@app.command("list")
def list_all(state: Annotated[list[str] | None, typer.Option()] = None, as_json: Json = False) -> None:
    """申请清单 / requests, newest first."""
    with opened() as connector, connector.act(operator()) as act:
        names = ("number", "kind", "state", "version", "submitted_by", "submitted_at", "due_at", "closed_at")
        rows = service.list_requests(act, states=state or ())
        show([{name: getattr(row, name) for name in names} for row in rows], as_json)


@app.command("overdue")
def overdue(
    unit: Annotated[str | None, typer.Option(help="code of a unit; the units below it count too")] = None,
    office: Annotated[Office | None, typer.Option(help="only stages of this office")] = None,
    as_json: Json = False,
) -> None:
    """超期清单 / every stage past its limit, by unit and office."""
    with opened() as connector, connector.act(operator()) as act:
        found = service.list_overdue(act, unit_code=unit, office=office)
        show(found, as_json, ("number", "kind", "unit", "office", "due_at", "late", "deciders", "alternates"))


@app.command("statistics")
def month_figures(
    month: Annotated[str, typer.Argument(help="as 2026-11")],
    unit: Annotated[str | None, typer.Option(help="code of a unit; the units below it count too")] = None,
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="write .csv or .xlsx here")] = None,
    as_json: Json = False,
) -> None:
    """时限月度统计 / stages decided, in time, median office hours, by unit, office and kind."""
    with opened() as connector, connector.act(operator()) as act:
        found = statistics.month_figures(act, month, unit_code=unit)
    if output is not None:
        write_table(output, month, statistics.COLUMNS, [[getattr(f, c) for c in statistics.COLUMNS] for f in found])
        return
    show(found, as_json, statistics.COLUMNS)


@app.command("inbox")
def inbox(token: Token = "", as_json: Json = False) -> None:
    """待我审批 / the tasks of the signed-in person."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(shown.show_inbox(act), as_json)


@app.command("decide")
def decide(
    stage_id: str,
    verdict: Verdict,
    digest: Annotated[str, typer.Option(help="digest of the content that was shown")],
    reason: str = "",
    compared: Annotated[
        list[str] | None, typer.Option(help="of a new registration: ITEM=agrees|differs|not_compared[:NOTE]")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option(help="a permission approved beyond the table of posts; each one in excess")
    ] = None,
    override_reason: Annotated[str, typer.Option(help="why it is approved beyond the table (JC 11)")] = "",
    entitlement: Annotated[str, typer.Option(help="digest of the check that was shown")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """审批 / decide a stage as the signed-in person."""
    said, beyond = read_comparisons(compared or []), read_override(override or [], override_reason, entitlement)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        request = service.decide(
            act, stage_id=stage_id, verdict=verdict, reason=reason, digest=digest, compared=said, override=beyond
        )
        show({"number": request.number, "state": request.state}, as_json)


@app.command("withdraw")
def withdraw(number: str, reason: str = "", token: Token = "", as_json: Json = False) -> None:
    """撤回申请 / withdraw one's own request."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        request = service.withdraw_request(act, number, reason)
        show({"number": request.number, "state": request.state}, as_json)


def read_comparisons(said: Sequence[str]) -> list[Comparison]:
    """What a verifier compared, one ITEM=RESULT[:NOTE] each; a wrong one ends the command (HH 4)."""
    found = []
    for each in said:
        item, _, rest = each.partition("=")
        result, _, note = rest.partition(":")
        try:
            found.append(Comparison.model_validate({"item": item, "result": result, "note": note}))
        except ValidationError:
            raise typer.BadParameter("ITEM=agrees|differs|not_compared[:NOTE]") from None
    return found


def read_override(permissions: Sequence[str], reason: str, digest: str) -> Override | None:
    """What is approved beyond the table of posts; an incomplete one ends the command, none is None (JC 11)."""
    if not permissions and not reason and not digest:
        return None
    try:
        return Override(permissions=list(permissions), reason=reason, digest=digest)
    except ValidationError:
        raise typer.BadParameter("--override PERMISSION --override-reason TEXT --entitlement DIGEST") from None


def read_form(file: Path) -> RequestForm:
    """The form in `file`; see `read_model`."""
    return read_model(RequestForm, file)


def read_model(model: type[M], file: Path) -> M:
    """What `file` holds; a wrong one ends the command with every wrong field (exit code 1). Values are not echoed."""
    with refusals():
        try:
            return model.model_validate(json.loads(file.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise RefusedInputError([_wrong(item) for item in error.errors(include_input=False)]) from None
        except ValueError:
            raise RefusedInputError([FieldProblem(file.name, "JSON 格式不正确", "not JSON in UTF-8")]) from None


def _wrong(item: Any) -> FieldProblem:
    return FieldProblem(".".join(map(str, item["loc"])) or "form", f"格式不正确（{item['type']}）", str(item["msg"]))
