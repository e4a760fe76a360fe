"""Commands of the stamped scans: attach, list, fetch, verify. Opens, calls one service function, prints."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.requests import attachments
from connector.scans import service as scans

app = typer.Typer()
stored = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
COLUMNS = ("version", "sha256", "media_type", "size", "stage_id", "attached_at")


@app.command("attach")
def attach(
    number: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="scan: PDF, JPEG or PNG")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """上传盖章扫描件 / Attach a stamped scan to an open request, as the signed-in person."""
    with opened() as connector:
        row = attachments.receive_scan(connector, connector.actor_of(token), number, file.read_bytes())
        show({"sha256": row.sha256, "media_type": row.media_type, "size": row.size, "version": row.version}, as_json)


@app.command("scans")
def list_scans(number: str, token: Token = "", as_json: Json = False) -> None:
    """申请的扫描件 / The scans of a request, of every version."""
    with opened() as connector, connector.act(connector.actor_of(token), reading=True) as act:
        rows = [{name: getattr(row, name) for name in COLUMNS} for row in attachments.list_scans(act, number)]
    show(rows, as_json)


@app.command("fetch-scan")
def fetch(
    number: str,
    sha256: str,
    out: Annotated[Path, typer.Argument(dir_okay=False, help="file to write")],
    token: Token = "",
) -> None:
    """下载扫描件 / One scan of a request, compared with its hash."""
    with opened() as connector, connector.act(connector.actor_of(token), reading=True) as act:
        row = attachments.get_scan(act, number, sha256)
        out.write_bytes(connector.scan_intake.files.get(row.sha256))
    show({"file": str(out), "media_type": row.media_type})


@stored.command("verify")
def verify(as_json: Json = False) -> None:
    """核对全部扫描件 / Compare every stamped scan with its hash; exit code 1 when one is not whole."""
    with opened() as connector:
        with connector.act(operator()) as act:
            found = scans.verify_scans(act, connector.scan_intake.files)
        show(found, as_json)
        if not found.is_whole:
            raise typer.Exit(1)
