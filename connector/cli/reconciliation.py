"""Commands of the reconciliation: run, show, propose. Prints; decides nothing, repairs nothing."""

from typing import Annotated

import typer

from connector.cli import progress
from connector.cli.session import opened, operator, show
from connector.errors import Text
from connector.reconciliation import service

app = typer.Typer(no_args_is_help=True, help="对账 / the register against Keycloak")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
RunId = Annotated[str, typer.Argument(help="id of a run; the newest without it")]
COLUMNS = ("kind_zh", "user_name", "keycloak_id", "name", "stopped_step", "state", "who_zh")
COMPARING = Text("对账", "comparing")


@app.command()
def run(
    asks: Annotated[bool, typer.Option("--propose/--no-propose", help="ask for the repair of what is found")] = True,
    as_json: Json = False,
) -> None:
    """立即对账一次，不修改任何账号 / One comparison now: the same as the job; changes no account."""
    with opened() as connector, progress.bar(COMPARING, as_json=as_json) as tell:
        summary = service.reconcile(connector, asks=asks, progress=tell)
    show(summary, as_json)


@app.command("show")
def show_found(run_id: RunId = "", as_json: Json = False) -> None:
    """对账结果和差异清单 / What a run found, and what became of it."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        report = service.show_run(act, run_id)
    if as_json:
        show(report, as_json=True)
        return
    show(report.run)
    show(report.differences, columns=COLUMNS)


@app.command()
def propose(run_id: RunId = "", as_json: Json = False) -> None:
    """按最新一次对账提出修复申请 / Ask two offices to approve the repair of what the newest run found."""
    # A proposal is the comparison's, not the operator's.
    with opened() as connector, connector.act(service.JOB) as act:
        request = service.propose(act, run_id)
        result = {"request": request.number, "state": request.state, "plan_hash": request.form["plan_hash"]}
    show(result, as_json)
