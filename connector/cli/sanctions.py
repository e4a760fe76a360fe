"""`trading-idp sanctions`: violations, as the signed-in person (LC 7(3))."""

from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.incidents import case_schemas, sanctions
from connector.incidents.sanctions import SanctionForm

app = typer.Typer(no_args_is_help=True, help="违规处理 / sanctions for violations (LC 7(3))")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
COLUMNS = ("user_name", "unit", "impact", "counted_as", "measure", "days", "term_ends_at", "state", "request")


@app.command()
def propose(
    user_name: str,
    impact: Annotated[str, typer.Option(help="impact, as `trading-idp rules explain sanction` names it")],
    violation: Annotated[str, typer.Option(help="what was done")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """提请违规处理 / propose a sanction: a request with its chain and term."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        row = sanctions.propose(act, SanctionForm(user_name=user_name, impact=impact, violation=violation))
        show(case_schemas.show_sanction(sanctions.get_sanction(act, row.id)), as_json)


@app.command("list")
def list_sanctions(account: str = "", as_json: Json = False) -> None:
    """违规处理登记 / the register of sanctions."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = sanctions.list_sanctions(act, user_name=account)
        show([case_schemas.show_sanction(one) for one in found], as_json, COLUMNS)


@app.command()
def informed(sanction_id: str, receipt: str, token: Token = "", as_json: Json = False) -> None:
    """登记已告知本人 / enter that the notice was handed over."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        sanctions.inform(act, sanction_id, receipt=receipt)
        show(case_schemas.show_sanction(sanctions.get_sanction(act, sanction_id)), as_json)
