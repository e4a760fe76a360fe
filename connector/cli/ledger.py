"""`trading-idp ledger`: read it as of any moment, file it, rebuild it from the record and compare. Decides nothing."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.audit.sources import ExportSource
from connector.cli.session import err, opened, operator, refusals, show
from connector.keys.ledger import read_ledger as ledger_with_keys
from connector.pages import ledger_sheets
from connector.pages.sheets import plain, write_table
from connector.register import ledger, rebuild
from connector.register.offices import OFFICE_ZONE
from connector.register.rebuild import LedgerOfRecord
from connector.register.rebuild_tables import read_accounts, read_entries
from connector.register.schemas import LedgerRowView
from connector.regulations.vocabulary import AccountStatus

app = typer.Typer(help="账号台账 / the ledger", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
AsOf = Annotated[datetime | None, typer.Option(help="a past moment, in Chinese time")]
Unit = Annotated[str | None, typer.Option(help="code of a unit; the units below it count too")]
Subsystem = Annotated[str | None, typer.Option(help="only accounts with a permission there")]
DIFFERENT = 1


@app.callback()
def read_ledger(
    context: typer.Context,
    as_of: AsOf = None,
    unit: Unit = None,
    subsystem: Subsystem = None,
    status: Annotated[AccountStatus | None, typer.Option(help="only accounts of this status")] = None,
    text: Annotated[str | None, typer.Option(help="part of a user name or a person's name")] = None,
    first: Annotated[int, typer.Option(min=0, help="rows to skip")] = 0,
    count: Annotated[int, typer.Option(min=1, max=ledger.MOST_ROWS, help="rows to show")] = 50,
    as_json: Json = False,
) -> None:
    """账号台账，现在或过去某一时刻 / The ledger, now or as of a past moment."""
    if context.invoked_subcommand is not None:
        return
    with opened() as connector, connector.act(operator()) as act:
        page = ledger_with_keys(
            act, as_of=_moment(as_of), unit_code=unit, subsystem=subsystem, status=status, text=text, first=first,
            count=count,
        )  # fmt: skip
    if as_json:
        show(page, as_json=True)
        return
    show([_line(row) for row in page.rows])
    typer.echo(f"{len(page.rows)} / {page.total}  {page.as_of.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}")


@app.command("export")
def export(
    output: Annotated[Path, typer.Argument(dir_okay=False, help="file to write: .xlsx, .csv or .pdf")],
    as_of: AsOf = None,
    unit: Unit = None,
    subsystem: Subsystem = None,
) -> None:
    """导出台账，逐行注明审批依据 / Write the ledger with the approvals of each row, as .xlsx, .csv or PDF."""
    with opened() as connector, connector.act(operator()) as act:
        moment, rows = ledger_sheets.ledger_table(act, as_of=_moment(as_of), unit_code=unit, subsystem=subsystem)
        if output.suffix == ".pdf":
            output.write_bytes(connector.typesetter.pdf("listing", ledger_sheets.listing(moment, rows), at=act.now))
        else:
            notes = (f"账号台账　截至：{plain(moment)}",)
            write_table(output, "账号台账", ledger_sheets.COLUMNS, rows, notes=notes)
    typer.echo(f"{output}: {len(rows)}")


@app.command("rebuild")
def rebuild_ledger(
    compare: Annotated[bool, typer.Option("--compare", help="compare with the tables")] = False,
    export: Annotated[Path | None, typer.Option(help="an exported record, instead of the database's")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """仅凭审计记录重建台账并核对 / Rebuild the ledger from the record alone, and compare it with the tables."""
    told = LedgerOfRecord()
    if export is not None:
        with refusals():
            told.read(entry.content for entry in ExportSource(export).entries() if entry.content)
    if export is None or compare:
        with opened() as connector, connector.database.session() as session:
            if export is None:
                told.read(read_entries(session))
            stored = read_accounts(session)
    if not compare:
        moment = _moment(as_of) or datetime.now(OFFICE_ZONE)
        show(told.as_of(moment), as_json, ("user_name", "unit", "account_class", "status", "permissions"))
        return
    found = list(rebuild.compare(told.accounts, stored))
    counted = {"accounts": len(stored), "differences": len(found), "untold": rebuild.count_unknown(told.accounts)}
    show({**counted, "found": found} if as_json else found or counted, as_json)
    if found:
        err.print(f"差异 {len(found)} / {len(found)} differences")
        raise typer.Exit(DIFFERENT)


def _moment(as_of: datetime | None) -> datetime | None:
    return as_of.replace(tzinfo=OFFICE_ZONE) if as_of else None


def _line(row: LedgerRowView) -> dict[str, object]:
    return {
        "账号": row.user_name,
        "使用人": row.person_name,
        "证件": row.document_masked,
        "单位": row.unit_name,
        "类别": row.account_class,
        "状态": row.status,
        "密钥": row.key_serial,
        "权限": ", ".join(grant.permission_id for grant in row.grants),
        "审批": ", ".join(row.approved_by) or row.opened_by,
    }
