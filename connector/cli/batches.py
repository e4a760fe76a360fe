"""Commands of requests that come in one file. Opens, calls one service function, prints."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.session import Token, opened, show
from connector.regulations.vocabulary import Verdict
from connector.requests import batches
from connector.requests.batch_columns import SHEETS

app = typer.Typer(no_args_is_help=True, help="批量申请 / many requests in one file")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Kind = Annotated[str, typer.Argument(help=", ".join(SHEETS))]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".xlsx or .csv of the template")]


@app.command("template")
def write_template(
    kind: Kind,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="file to write, .xlsx or .csv")],
    token: Token = "",
) -> None:
    """写出批量申请模板 / Write the empty list of a kind."""
    if file.suffix not in (".csv", ".xlsx") or kind not in SHEETS:
        raise typer.BadParameter(f"{', '.join(SHEETS)}; .csv or .xlsx", param_hint="KIND FILE")
    with opened() as connector, connector.act(connector.actor_of(token), reading=True) as act:
        file.write_bytes(batches.template(act, kind, file.suffix))


@app.command("submit")
def submit(
    kind: Kind,
    file: File,
    again: Annotated[bool, typer.Option(help="the same list was submitted before, and is meant again")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="try every line; write nothing")] = False,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """批量申请 / Every line of a file becomes a request, or none does; what is wrong is named line by line."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        if dry_run:
            show({"lines": batches.check_batch(act, kind, file.read_bytes())}, as_json)
            return
        batch = batches.submit_batch(act, kind, file.read_bytes(), again=again)
        show({"number": batch.number, "requests": batch.lines}, as_json)


@app.command("list")
def list_own(token: Token = "", as_json: Json = False) -> None:
    """我的批量申请 / One's own batches, newest first."""
    with opened() as connector, connector.act(connector.actor_of(token), reading=True) as act:
        rows = batches.list_batches(act)
        found = [{"number": r.number, "kind": r.kind, "lines": r.lines, "submitted_at": r.submitted_at} for r in rows]
    show(found, as_json)


@app.command("show")
def show_batch(number: str, token: Token = "", as_json: Json = False) -> None:
    """一批申请 / The requests of one batch, by line."""
    with opened() as connector, connector.act(connector.actor_of(token), reading=True) as act:
        found = [
            {"line": line, "number": row.number, "state": row.state} for line, row in batches.list_lines(act, number)
        ]
    show(found, as_json)


@app.command("decide")
def decide(number: str, verdict: Verdict, reason: str = "", token: Token = "", as_json: Json = False) -> None:
    """逐一审批 / Decide every stage of a batch that waits for one, each by itself and under every rule."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        pairs = [(stage.id, row.digest) for stage, row in batches.list_tasks(act, number)]
        outcomes = batches.decide_batch(act, number, pairs, verdict, reason)
    show(outcomes, as_json)
