"""Command of the acceptance check: no test or temporary account is left in a subsystem (JC 21). Prints only."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated

import typer

from connector.adapters.realm_setup import realm_applier
from connector.adapters.role_holders import AdministratorHolders
from connector.auth.act import Act
from connector.bootstrap import Connector
from connector.checks import acceptance
from connector.checks.acceptance import Acceptance, HolderSource, ServiceHolders
from connector.cli.progress import parts
from connector.cli.session import err, opened, operator, show
from connector.errors import Text

app = typer.Typer()
READING = Text("核对账号", "laying register and Keycloak side by side")
NOT_COMPLETE = Text(
    "未设置 Keycloak 管理员：账号组以外的用户只能从管理事件得知",
    "No Keycloak administrator is set: users outside the accounts group are known by administrative events only",
)


@app.command("acceptance")
def check_acceptance(
    subsystem: Annotated[str, typer.Argument(help="client id of the subsystem, for example website")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """验收检查：没有遗留的测试、临时账号 / No test or temporary account is left (JC 21); else exit code 1."""
    with opened() as connector:

        def open_act() -> AbstractContextManager[Act]:
            return connector.act(operator())

        with parts(READING, as_json=as_json) as tell:
            tell(subsystem)
            found = acceptance.check_acceptance(_source(connector), open_act, subsystem)
    _print(found, as_json)
    if not found.passed:
        raise typer.Exit(1)


def _source(connector: Connector) -> HolderSource:
    """Everybody, where an administrator is set; else whom the service account sees."""
    settings = connector.settings
    if settings.keycloak_admin_user and settings.keycloak_admin_password:
        return AdministratorHolders(realm_applier(settings, connector.rulebook).api)
    return ServiceHolders(connector.idp)


def _print(found: Acceptance, as_json: bool) -> None:
    signed = asdict(found)
    rows = [each | {"why": acceptance.REASONS[each["reason"]]._asdict()} for each in signed.pop("left")]
    if as_json:
        show(signed | {"left": rows}, as_json=True)
        return
    show(signed)
    show([{**row, "why": " / ".join(row["why"].values())} for row in rows], columns=("user_name", "why", "detail"))
    if not found.complete:
        err.print(f"{NOT_COMPLETE.zh} / {NOT_COMPLETE.en}", highlight=False)
