"""`trading-idp keys`: the inventory of hardware keys. Stock work is done as the signed-in custodian; reading as the
operator of the machine."""

from pathlib import Path
from typing import Annotated

import typer

from connector.auth.actor import job_actor
from connector.cli.session import Token, opened, operator, show
from connector.keys import schemas, service, sheets
from connector.keys.rules import KeyState
from connector.register import accounts

app = typer.Typer(no_args_is_help=True, help="密钥 / hardware keys")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Note = Annotated[str, typer.Option(help="a short note for the history")]
Receipt = Annotated[str, typer.Option(help="number of the receipt")]
COLUMNS = ("serial", "batch", "model", "status", "account", "issued_at", "bound_at")
EVENT_COLUMNS = ("at", "status", "account", "by", "receipt", "witness", "note")
FINDING_COLUMNS = ("first_seen_at", "kind", "account", "serial", "key_id", "removed_at", "closed_at")


@app.command("import")
def import_keys(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv or .xlsx of the template")],
    paper: Annotated[str, typer.Option(help="number of the delivery paper")],
    supplier: Annotated[str, typer.Option(help="who delivered the keys")] = "",
    batch: Annotated[str, typer.Option(help="batch of the rows that name none")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记一批密钥入库 / Take a delivery of keys into stock; every wrong cell is named, nothing half-applied."""
    delivery = service.Delivery(paper=paper, supplier=supplier, batch=batch)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        report = service.import_batch(act, file, delivery)
        show(report if as_json else {"added": report.added, **report.batches}, as_json)


@app.command("template")
def write_template(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="file to write, .csv or .xlsx")],
) -> None:
    """写出入库模板 / Write the empty template of a delivery."""
    if file.suffix not in (".csv", ".xlsx"):
        raise typer.BadParameter(".csv or .xlsx", param_hint="FILE")
    file.write_bytes(sheets.make_template(file.suffix))


@app.command("list")
def list_keys(
    status: Annotated[KeyState | None, typer.Option(help="only keys of this state")] = None,
    batch: Annotated[str | None, typer.Option(help="only keys of this batch")] = None,
    account: Annotated[str | None, typer.Option(help="only the keys of this user name")] = None,
    text: Annotated[str | None, typer.Option(help="part of a serial number or model")] = None,
    first: Annotated[int, typer.Option(min=0, help="rows to skip")] = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="rows to show")] = 50,
    as_json: Json = False,
) -> None:
    """密钥台账 / The inventory of keys, by serial number."""
    with opened() as connector, connector.act(operator()) as act:
        holder = accounts.get_by_user_name(act, account).id if account else None
        page = service.list_keys(
            act, status=status, batch=batch, account_id=holder, text=text, first=first, count=count
        )
        rows = schemas.key_views(act, page.rows)
    show({"total": page.total, "rows": rows} if as_json else rows, as_json, COLUMNS)


@app.command("show")
def show_key(serial: str, as_json: Json = False) -> None:
    """一枚密钥及其流转、登录记录 / One key with its history and its logins."""
    with opened() as connector, connector.act(operator()) as act:
        key = schemas.key_view(act, service.get_key(act, serial))
        history = schemas.event_views(act, service.history(act, serial))
        uses = [schemas.KeyUseView.model_validate(use) for use in service.list_uses(act, serial)]
    if as_json:
        show({**key.model_dump(mode="json"), "history": history, "uses": uses}, as_json)
        return
    show(key)
    show(history, columns=EVENT_COLUMNS)
    show(uses)


@app.command("issue")
def issue_key(
    serial: str,
    account: Annotated[str, typer.Argument(help="user name")],
    receipt: Receipt,
    note: Note = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """发放密钥 / Give a key to an account against a receipt; an approved replacement enables its account."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        row = accounts.get_by_user_name(act, account)
        show(schemas.key_view(act, service.issue_key(act, serial, row, receipt=receipt, note=note)), as_json)


@app.command("return")
def return_key(serial: str, receipt: Receipt, note: Note = "", token: Token = "", as_json: Json = False) -> None:
    """收回密钥并解除绑定 / Take a key back and unbind it."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(schemas.key_view(act, service.return_key(act, serial, receipt=receipt, note=note)), as_json)


@app.command("restock")
def restock_key(serial: str, note: Note = "", token: Token = "", as_json: Json = False) -> None:
    """已收回的密钥重新入库 / Put a returned key back into stock."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(schemas.key_view(act, service.restock_key(act, serial, note=note)), as_json)


@app.command("lost")
def report_lost(serial: str, note: Note = "", token: Token = "", as_json: Json = False) -> None:
    """登记密钥遗失，账号立即冻结 / Report a key lost; its account is frozen at once (GS 12)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(schemas.key_view(act, service.report_lost(act, serial, note=note)), as_json)


@app.command("damaged")
def report_damaged(serial: str, note: Note = "", token: Token = "", as_json: Json = False) -> None:
    """登记密钥损坏，账号立即冻结 / Report a key damaged; its account is frozen at once (GS 12)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(schemas.key_view(act, service.report_damaged(act, serial, note=note)), as_json)


@app.command("destroy")
def destroy_key(
    serial: str,
    witness: Annotated[str, typer.Option(help="user name of the second person")],
    note: Note = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """两人销毁密钥 / Destroy a key before a witness."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(schemas.key_view(act, service.destroy_key(act, serial, witness=witness, note=note)), as_json)


@app.command("reconcile")
def reconcile(
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="accounts of the slow pass to look at")] = 100,
    as_json: Json = False,
) -> None:
    """立即核对密钥台账与 Keycloak / Compare Keycloak's credentials with the inventory now: the same as the job."""
    with opened() as connector:
        policy = connector.settings.unknown_keys
        actor = job_actor("reconcile_keys")
        done = service.reconcile(connector.idp, lambda: connector.act(actor), policy=policy, count=count)
        show(done, as_json)


@app.command("findings")
def list_findings(
    every: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    count: Annotated[int, typer.Option(min=1, max=1000, help="rows to show")] = 100,
    as_json: Json = False,
) -> None:
    """密钥核对发现 / Where Keycloak and the inventory disagree."""
    with opened() as connector, connector.act(operator()) as act:
        rows = schemas.finding_views(act, service.list_findings(act, open_only=not every, count=count))
    show(rows, as_json, FINDING_COLUMNS)
