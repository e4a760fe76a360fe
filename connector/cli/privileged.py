"""`trading-idp privileged`: boxes of privileged use, as the operator of the machine or the signed-in person."""

from typing import Annotated, Literal

import typer

from connector.cli.session import Token, opened, operator, show
from connector.privileged import service

app = typer.Typer(no_args_is_help=True, help="系统账号权限的临时使用 / temporary use of privileged permissions (JC 18)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
COLUMNS = ("number", "account", "state", "starts_at", "ends_at", "end_cause", "proved_at", "late", "review_overdue")


@app.command("list")
def list_boxes(
    state: Annotated[str | None, typer.Option(help="planned, running or ended")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="reviews past their limit")] = False,
    as_json: Json = False,
) -> None:
    """临时使用清单 / Boxes, newest first; apply with `requests submit`, kind use_privileged."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        show(service.list_seen(act, state=state, overdue=overdue, count=200), as_json, COLUMNS)


@app.command("show")
def read(number: str, as_json: Json = False) -> None:
    """一次临时使用及其使用记录 / One box with the record of what was done in it."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        show(service.show_box(act, number), as_json)


@app.command("return")
def give_back(number: str, token: Token = "", as_json: Json = False) -> None:
    """提前交回或收回 / Give the permissions back before the end, or take them, as the signed-in person."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        box = service.give_back(act, number)
        show({"number": box.number, "state": box.state, "end_cause": box.end_cause}, as_json)


@app.command("sign")
def sign(
    number: str,
    found: Annotated[Literal["clean", "findings"], typer.Argument(help="clean, or findings with --note")],
    note: Annotated[str, typer.Option(help="what was found")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """复核使用记录并签字 / Sign the record, as the reviewer who was named."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        box = service.sign_record(act, number, found, note)
        show({"number": box.number, "verdict": box.verdict, "digest": box.report_digest}, as_json)


@app.command("reviewer")
def name_reviewer(number: str, user_name: str, token: Token = "", as_json: Json = False) -> None:
    """更换复核人 / Name another reviewer, as the security administrator or the principal."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        box = service.name_reviewer(act, number, user_name)
        show({"number": box.number, "reviewer": user_name}, as_json)
