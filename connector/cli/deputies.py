"""`trading-idp deputies` and `trading-idp offices`: deputies, absences, vacant offices. Decides nothing."""

from datetime import datetime
from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.register import absences, deputies
from connector.register.absences import AbsenceForm
from connector.register.deputies import DeputyForm
from connector.register.deputy_routes import AbsenceView, deputy_view
from connector.requests import vacancies

app = typer.Typer()
deputies_app = typer.Typer(no_args_is_help=True, help="代理 / deputies")
offices_app = typer.Typer(no_args_is_help=True, help="岗位 / offices")
app.add_typer(deputies_app, name="deputies")
app.add_typer(offices_app, name="offices")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="a day in China")]
COLUMNS = ("id", "office", "unit", "holder", "deputy", "valid_from", "valid_to", "confirmed_at", "ended_at")


@deputies_app.command("list")
def list_deputies(everybody: bool = False, ended: bool = False, token: Token = "", as_json: Json = False) -> None:
    """我的代理 / The deputies one named, and those one stands for."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        found = [deputy_view(one) for one in deputies.list_deputies(act, everybody=everybody, ended=ended)]
        show(found, as_json, COLUMNS)


@deputies_app.command("name")
def name_deputy(
    appointment: Annotated[str, typer.Argument(help="id of the appointment")],
    deputy: Annotated[str, typer.Argument(help="user name of the deputy")],
    valid_from: Day,
    valid_to: Day,
    reason: Annotated[str, typer.Option(help="why")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """指定代理人 / Name a deputy for one's own office, or for an absent holder."""
    form = DeputyForm(
        appointment_id=appointment, deputy=deputy, valid_from=valid_from.date(), valid_to=valid_to.date(), reason=reason
    )
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(deputy_view(deputies.name_deputy(act, form)), as_json)


@deputies_app.command("confirm")
def confirm_deputy(deputy_id: str, token: Token = "", as_json: Json = False) -> None:
    """确认为他人指定的代理 / Confirm a deputy named for an absent holder."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(deputy_view(deputies.confirm_deputy(act, deputy_id)), as_json)


@deputies_app.command("end")
def end_deputy(deputy_id: str, token: Token = "", as_json: Json = False) -> None:
    """立即终止代理 / End a deputy at once."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(deputy_view(deputies.end_deputy(act, deputy_id)), as_json)


@deputies_app.command("away")
def note_absence(
    first_day: Day,
    last_day: Day,
    reason: Annotated[str, typer.Option(help="why")],
    person: Annotated[str | None, typer.Option(help="id of another person; security administrator only")] = None,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记外出 / Note an absence."""
    form = AbsenceForm(person_id=person, first_day=first_day.date(), last_day=last_day.date(), reason=reason)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(AbsenceView.model_validate(absences.note_absence(act, form)), as_json)


@deputies_app.command("back")
def end_absence(absence_id: str, token: Token = "", as_json: Json = False) -> None:
    """注销外出登记 / The person is back."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(AbsenceView.model_validate(absences.end_absence(act, absence_id)), as_json)


@offices_app.command("vacant")
def list_vacant(as_json: Json = False) -> None:
    """岗位空缺 / Offices that nobody could exercise today or soon."""
    with opened() as connector, connector.act(operator()) as act:
        show(vacancies.list_vacancies(act), as_json, ("unit_code", "unit", "office", "problem", "until", "clause"))
