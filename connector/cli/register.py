"""Commands of the register: units, subsystems, persons, ledger, appointments, founding. Decides nothing."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.session import opened, operator, show
from connector.keys import founding as keys
from connector.provisioning import service as provisioning
from connector.realm_config import load_catalogue
from connector.register import accounts, appointments, catalogue, founding, roster, units
from connector.register.schemas import SubsystemView, UnitView, appointment_view

app = typer.Typer()
units_app = typer.Typer(no_args_is_help=True, help="单位 / units")
founding_app = typer.Typer(no_args_is_help=True, help="初始名单 / founding list")
appointments_app = typer.Typer(no_args_is_help=True, help="任职 / appointments")
subsystems_app = typer.Typer(no_args_is_help=True, help="子系统 / subsystems")
persons_app = typer.Typer(no_args_is_help=True, help="使用人 / persons")
app.add_typer(units_app, name="units")
app.add_typer(subsystems_app, name="subsystems")
app.add_typer(persons_app, name="persons")
app.add_typer(founding_app, name="founding")
app.add_typer(appointments_app, name="appointments")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
PERSONS = (
    "name",
    "document_masked",
    "phone_masked",
    "unit_name",
    "post",
    "directory_key",
    "user_name",
    "account_status",
)
Unit = Annotated[str | None, typer.Option(help="code of a unit; the units below it count too")]


@units_app.command("list")
def list_units(unit: Unit = None, as_json: Json = False) -> None:
    """单位树 / The unit tree."""
    with opened() as connector, connector.act(operator()) as act:
        found = [UnitView.model_validate(row) for row in units.list_units(act, below=unit)]
        show(found, as_json, ("code", "name", "kind", "credit_code"))


@subsystems_app.command("list")
def list_subsystems(as_json: Json = False) -> None:
    """子系统 / The subsystems that people log in to."""
    with opened() as connector, connector.act(operator()) as act:
        found = [SubsystemView.model_validate(row) for row in catalogue.list_subsystems(act)]
        show(found, as_json, ("id", "name"))


@persons_app.command("list")
def list_persons(
    unit: Unit = None,
    account: Annotated[
        bool | None, typer.Option("--with-account/--without-account", help="only persons with, or without, an account")
    ] = None,
    text: Annotated[str | None, typer.Option(help="part of a name, or the whole number in the directory")] = None,
    first: Annotated[int, typer.Option(min=0, help="rows to skip")] = 0,
    count: Annotated[int, typer.Option(min=1, max=roster.MOST_ROWS, help="rows to show")] = 50,
    as_json: Json = False,
) -> None:
    """使用人名册，含没有账号的人员 / Everybody registered, with or without an account."""
    with opened() as connector, connector.act(operator()) as act:
        page = roster.list_persons(act, unit_code=unit, has_account=account, text=text, first=first, count=count)
    if as_json:
        show(page, as_json=True)
        return
    show(list(page.rows), columns=PERSONS)
    typer.echo(f"{len(page.rows)} / {page.total}")


@appointments_app.command("list")
def list_appointments(
    unit: Annotated[str | None, typer.Option(help="code of a unit")] = None,
    ended: Annotated[bool, typer.Option(help="show ended ones too")] = False,
    as_json: Json = False,
) -> None:
    """任职情况 / Who holds which office."""
    with opened() as connector, connector.act(operator()) as act:
        found = [appointment_view(*row) for row in appointments.list_appointments(act, unit_code=unit, ended=ended)]
        columns = ("unit_code", "office", "person_name", "valid_from", "valid_to", "paper", "confirmed_at", "ended_at")
        show(found, as_json, columns)


@founding_app.command("load")
def load_founding_list(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file", exists=True, dir_okay=False)], as_json: Json = False
) -> None:
    """导入初始名单（仅限空库）/ Load the founding list, into an empty register only.

    A list without a catalogue takes that of the realm.
    """
    with opened() as connector:
        listed = founding.with_catalogue(founding.read_founding_list(file), load_catalogue())
        with connector.act(operator()) as act:
            report = founding.found(act, listed)
            for account in report.accounts:
                held = accounts.list_grants(act, account)
                provisioning.open_in_keycloak(act, account, held, request_id="", link=False)
            keys.take_over(act, listed, report.accounts)
            for account in report.accounts:
                provisioning.issue_link(act, account, request_id="")
        show({**report._asdict(), "accounts": [account.user_name for account in report.accounts]}, as_json)
