"""`trading-idp links`: one-time links for persons without a mail address, by the signed-in operator."""

from datetime import timedelta
from typing import Annotated

import typer

from connector.cli.session import Token, opened, show
from connector.provisioning import links
from connector.register import accounts
from connector.register.offices import check_holds
from connector.regulations.vocabulary import Office

app = typer.Typer(help="一次性链接 / one-time links to initial passwords", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `issue` a command of its own."""


@app.command("issue")
def issue(user_name: str, token: Token = "", as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """发放链接 / make a link; it is shown here once and ends the earlier one (JC 23)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        check_holds(act, Office.OPERATOR, doing="发放一次性链接 / issue a one-time link")
        settings = connector.settings
        life = timedelta(hours=settings.link_hours)
        account = accounts.get_by_user_name(act, user_name)
        link = links.make_link(act, account, public_url=settings.public_url, life=life)
        show({"user_name": user_name, "link": link, "hours": settings.link_hours}, as_json)
