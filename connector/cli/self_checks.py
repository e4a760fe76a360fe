"""`trading-idp self-checks`: checklists that people sign for a unit and a period. Prints only."""

import json
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.reviews import acting
from connector.cli.session import Token, opened, show
from connector.reviews import inspection_views, self_checks

app = typer.Typer(no_args_is_help=True, help="自查 / checklists that people sign (HH 3, GS 16)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
File = Annotated[Path, typer.Argument(help="JSON file of the answers, as the API takes them", exists=True)]


@app.command("show")
def show_check(
    checklist: Annotated[str, typer.Argument(help="self_check or key_custody")],
    period: Annotated[str, typer.Option(help="2026-Q3; by default the present one")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """自查清单 / Which units have signed the checklist of a period."""
    with opened() as connector, acting(connector, token) as act:
        found = inspection_views.list_checks(act, checklist, period)
        show(found, as_json, ("unit_code", "unit_name", "period", "signed_by", "signed_at", "findings"))


@app.command()
def sign(checklist: str, unit: str, period: str, file: File, token: Token = "") -> None:
    """签署自查 / Sign the check of a unit: [{"name": …, "ok": true}, {"name": …, "ok": false, "note": …}]."""
    given = [self_checks.CheckAnswer.model_validate(each) for each in json.loads(file.read_text(encoding="utf-8"))]
    with opened() as connector, acting(connector, token) as act:
        self_checks.sign_check(act, checklist, unit, period, given)
