"""Commands of the scans: zombies, passwords, test accounts, orphans, accounts for a time. Prints; decides nothing."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.activity import service as activity
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.checks import dormancy, passwords, proposal, weak
from connector.checks import service as checks
from connector.checks.cleanup import listing
from connector.checks.expiry import EXPIRED
from connector.cli import acceptance, attachments
from connector.cli.session import opened, operator, show
from connector.errors import NotFoundError
from connector.register import accounts
from connector.register.offices import OFFICE_ZONE
from connector.register.tables import AccountRow

app = typer.Typer(no_args_is_help=True, help="检查 / scans")
app.registered_commands += acceptance.app.registered_commands
app.registered_commands += attachments.stored.registered_commands
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be done; write nothing")]
Count = Annotated[int, typer.Option(min=1, max=10_000, help="most rows to show, or to act on")]
At = Annotated[datetime | None, typer.Option(help="as of this day or moment, in Chinese time; dry runs only")]
Name = Annotated[str, typer.Argument(help=", ".join(checks.SCANS))]
ScanId = Annotated[str, typer.Argument(help="id of a run, from `scans list`")]
EVENT_COLUMNS = ("at", "kind", "type", "error", "client_id", "ip", "resource_path", "details")
LISTED = ("scan_id", "scan", "at", "counted", "found", "unknown", "proposed", "left", "request", "request_state")


@app.command("show")
def show_scan(name: Name, at: At = None, count: Count = 100, as_json: Json = False) -> None:
    """试运行：列出一项检查现在会查到的账号，不写入任何内容 / Dry run of one scan; changes nothing."""
    with opened() as connector, connector.act(operator(), now=_moment(at), reading=True) as act:
        found = checks.preview(act, name, count=count, as_of=at is not None)
    shown = asdict(found)
    rows = shown.pop("accounts")
    _print(shown, rows, as_json)


@app.command("run")
def run_scan(name: Name, as_json: Json = False) -> None:
    """执行一项检查，将查到的账号提请主要负责人批准 / Run one scan and propose what it finds to the principal."""
    if name == EXPIRED.name:
        raise typer.BadParameter("the clock ends these: job end_expired", param_hint="name")
    with opened() as connector, connector.act(job_actor(f"scan_{name}")) as act:
        run = checks.propose(act, checks.find_scan(name))
        result = {"scan_id": run.id, **proposal.summary(act, run)}
    show(result, as_json)


@app.command("list")
def list_scans(
    name: Annotated[str, typer.Option("--scan", help="one scan only")] = "", count: Count = 50, as_json: Json = False
) -> None:
    """检查记录 / Runs of the scans, newest first."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = checks.list_scans(act, name=name, count=count)
    show(found, as_json, LISTED)


@app.command("report")
def report_scan(scan_id: ScanId, as_json: Json = False) -> None:
    """一次检查的处理结果，逐个账号 / What became of every account of one run, each with its moment."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = asdict(checks.report(act, scan_id))
    rows = found.pop("lines")
    _print(found, rows, as_json)


@app.command("cleanup-list")
def write_cleanup_list(
    scan_id: ScanId,
    out: Annotated[
        Path | None, typer.Option(help="write a spreadsheet (.xlsx) or the printed form (.pdf) here")
    ] = None,
    as_json: Json = False,
) -> None:
    """信息系统账号清理清单 / The clean-up list of one run (JC annex 3), as a spreadsheet or printed."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        rows = checks.cleanup_list(act, scan_id)
        printed = (
            connector.typesetter.pdf("listing", listing(rows), at=act.now) if out and out.suffix == ".pdf" else None
        )
    if out is None:
        show([asdict(row) for row in rows], as_json)
        return
    out.write_bytes(printed or checks.write_xlsx(rows))
    show({"file": str(out), "rows": len(rows)}, as_json)


@app.command("flag")
def flag_password(
    user_name: str,
    source: Annotated[str, typer.Option(help="who found it weak: an inspection, a password audit")],
    as_json: Json = False,
) -> None:
    """登记经检查发现的简单口令 / Note that an inspection found an account's password weak (LC 6(3))."""
    with opened() as connector, connector.act(operator()) as act:
        row = weak.flag_password(act, user_name, source=source)
        result = {"user_name": user_name, "flagged_at": row.flagged_at, "source": row.source}
    show(result, as_json)


