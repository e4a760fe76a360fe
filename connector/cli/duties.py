"""Command `duties`: what is due, for whom, by which article. Prints only."""

from typing import Annotated

import typer

from connector.cli.reviews import acting
from connector.cli.session import Token, opened, show
from connector.duties import service

app = typer.Typer()
COLUMNS = ("state", "due_at", "what", "count", "office_name", "unit_name", "person", "clause")


@app.command("duties")
def list_duties(
    every: Annotated[bool, typer.Option("--all", help="what is done in this period too")] = False,
    token: Token = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """待办事项日历 / What is due, for whom, by which article, until when; overdue first."""
    with opened() as connector, acting(connector, token) as act:
        show(service.list_duties(act, every=every), as_json, COLUMNS)
