"""Commands of the departures: preview, run, cases, plans, probe. Prints; decides nothing."""

from typing import Annotated

import typer

from connector.cli.session import opened, operator, show
from connector.departures import service, views
from connector.departures.errors import NotConfiguredError
from connector.departures.sync import preview_departures, sync_departures

app = typer.Typer(no_args_is_help=True, help="离岗处理 / leavers from the HR directory")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def preview(as_json: Json = False) -> None:
    """读取人事目录并显示将要冻结的账号，不做任何更改 / What a run would do now; changes nothing."""
    with opened() as connector:
        found = preview_departures(connector)
        items = found.pop("items", [])
        show(found | {"items": items} if as_json else found, as_json)
        if not as_json:
            show(items, columns=("user_name", "key", "cause", "manual"))


@app.command()
def run(as_json: Json = False) -> None:
    """立即运行一次 / One run now: the same as the job."""
    with opened() as connector:
        show(sync_departures(connector), as_json)


@app.command()
def cases(
    overdue: Annotated[bool, typer.Option(help="only past the limit")] = False,
    every: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    as_json: Json = False,
) -> None:
    """待补交书面申请的离岗个案 / Leavers whose written form is awaited (LC 7(2))."""
    with opened() as connector, connector.act(operator()) as act:
        found = service.list_cases(act, overdue_only=overdue, open_only=not every)
        columns = ("user_name", "unit", "cause", "account_status", "frozen_at", "form_due_at", "overdue", "key_serial")
        show(found, as_json, columns)


@app.command()
def plans(
    plan_hash: Annotated[str | None, typer.Argument(help="hash, or its beginning, of one plan to show")] = None,
    as_json: Json = False,
) -> None:
    """离岗方案 / Plans: executed, held, released."""
    with opened() as connector, connector.act(operator()) as act:
        if plan_hash:
            show(views.show_plan(act, plan_hash), as_json)
        else:
            show(views.show_plans(act), as_json, ("hash", "state", "made_at", "leavers", "reasons", "request"))


@app.command()
def probe(as_json: Json = False) -> None:
    """检查人事目录能否完整读取 / Whether the directory can be read completely; changes nothing."""
    with opened() as connector:
        if connector.directory is None:
            raise NotConfiguredError
        server = connector.directory.check()
        reading = connector.directory.read()
        found = {
            "server": server,
            "people": len(reading.entries),
            "departed": sum(1 for entry in reading.entries if entry.departed),
            "quarantined": [{"dn": dn, "reason": reason} for dn, reason in reading.quarantined],
            "seconds": round(reading.seconds, 3),
        }
        show(found, as_json)
