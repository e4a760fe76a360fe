"""Commands of the three-way check: run it, read its worklist, bring a subsystem's list, ask for a withdrawal."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import progress
from connector.cli.matrix import Json, app
from connector.cli.session import Token, opened, operator, show
from connector.errors import Text
from connector.reconciliation import three_way, three_way_exports, three_way_settle, three_way_views
from connector.reconciliation.three_way_rules import Gap
from connector.register.offices import OFFICE_ZONE

CHECKING = Text("核对", "checking")
COLUMNS = ("id", "kind_zh", "user_name", "unit_code", "post", "permission", "found_at", "request", "request_state")


@app.command("check")
def check(
    asks: Annotated[bool, typer.Option("--propose/--no-propose", help="ask for the repair of Keycloak")] = True,
    as_json: Json = False,
) -> None:
    """核对对照表、已审批权限、Keycloak 和子系统清单 / The three-way check now, the same as the job (JC 11)."""
    with opened() as connector, progress.bar(CHECKING, as_json=as_json) as tell:
        summary = three_way.check_matrix(connector, asks=asks, progress=tell)
    show(summary, as_json)


@app.command("differences")
def differences(
    unit: Annotated[str, typer.Option(help="code of a unit")] = "",
    kind: Annotated[Gap | None, typer.Option(help="only this kind")] = None,
    every: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    first: Annotated[int, typer.Option(min=0, help="rows to skip")] = 0,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="rows to show")] = 200,
    as_json: Json = False,
) -> None:
    """对照表差异清单 / The worklist of the three-way check."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = three_way_views.list_gaps(act, unit_code=unit, kind=kind, open_only=not every, first=first, count=count)
    show(found, as_json, COLUMNS)


@app.command("withdraw")
def withdraw(
    difference: Annotated[str, typer.Argument(help="id of the line")], token: Token = "", as_json: Json = False
) -> None:
    """申请收回差异所列权限 / Apply to withdraw what a line names: as the signed-in person, else for the check."""
    with opened() as connector:
        actor = connector.actor_of(token) if token else operator()
        with connector.act(actor) as act:
            request = three_way_settle.ask_withdrawal(act, difference)
            show({"request": request.number, "state": request.state}, as_json)


@app.command("exports")
def exports(as_json: Json = False) -> None:
    """各子系统最近的用户清单 / The newest list of users of each subsystem."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        show(three_way_views.list_exports(act), as_json)


@app.command("receive")
def receive(
    subsystem: Annotated[str, typer.Argument(help="id of the subsystem")],
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8: user_name,role", exists=True, dir_okay=False)],
    taken_at: Annotated[
        datetime | None, typer.Option(help="when the subsystem made the list, Beijing time; default now")
    ] = None,
    as_json: Json = False,
) -> None:
    """接收子系统导出的用户清单 / Take a subsystem's list of who holds which role there; changes no account."""
    moment = taken_at.replace(tzinfo=OFFICE_ZONE) if taken_at is not None else None
    with opened() as connector, connector.act(operator()) as act:
        row = three_way_exports.receive_export(act, subsystem, file.read_bytes(), taken_at=moment)
        show({"subsystem": subsystem, "rows": row.rows, "taken_at": row.taken_at, "sha256": row.sha256}, as_json)
