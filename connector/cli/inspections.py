"""`trading-idp inspections`: samples that can be drawn again. Prints only."""

from datetime import datetime
from typing import Annotated

import typer

from connector.cli.reviews import acting
from connector.cli.session import Token, opened, operator, show
from connector.reviews import findings, inspection_views
from connector.reviews import inspections as sampling

app = typer.Typer(no_args_is_help=True, help="抽查 / sampling inspections (JC 9, GS 17)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Number = Annotated[str, typer.Argument(help="CJ-2026-000001")]
LISTED = ("number", "period", "unit_code", "state", "population_size", "opened_at", "drawn_at", "reported_at")


@app.command("open")
def open_inspection(
    unit: Annotated[str, typer.Argument(help="code of the unit, with all below it")] = "",
    inspector: Annotated[list[str] | None, typer.Option(help="user name of a further inspector; repeat")] = None,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """发起抽查 / Fix and record what is drawn from, before the seed exists."""
    with opened() as connector, acting(connector, token) as act:
        row = sampling.open_inspection(act, unit, tuple(inspector or ()))
        show(inspection_views.show_inspection(act, row.number), as_json)


@app.command("list")
def list_inspections(token: Token = "", as_json: Json = False) -> None:
    """抽查清单 / The inspections, the newest first."""
    with opened() as connector, acting(connector, token) as act:
        show(inspection_views.list_inspections(act), as_json, LISTED)


@app.command("show")
def show_inspection(number: Number, token: Token = "", as_json: Json = False) -> None:
    """一次抽查 / One inspection with what was drawn."""
    with opened() as connector, acting(connector, token) as act:
        found = inspection_views.show_inspection(act, number)
        show(found if as_json else found.items, as_json, ("key", "unit_code", "result", "finding", "answered_by"))


@app.command()
def draw(number: Number) -> None:
    """抽取 / Draw, as soon as the checkpoint that gives the seed is signed; the job does the same."""
    with opened() as connector, connector.act(operator()) as act:
        row = sampling.draw_inspection(act, number)
        show({"number": row.number, "seed": row.seed, "drawn": len(sampling.items_of(act, row))})


@app.command()
def verify(number: Number, as_json: Json = False) -> None:
    """核验抽样 / Draw again from what was recorded, and compare; exit code 1 when anything differs."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        proofs = findings.verify_inspection(act, number, connector.signer.verifier_key())
        show(proofs, as_json, ("what", "ok", "detail"))
    if not all(proof.ok for proof in proofs):
        raise typer.Exit(1)


@app.command()
def population(number: Number) -> None:
    """抽查总体 / Everything that was drawn from, one a line: what its hash is made of."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        for key in sampling.get_inspection(act, number).population:
            typer.echo(key)


@app.command()
def answer(
    number: Number,
    key: Annotated[str, typer.Argument(help="account:USER_NAME or post:UNIT/POST")],
    finding: Annotated[str, typer.Option(help="what is wrong; without it the thing is in order")] = "",
    responsible: Annotated[str, typer.Option(help="user name of who puts it right")] = "",
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="until which day")] = None,
    token: Token = "",
) -> None:
    """登记检查结果 / Answer for one thing that was drawn."""
    given = findings.ItemAnswer(
        key=key, result="finding" if finding else "in_order", finding=finding, responsible=responsible,
        due_on=due.date() if due else None,
    )  # fmt: skip
    with opened() as connector, acting(connector, token) as act:
        findings.answer_item(act, number, given)


@app.command()
def report(
    number: Number, conclusion: Annotated[str, typer.Option(help="what was concluded")], token: Token = ""
) -> None:
    """出具抽查报告 / End an inspection: all answered, all corrections checked."""
    with opened() as connector, acting(connector, token) as act:
        findings.report_inspection(act, number, conclusion=conclusion)
