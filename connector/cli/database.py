"""`trading-idp database`: migrations."""

from typing import Annotated

import typer

from connector.cli.session import load_settings, refusals, show
from connector.migrations import current_revision, head_revision, upgrade
from connector.storage.engine import Database

app = typer.Typer(help="数据库 / the database", no_args_is_help=True)


@app.command("upgrade")
def upgrade_database(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """升级到当前版本 / bring the tables up to this version; never downgrades."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with refusals():
        database = Database(settings.database_url)
        before = current_revision(database)
        upgrade(database)
        show({"from": before, "to": head_revision()}, as_json)
        database.close()


@app.command("status")
def status(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """版本 / which version the tables have; exit code 1 when they are behind."""
    with refusals():
        database = Database(load_settings().database_url)
        current, head = current_revision(database), head_revision()
        show({"current": current, "head": head}, as_json)
        database.close()
    if current != head:
        raise typer.Exit(1)
