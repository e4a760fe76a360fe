"""Commands of the mirror of use: baseline, imports of subsystems' logs, evidence of one account. Prints only."""

from pathlib import Path
from typing import Annotated, Any

import typer

from connector.activity import baseline, evidence, logs, service
from connector.adapters.csv_log import Columns, CsvLog
from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.cli.progress import Progress, bar
from connector.cli.session import opened, operator, show
from connector.errors import Text
from connector.register import accounts

app = typer.Typer(no_args_is_help=True, help="使用情况 / use of accounts, and what it is known from")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
ASKING = Text("读取账号使用和口令情况", "asking for the accounts' credentials")
IMPORTING = Text("导入日志", "importing the log")
FACTOR_COLUMNS = ("at", "factor", "change", "source", "credential")
EXISTING = typer.Argument(exists=True, dir_okay=False, readable=True, help="log file, CSV with a heading")


@app.command("baseline")
def take_baseline(
    from_keycloak: Annotated[
        bool, typer.Option("--from-keycloak", help="ask Keycloak also where its database may be read")
    ] = False,
    as_json: Json = False,
) -> None:
    """读取早于事件记录的账号情况，可中断后继续 / Ask for what is older than the events; may be resumed."""
    with opened() as connector, bar(ASKING, as_json=as_json) as progress:
        taken = _take(connector, progress, from_keycloak)
    show(taken, as_json)


def _take(connector: Connector, progress: Progress, from_keycloak: bool) -> baseline.Taken:
    def open_act() -> Any:
        return connector.act(job_actor("take_baseline"))

    if connector.archive is not None and not from_keycloak:
        return baseline.load_archive(connector.archive, open_act, progress=progress)
    return baseline.take_baseline(connector.idp, open_act, progress=progress)


@app.command("import")
def import_log(
    file: Annotated[Path, EXISTING],
    subsystem: Annotated[str, typer.Option(help="subsystem the whole file is of, as door-access")] = "",
    user_column: Annotated[str, typer.Option(help="heading of the user names")] = "user_name",
    at_column: Annotated[str, typer.Option(help="heading of the moments; without a zone they are +08:00")] = "at",
    subsystem_column: Annotated[str, typer.Option(help="heading of the subsystems")] = "subsystem",
    encoding: Annotated[str, typer.Option(help="utf-8-sig, or gb18030 for older systems")] = "utf-8-sig",
    as_json: Json = False,
) -> None:
    """导入子系统自有日志 / Import a subsystem's own log of use (LC 7(2)); exit code 1 when lines were refused."""
    log = CsvLog(file, Columns(user_column, at_column, subsystem_column), subsystem, encoding)
    with opened() as connector, bar(IMPORTING, as_json=as_json) as progress:
        done = logs.import_log(log, lambda: connector.act(operator()), subsystem=subsystem, progress=progress)
    _print_import(done, as_json)
    if done.refused:
        raise typer.Exit(1)


def _print_import(done: logs.Imported, as_json: bool) -> None:
    refused = [{"line": line.number, "reason": " / ".join(line.reason)} for line in done.reasons]
    counts = {name: getattr(done, name) for name in ("sha256", "again", "lines", "refused", "moved")}
    if as_json:
        show(counts | {"reasons": refused}, as_json=True)
        return
    show(counts)
    if refused:
        show(refused)


@app.command("imports")
def list_imports(as_json: Json = False) -> None:
    """已导入的日志 / The logs that were imported, newest first."""
    columns = ("started_at", "finished_at", "file_name", "subsystem_id", "lines", "refused", "moved", "sha256")
    with opened() as connector, connector.act(operator()) as act:
        found = [{name: getattr(row, name) for name in columns} for row in logs.list_imports(act)]
    show(found, as_json)


@app.command("show")
def show_evidence(user_name: str, as_json: Json = False) -> None:
    """一个账号的使用证据 / What is known of one account's use, from where, and why more is not known."""
    with opened() as connector, connector.act(operator()) as act:
        account = accounts.get_by_user_name(act, user_name)
        found = evidence.evidence_of(act, account.id)
        known = service.activity_of(act, account.id)
        result = {
            "user_name": account.user_name,
            "last_used_at": found.last_used_at,
            "source": found.source,
            "covers_since": found.covers_since,
            "read_at": found.read_at,
            "unknown": found.unknown and found.unknown.value,
            "why": " / ".join(found.words) if found.words else None,
            "first_seen_at": known and known.first_seen_at,
            "password_set_at": known and known.password_set_at,
            "password_known_from": known and known.password_evidence,
            "subsystems": service.uses_by_subsystem(act, account.id),
        }
        factors = [
            {name: getattr(row, name) for name in FACTOR_COLUMNS}
            for row in service.list_factor_changes(act, account.id)
        ]
    if as_json:
        show(result | {"factors": factors}, as_json=True)
        return
    show(result)
    show(factors)
