"""`trading-idp alarms`: the one list of alarms, and their acknowledgement by a named person (GX 11)."""

from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.incidents import alarms, case_schemas, privilege_watch

app = typer.Typer(no_args_is_help=True, help="告警 / alarms (GX 11)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
COLUMNS = ("id", "severity", "event", "subject", "count", "last_at", "overdue", "acknowledged_by")


@app.command("list")
def list_alarms(
    closed: Annotated[bool, typer.Option("--all", help="acknowledged ones too")] = False, as_json: Json = False
) -> None:
    """告警清单，严重的在前 / the alarms, the worst first."""
    with opened() as connector:
        with connector.act(operator()) as act:
            alarms.collect(act)
        with connector.act(operator(), reading=True) as act:
            found = [case_schemas.show_alarm(one) for one in alarms.list_alarms(act, open_only=not closed)]
        show(found, as_json, COLUMNS)


@app.command()
def ack(
    alarm_id: str,
    note: Annotated[str, typer.Option(help="what it was, for the record")],
    seen: Annotated[int, typer.Option(help="the count that was shown")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """确认告警 / acknowledge an alarm with a note."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        row = alarms.acknowledge(act, alarm_id, note=note, seen=seen)
        show(case_schemas.show_alarm(alarms.get_alarm(act, row.id)), as_json)


@app.command()
def know(user_id: str, label: str, token: Token = "") -> None:
    """登记 Keycloak 管理员 / make an administrator of Keycloak known by the id its events name."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        privilege_watch.register_administrator(act, user_id, label=label)
