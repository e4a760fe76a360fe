"""Commands of the departures: runs, cases of leavers and movers, hints, plans, probe. Prints; decides nothing."""

from typing import Annotated

import typer

from connector.cli import rotations
from connector.cli.session import opened, operator, out, show
from connector.departures import service, views
from connector.departures.errors import NotConfiguredError
from connector.departures.sync import preview_departures, sync_departures, watch_directory

app = typer.Typer(no_args_is_help=True, help="离岗处理 / leavers from the HR directory")
app.add_typer(rotations.secrets, name="secrets")
app.add_typer(rotations.app, name="rotations")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Every = Annotated[bool, typer.Option("--all", help="closed ones too")]
CASES = (
    "user_name", "unit", "cause", "account_status", "frozen_at", "form_due_at", "overdue", "key_serial", "offices",
    "waiting_requests", "rotation_items",
)  # fmt: skip
MOVERS = ("user_name", "from_unit", "from_post", "to_unit", "to_post", "excess", "problem", "request", "request_state")
HINTS = ("kind", "key", "unit_code", "post", "user_name", "account_status", "mailed", "opened_at")


@app.command()
def preview(as_json: Json = False) -> None:
    """读取人事目录并显示将要冻结的账号，不做任何更改 / What a run would do now; changes nothing."""
    with opened() as connector:
        found = preview_departures(connector)
        if as_json:
            show(found, as_json)
            return
        items, moves = found.pop("items", []), found.pop("moves", [])
        show(found)
        show(items, columns=("user_name", "key", "cause", "manual"))
        show(moves, columns=("user_name", "fields"))


@app.command()
def run(as_json: Json = False) -> None:
    """立即运行一次 / One run now: the same as the job."""
    with opened() as connector:
        show(sync_departures(connector), as_json)


@app.command()
def watch(as_json: Json = False) -> None:
    """立即处理一次目录变更 / Act on what changed since the last look; the same as the job."""
    with opened() as connector:
        show(watch_directory(connector), as_json)


@app.command()
def cases(
    overdue: Annotated[bool, typer.Option(help="only past the limit")] = False,
    every: Every = False,
    as_json: Json = False,
) -> None:
    """待补交书面申请的离岗个案 / Leavers whose written form is awaited (LC 7(2))."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_cases(act, overdue_only=overdue, open_only=not every), as_json, CASES)


@app.command()
def movers(every: Every = False, as_json: Json = False) -> None:
    """调岗个案 / People who moved, with permissions listed for withdrawal (JC 6, 13)."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_movers(act, open_only=not every), as_json, MOVERS)


@app.command()
def hints(every: Every = False, as_json: Json = False) -> None:
    """人事目录提示：新到岗、返岗、未知单位 / People who joined or came back, units not known."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_hints(act, open_only=not every), as_json, HINTS)


@app.command()
def handovers(as_json: Json = False) -> None:
    """离岗人员未交接的任职和待办 / Offices and requests that leavers leave open."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_handovers(act), as_json, ("user_name", "account_status", "since", "offices", "requests"))


@app.command()
def link(key: str, user_name: str, as_json: Json = False) -> None:
    """将人事编号关联到已登记的使用人 / Link a key of the directory to a registered person; recorded."""
    with opened() as connector, connector.act(operator()) as act:
        account = service.link_key(act, key, user_name)
        show({"key": key, "user_name": account.user_name, "status": account.status}, as_json)


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
            show(views.show_plans(act), as_json, ("hash", "kind", "state", "made_at", "leavers", "reasons", "request"))


@app.command()
def probe(
    quick: Annotated[bool, typer.Option(help="look at a sample only, do not read everybody")] = False,
    as_json: Json = False,
) -> None:
    """检查人事目录的属性映射，以及能否完整读取 / The mapping against the live schema, and whether all can be read."""
    with opened() as connector:
        if connector.directory is None:
            raise NotConfiguredError
        found = views.show_probe(connector.directory, whole=not quick)
        attributes = found.pop("attributes")
        show(found | {"attributes": attributes} if as_json else found, as_json)
        if not as_json:
            out.print()
            show(attributes, columns=("purpose", "attribute", "known", "filled"))
