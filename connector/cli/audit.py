"""Commands of the record: verify, export, search, seal, checkpoint, key. Prints; decides nothing.

`verify --export` needs the directory and the public key alone: no settings, no database, no connector.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.audit import seal, search
from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.export import export_log
from connector.audit.note import VerifierKey, open_checkpoint
from connector.audit.sources import LATEST_FILE, DatabaseSource, ExportSource, Source
from connector.audit.verify import Kind, Report, verify_log
from connector.cli.progress import bar
from connector.cli.session import err, opened, operator, out, refusals, show
from connector.errors import NotFoundError, Text
from connector.register.offices import OFFICE_ZONE

app = typer.Typer(no_args_is_help=True, help="审计记录 / the audit record")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
KINDS = {
    Kind.CHANGED: Text("记录被修改", "an entry was changed"),
    Kind.REMOVED: Text("记录被删除", "an entry was removed"),
    Kind.INSERTED: Text("插入了记录", "an entry was inserted"),
    Kind.SWAPPED: Text("记录被调换", "entries were swapped"),
    Kind.TRUNCATED: Text("日志被截断", "the log was cut off"),
    Kind.REWRITTEN: Text("日志被重写", "the log was rewritten"),
    Kind.BAD_SIGNATURE: Text("检查点签名无效", "a checkpoint's signature is wrong"),
    Kind.NO_CHECKPOINT: Text("没有签名检查点", "there is no signed checkpoint"),
}


@app.command()
def verify(
    export: Annotated[Path | None, typer.Option(help="an exported directory, instead of the database")] = None,
    key: Annotated[str | None, typer.Option(help="the log's public key, or a file with it")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="a checkpoint kept elsewhere; may be repeated")] = None,
    as_json: Json = False,
) -> None:
    """验证记录未被篡改 / Verify that the record is as it was signed; exit code 1 on a finding."""
    if export is not None:
        if key is None:
            raise typer.BadParameter(
                "--export needs --key: the key in the directory proves nothing", param_hint="--key"
            )
        with refusals():
            report = _verify(ExportSource(export), read_key(key), checkpoint, as_json)
    else:
        with opened() as connector:
            public = read_key(key or connector.signer.verifier_key())
            report = _verify(DatabaseSource(connector.database), public, checkpoint, as_json)
    _show_report(report, as_json)
    if report.finding is not None:
        raise typer.Exit(1)


@app.command("export")
def export_record(
    directory: Annotated[Path, typer.Argument(help="an empty or new directory")], as_json: Json = False
) -> None:
    """导出全部已封存的记录 / Export the sealed record, verifiable with the public key alone."""
    with opened() as connector:
        seal.seal_pending(connector.database, connector.signer, connector.clock.now())
        public = read_key(connector.signer.verifier_key())
        source = DatabaseSource(connector.database)
        with bar(Text("导出审计记录", "exporting the record"), total=source.size(), as_json=as_json) as advance:
            count = export_log(source, public, directory, progress=advance)
        latest = open_checkpoint((directory / LATEST_FILE).read_text(encoding="utf-8"), public)
        with connector.act(operator()) as act:
            audit.record(act, Event.RECORD_EXPORTED, "record:export", entries=count, root=latest.root.hex())
    show({"directory": str(directory), "entries": count, "key": str(public)}, as_json)


@app.command("search")
def search_record(
    person: Annotated[str | None, typer.Option(help="person id")] = None,
    account: Annotated[str | None, typer.Option(help="account id")] = None,
    request: Annotated[str | None, typer.Option(help="request id")] = None,
    event: Annotated[str | None, typer.Option(help="event name, as request.approved")] = None,
    since: Annotated[datetime | None, typer.Option(help="from this moment on, in Chinese time")] = None,
    until: Annotated[datetime | None, typer.Option(help="before this moment, in Chinese time")] = None,
    alarms: Annotated[bool, typer.Option("--alarms", help="alarms only")] = False,
    before: Annotated[int | None, typer.Option(help="entries older than this id: the next page")] = None,
    count: Annotated[int, typer.Option(min=1, max=search.MOST_AT_ONCE)] = 50,
    as_json: Json = False,
) -> None:
    """按使用人、账号、申请、时间查找记录 / Search by person, account, request, time; newest first."""
    with opened() as connector, connector.act(operator()) as act:
        found = search.list_entries(
            act,
            person_id=person,
            account_id=account,
            request_id=request,
            event=event,
            since=_chinese(since),
            until=_chinese(until),
            alarms_only=alarms,
            before_id=before,
            count=count,
        )
        names = ("id", "at", "event", "actor", "subject", "person_id", "account_id", "request_id", "alarm", "data")
        rows = [{name: getattr(entry, name) for name in names} for entry in found]
    show(rows, as_json, () if as_json else ("id", "at", "event", "actor", "subject", "data"))


@app.command("seal")
def seal_record(as_json: Json = False) -> None:
    """立即封存并签名 / Seal what waits and sign a checkpoint now."""
    with opened() as connector:
        show({"sealed": seal.seal_pending(connector.database, connector.signer, connector.clock.now())}, as_json)


@app.command("checkpoint")
def print_checkpoint() -> None:
    """输出最新检查点，请另存他处 / Print the newest checkpoint; keep it on another machine."""
    with opened() as connector, connector.database.session() as session:
        last = seal.find_last_checkpoint(session)
        if last is None:
            raise NotFoundError(kind="checkpoint", name="latest")
        typer.echo(last.note, nl=False)


@app.command("key")
def print_key() -> None:
    """输出日志公钥 / Print the log's public key (C2SP verifier key)."""
    with opened() as connector:
        typer.echo(connector.signer.verifier_key())


def _verify(source: Source, key: VerifierKey, kept: list[Path] | None, as_json: bool) -> Report:
    notes = tuple(_read_text(path) for path in kept or ())
    with bar(Text("验证审计记录", "verifying the record"), total=source.size(), as_json=as_json) as advance:
        return verify_log(source, key, kept=notes, progress=advance)


def read_key(key: str) -> VerifierKey:
    """A key given as text holds plus signs; anything else is the name of a file."""
    return VerifierKey.parse(key if key.count("+") >= 2 else _read_text(Path(key)))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise NotFoundError(kind="file", name=str(path)) from None


def _show_report(report: Report, as_json: bool) -> None:
    if as_json:
        show({"ok": report.finding is None, **vars(report), "finding": report.finding}, as_json=True)
        return
    show({name: value for name, value in vars(report).items() if name != "finding"})
    found = report.finding
    if found is None:
        out.print("[green]✓ 记录完整，未发现篡改 / the record is as it was signed[/green]")
        return
    place = str(found.position) if found.through is None else f"{found.position}–{found.through}"
    words = KINDS[found.kind]
    err.print(f"[bold red]✗ {words.zh}：第 {place} 条（从 0 起）（GX 10）[/bold red]", highlight=False)
    err.print(f"  {words.en}, position {place} (from 0)", highlight=False)
    err.print("→ 保留现场，报告审计管理员 / keep everything as it is and tell the auditor", highlight=False)


def _chinese(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=OFFICE_ZONE) if moment is not None and moment.tzinfo is None else moment
