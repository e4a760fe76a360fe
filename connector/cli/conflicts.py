"""`trading-idp conflicts`: tender projects and who acts in them, conflicts of duty, exceptions."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.session import opened, operator, show
from connector.conflicts import schemas, service
from connector.conflicts.forms import AssignmentForm
from connector.conflicts.sheets import COLUMNS

app = typer.Typer(no_args_is_help=True, help="职责冲突和项目登记 / conflicts of duty, tender projects (HH 3)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Every = Annotated[bool, typer.Option("--all", help="closed ones too")]


@app.command("list")
def list_conflicts(every: Every = False, as_json: Json = False) -> None:
    """职责冲突清单 / Conflicts that exist and no exception covers."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        rows = schemas.list_of_findings(act, open_only=not every, count=200)
        show(rows, as_json, ("account", "charges", "sources", "project", "clause", "cause", "found_at"))


@app.command("exceptions")
def list_exceptions(every: Every = False, as_json: Json = False) -> None:
    """职责冲突例外 / Exceptions with their ends; apply with `requests submit`, kind except_conflict."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        rows = schemas.list_of_exceptions(act, open_only=not every)
        show(rows, as_json, ("number", "account", "rule", "charges", "project", "until", "ended_at"))


@app.command("scan")
def scan(as_json: Json = False) -> None:
    """立即查找职责冲突 / Look for conflicts of duty now, as the nightly job does."""
    with opened() as connector, connector.act(operator()) as act:
        service.end_due(act)
        show(service.scan_conflicts(act), as_json)


@app.command("projects")
def list_projects(every: Every = False, as_json: Json = False) -> None:
    """项目清单 / Tender projects, the next opening of bids first."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        show(schemas.list_of_projects(act, open_only=not every, count=200), as_json)


@app.command("project")
def read_project(number: str, as_json: Json = False) -> None:
    """一个项目 / One project: phases, who acts in them, its blackout."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        show(schemas.show_project(act, number), as_json)


@app.command("import")
def import_projects(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=f"CSV with {', '.join(COLUMNS)}")],
    as_json: Json = False,
) -> None:
    """批量导入项目 / Take a list of projects; the outcome of every row. Times without an offset are China's."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.import_projects(act, file.read_text(encoding="utf-8")), as_json)


@app.command("assign")
def assign(number: str, phase: str, user_name: str, charge: str, as_json: Json = False) -> None:
    """登记项目人员职责 / Note who acts in which charge; refused where charges exclude each other."""
    with opened() as connector, connector.act(operator()) as act:
        service.assign(act, number, AssignmentForm(phase=phase, account=user_name, charge=charge))
        show(schemas.show_project(act, number), as_json)


@app.command("end")
def end_assignment(assignment_id: str, as_json: Json = False) -> None:
    """结束项目人员职责 / End an assignment."""
    with opened() as connector, connector.act(operator()) as act:
        row = service.end_assignment(act, assignment_id)
        show({"id": row.id, "ended_at": row.ended_at}, as_json)


@app.command("close")
def close_project(number: str, as_json: Json = False) -> None:
    """项目办结 / Close a project: its charges and its blackout count no more."""
    with opened() as connector, connector.act(operator()) as act:
        row = service.close_project(act, number)
        show({"number": row.number, "closed_at": row.closed_at}, as_json)
