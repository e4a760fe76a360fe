"""`trading-idp corrections`: what must be put right, by whom and until when. Prints only."""

from typing import Annotated

import typer

from connector.cli.reviews import acting
from connector.cli.session import Token, opened, show
from connector.reviews import corrections, inspection_views

app = typer.Typer(no_args_is_help=True, help="整改 / corrections (GS 17)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command("list")
def list_corrections(
    every: Annotated[bool, typer.Option("--all", help="checked ones too")] = False,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """整改事项 / What must be put right, by whom and until when."""
    with opened() as connector, acting(connector, token) as act:
        found = inspection_views.list_corrections(act, every=every)
        show(found, as_json, ("id", "unit_code", "item", "finding", "responsible", "due_on", "overdue", "state"))


@app.command()
def done(correction_id: str, note: Annotated[str, typer.Option(help="what was done")], token: Token = "") -> None:
    """登记已整改 / Say what was done; the person responsible."""
    with opened() as connector, acting(connector, token) as act:
        corrections.do_correction(act, correction_id, note)


@app.command()
def check(
    correction_id: str,
    accepted: Annotated[bool, typer.Option("--accept/--reopen")],
    note: Annotated[str, typer.Option(help="why it is open again")] = "",
    token: Token = "",
) -> None:
    """复查整改 / Check a correction that somebody else has done."""
    with opened() as connector, acting(connector, token) as act:
        corrections.check_correction(act, correction_id, accepted=accepted, note=note)
