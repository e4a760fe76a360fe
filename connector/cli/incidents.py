"""`trading-idp incidents`: guided cases of GS 13 and GS 14, as the signed-in person or, to open one, the operator."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.auth.actor import Actor
from connector.bootstrap import Connector
from connector.cli.session import Token, opened, operator, show
from connector.incidents import case_schemas, cases, closing, paper, suspicion
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.schemas import list_order
from connector.pages.event_words import event_name
from connector.register.offices import OFFICE_ZONE

app = typer.Typer(no_args_is_help=True, help="安全事件处置 / incident cases (GS 13-15)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Why = Annotated[str, typer.Option(help="why, for the record")]
CASES = ("number", "article", "account", "person", "state", "opened_at", "next")
ITEMS = ("at", "found_in", "what", "subject", "reference")


@app.command()
def suspect(user_name: str, reason: Why, token: Token = "") -> None:
    """报告账号可能泄露，不冻结 / report a suspicion; freezes nothing."""
    with opened() as connector, connector.act(_actor(connector, token)) as act:
        suspicion.suspect(act, user_name, reason=reason)


@app.command("open")
def open_case(
    user_name: str,
    since: Annotated[datetime, typer.Option(help="look at everything since then; China's time without an offset")],
    reason: Why,
    console_id: Annotated[list[str] | None, typer.Option(help="further Keycloak id of the same person")] = None,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """立案并立即冻结 / open a case and freeze the account at once."""
    with opened() as connector, connector.act(_actor(connector, token)) as act:
        moment = (since if since.tzinfo else since.replace(tzinfo=OFFICE_ZONE)).astimezone(UTC)
        form = CaseForm(user_name=user_name, since=moment, reason=reason, console_ids=tuple(console_id or ()))
        case = cases.open_case(act, form, alone=connector.settings.freeze_alone)
        show(case_schemas.show_case(act, case), as_json)


@app.command("list")
def list_cases(state: str = "", token: Token = "", as_json: Json = False) -> None:
    """案件清单 / the cases, the newest first."""
    with opened() as connector, connector.act(_actor(connector, token), reading=True) as act:
        show([case_schemas.list_case(act, case) for case in cases.list_cases(act, state=state)], as_json, CASES)


@app.command("show")
def show_case(number: str, token: Token = "", as_json: Json = False) -> None:
    """一个案件及下一步 / one case and what is next."""
    with opened() as connector, connector.act(_actor(connector, token), reading=True) as act:
        show(case_schemas.show_case(act, cases.get_case(act, number)), as_json)


@app.command()
def trace(number: str, token: Token = "", as_json: Json = False) -> None:
    """涉案账号所做的一切及缺口 / everything the account did, and what may be missing."""
    with opened() as connector, connector.act(_actor(connector, token), reading=True) as act:
        shown = case_schemas.show_trace(act, cases.get_case(act, number))
    if as_json:
        show(shown, as_json)
        return
    show(shown.items, False, ITEMS)
    show(shown.gaps, False)


@app.command("report-up")
def report_up(number: str, to: str, receipt: str, token: Token = "", as_json: Json = False) -> None:
    """登记向上级报告 / enter whom the case was reported to, with the receipt."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(case_schemas.show_case(act, cases.report_up(act, number, to=to, receipt=receipt)), as_json)


@app.command("freeze-created")
def freeze_created(
    number: str,
    plan: Annotated[str, typer.Option("--plan", help="hash of the list; without it the list is only shown")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """冻结新建用户；不带 --plan 时先显示名单 / freeze the users it created; first without --plan, to see them."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        alone = connector.settings.freeze_alone
        if not plan:
            show(case_schemas.show_created_preview(cases.preview_created(act, number, alone=alone)), as_json)
            return
        order = cases.freeze_created(act, number, plan_hash=plan, alone=alone)
        show(list_order(act, order) if order else {"order": None}, as_json)


@app.command()
def answer(number: str, question: str, value: str, reason: Why, token: Token = "", as_json: Json = False) -> None:
    """回答处置问题 / answer the open question of the tree."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        case = cases.answer(act, number, question=question, value=value, why=reason)
        show(case_schemas.show_case(act, case), as_json)


@app.command()
def tell(
    number: str,
    outcome: str,
    note: Annotated[str, typer.Option(help="what was done")],
    receipt: Annotated[str, typer.Option(help="paper or receipt that shows it")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记处置结果 / enter an outcome that only people know."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        closing.tell_outcome(act, number, outcome=outcome, note=note, receipt=receipt)
        show(case_schemas.show_case(act, cases.get_case(act, number)), as_json)


@app.command()
def write(
    number: str, cause: str, consequences: str, corrections: str, token: Token = "", as_json: Json = False
) -> None:
    """编写分析报告 / write the next version of the analysis report (GS 15)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        form = ReportForm(cause=cause, consequences=consequences, corrections=corrections)
        show(case_schemas.show_report(act, closing.write_report(act, number, form)), as_json)


@app.command("print")
def print_report(
    number: str,
    out: Annotated[Path, typer.Argument(dir_okay=False, help="PDF file to write")],
    version: Annotated[int, typer.Option(help="version of the report; 0: the newest")] = 0,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """打印分析报告 / print the analysis report as a PDF (GS 15)."""
    with opened() as connector, connector.act(_actor(connector, token), reading=True) as act:
        drawn = paper.report_paper(act, number, event_name, version=version)
        content = connector.typesetter.pdf("form", drawn, at=act.now)
    out.write_bytes(content)
    show({"file": str(out), "title": drawn["title"], "bytes": len(content)}, as_json)


@app.command()
def sign(
    number: str,
    version: int,
    shown_hash: Annotated[str, typer.Option("--hash", help="hash of the version that was shown")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """签发并归档分析报告 / sign the report, which files it."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        row = closing.sign_report(act, number, version=version, shown_hash=shown_hash)
        show(case_schemas.show_report(act, row), as_json)


@app.command()
def close(number: str, token: Token = "", as_json: Json = False) -> None:
    """结案 / close the case; refused while anything is open."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(case_schemas.show_case(act, closing.close_case(act, number)), as_json)


def _actor(connector: Connector, token: str) -> Actor:
    return connector.actor_of(token) if token else operator()