@app.command("dormant")
def scan_dormant(dry_run: DryRun = False, at: At = None, count: Count = 100, as_json: Json = False) -> None:
    """僵尸用户检查，提请主要负责人批准 / Find zombie accounts and propose them to the principal (LC 7(2))."""
    now = _as_of(at, dry_run)
    actor = operator() if dry_run else job_actor("scan_dormant")  # A proposal is the scan's, not the operator's.
    with opened() as connector, connector.act(actor, now=now) as act:
        request = None if dry_run else proposal.propose_dormant(act)
        found = checks.preview(act, dormancy.DORMANT.name, count=count, as_of=at is not None)
        number = request.number if request else None
    result = {
        "dry_run": dry_run, "rule": found.rule, "counts": found.counts, "unknown": found.unknown, "request": number,
    }  # fmt: skip
    _print(result, [{"user_name": account.user_name, **account.evidence} for account in found.accounts], as_json)


@app.command("passwords")
def scan_passwords(dry_run: DryRun = False, at: At = None, count: Count = 100, as_json: Json = False) -> None:
    """口令期限检查 / Password ages: notices before the limit, a forced change at it (JC 25, GS 10(4))."""
    with opened() as connector, connector.act(operator(), now=_as_of(at, dry_run)) as act:
        due = passwords.list_due(act, limit=count)
        if not dry_run:
            passwords.act_on_due(act, due)
            forced = sum(each.days_left == 0 for each in due)
            passwords.record_scan(act, notices=len(due) - forced, forced=forced)
        result = {
            "dry_run": dry_run,
            "counts": {verdict.value: number for verdict, number in passwords.count_verdicts(act).items()},
            "initial": passwords.list_initial(act, limit=count),
        }
    _print(result, [each.as_json() for each in due], as_json)


@app.command("activity")
def show_activity(user_name: str, as_json: Json = False) -> None:
    """一个账号的使用情况 / Last use and password age of one account, as the mirror knows them."""
    with opened() as connector, connector.act(operator()) as act:
        account = _account(act, user_name)
        result = {
            "user_name": account.user_name,
            "last_used_at": activity.last_used_at(act, account.id),
            "password_set_at": activity.password_set_at(act, account.id),
            "subsystems": activity.uses_by_subsystem(act, account.id),
            "covers_since": activity.covers_since(act),
        }
    show(result, as_json)


@app.command("events")
def list_events(
    user_name: Annotated[str | None, typer.Option("--account", help="user name")] = None,
    type_name: Annotated[str | None, typer.Option("--type", help="for example LOGIN or ACTION:USER")] = None,
    since: Annotated[datetime | None, typer.Option(help="first moment, in Chinese time")] = None,
    until: Annotated[datetime | None, typer.Option(help="moment after the last, in Chinese time")] = None,
    count: Count = 50,
    as_json: Json = False,
) -> None:
    """Keycloak 事件 / Keycloak's events as they are kept (GX 10), newest first."""
    with opened() as connector, connector.act(operator()) as act:
        found = activity.list_events(
            act,
            account_id=_account(act, user_name).id if user_name else None,
            type_name=type_name,
            since=since.replace(tzinfo=OFFICE_ZONE) if since else None,
            until=until.replace(tzinfo=OFFICE_ZONE) if until else None,
            limit=count,
        )
    show([{name: getattr(event, name) for name in EVENT_COLUMNS} for event in found], as_json)


def _as_of(at: datetime | None, dry_run: bool) -> datetime | None:
    """The moment asked for; only what writes nothing may be asked as of another one."""
    if at and not dry_run:
        raise typer.BadParameter("--at needs --dry-run", param_hint="--at")
    return _moment(at)


def _moment(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=OFFICE_ZONE) if at else None


def _account(act: Act, user_name: str) -> AccountRow:
    account = accounts.find_by_user_name(act, user_name)
    if account is None:
        raise NotFoundError(kind="账号 (account)", name=user_name)
    return account


def _print(result: dict[str, Any], rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show(result | {"accounts": rows}, as_json=True)
        return
    show(result)
    show(rows)
