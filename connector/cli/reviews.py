"""`trading-idp reviews`: access reviews, as the signed-in person where an office decides. Prints only."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from connector.auth.act import Act
from connector.bootstrap import Connector
from connector.cli.session import Token, opened, operator, show
from connector.register.reach import Units
from connector.reviews import answers as reviewing
from connector.reviews import campaigns, carry_on, views

app = typer.Typer(no_args_is_help=True, help="权限复核 / access reviews (JC 9, HH 3)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Number = Annotated[str, typer.Argument(help="FC-2026-000001")]
File = Annotated[Path, typer.Argument(help="JSON file of the answers, as the API takes them", exists=True)]
EVERYTHING: Units = None
UNITS = ("unit_code", "unit_name", "level", "accounts", "answered", "unanswered", "kept", "withdrawn", "refused")


def acting(connector: Connector, token: str) -> AbstractContextManager[Act]:
    """An act of the person whose token was given, else of the operator of the machine, who holds no office."""
    return connector.act(connector.actor_of(token) if token else operator())


@app.command("open")
def open_review(
    units: Annotated[list[str] | None, typer.Argument(help="codes of units; none means all")] = None,
    days: Annotated[int | None, typer.Option(help="working days to answer in", min=1)] = None,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """发起权限复核 / Open an access review of units with all below them."""
    with opened() as connector, acting(connector, token) as act:
        campaign = campaigns.open_campaign(act, units or (), working_days=days)
        show(views.report_of(act, campaign), as_json)


@app.command("list")
def list_reviews(token: Token = "", as_json: Json = False) -> None:
    """权限复核清单 / The reviews, the newest first; needs the token of somebody who may read them."""
    with opened() as connector, acting(connector, token) as act:
        show(views.list_campaigns(act), as_json, ("number", "period", "opened_at", "due_at", "closed_at"))


@app.command()
def report(number: Number, as_json: Json = False) -> None:
    """复核报告 / Who answered, what was kept and withdrawn, what nobody answered."""
    with opened() as connector, connector.act(operator()) as act:
        found = views.report_of(act, campaigns.get_campaign(act, number), EVERYTHING)
        show(found if as_json else found.units, as_json, UNITS)


@app.command()
def accounts(
    number: Number,
    unit: Annotated[str, typer.Option(help="code of one unit")] = "",
    mine: Annotated[bool, typer.Option(help="only what I may answer for")] = False,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """复核清单 / The accounts under review with their permissions."""
    with opened() as connector, acting(connector, token) as act:
        found = views.list_subjects(act, number, unit_code=unit, mine=mine)
        show(found, as_json, ("user_name", "person", "unit_code", "post", "answered_at", "request", "problem"))


@app.command()
def answer(number: Number, user_name: str, file: File, token: Token = "") -> None:
    """答复一个账号 / Answer for one account: [{"permission": …, "answer": "keep" or "withdraw", "reason": …}]."""
    given = [reviewing.Answer.model_validate(each) for each in json.loads(file.read_text(encoding="utf-8"))]
    with opened() as connector, acting(connector, token) as act:
        reviewing.answer(act, number, user_name, given)


@app.command()
def close(number: Number, note: Annotated[str, typer.Option(help="why")] = "", token: Token = "") -> None:
    """结束复核 / End a review in which somebody never answered; nothing is withdrawn by silence."""
    with opened() as connector, acting(connector, token) as act:
        carry_on.close_campaign(act, number, note=note)
