"""`trading-idp endpoints`: approvers' systems, their secrets and their end. Prints; decides nothing."""

from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.regulations.vocabulary import Office
from connector.webhooks import service
from connector.webhooks.schemas import EndpointView
from connector.webhooks.service import EndpointForm, EndpointSecrets

app = typer.Typer(help="对接端点 / endpoints of approvers' systems", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
PublicKey = Annotated[str, typer.Option("--incoming-key", help="whpk_… of the other side, with --key-pairs")]
COLUMNS = ("name", "url", "offices", "active", "disabled_cause", "registered_by", "registered_at")


@app.command("register")
def register_endpoint(
    name: str,
    url: Annotated[str, typer.Argument(help="address that receives tasks; it must be on the allow list")],
    unit: Annotated[str, typer.Option(help="code of the unit whose tasks it hears of")],
    office: Annotated[list[Office], typer.Option(help="office it may answer for; repeat for more")],
    key_pairs: Annotated[
        bool, typer.Option("--key-pairs", help="Ed25519 (v1a) instead of shared secrets (v1)")
    ] = False,
    incoming_key: PublicKey = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记对接端点，密钥只显示一次 / register an endpoint as security administrator; its secrets are shown once."""
    form = EndpointForm(
        unit_code=unit,
        name=name,
        url=url,
        offices=tuple(office),
        scheme="v1a" if key_pairs else "v1",
        incoming_key=incoming_key,
    )
    with opened() as connector:
        with connector.act(connector.actor_of(token)) as act:
            made = service.register_endpoint(act, form)
        show(_secrets(made, connector.settings.public_url), as_json)


@app.command("list")
def list_endpoints(as_json: Json = False) -> None:
    """对接端点清单 / the endpoints, without secrets."""
    with opened() as connector, connector.act(operator()) as act:
        show([EndpointView.model_validate(row) for row in service.list_endpoints(act)], as_json, COLUMNS)


@app.command("disable")
def disable_endpoint(name: str, token: Token = "", as_json: Json = False) -> None:
    """停用对接端点 / switch an endpoint off, both ways and at once."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(EndpointView.model_validate(service.disable_endpoint(act, name)), as_json)


@app.command("rotate")
def rotate_endpoint(name: str, incoming_key: PublicKey = "", token: Token = "", as_json: Json = False) -> None:
    """更换密钥，旧密钥24小时内仍有效 / new secrets; the present ones count for another 24 hours."""
    with opened() as connector:
        with connector.act(connector.actor_of(token)) as act:
            made = service.rotate_endpoint(act, name, incoming_key=incoming_key)
        show(_secrets(made, connector.settings.public_url), as_json)


def _secrets(made: EndpointSecrets, public_url: str) -> dict[str, str]:
    """What the administrator of the other system needs. Shown after the commit: secrets not stored are not shown."""
    return {
        "endpoint": made.endpoint.name,
        "decisions": f"{public_url.rstrip('/')}/webhooks/{made.endpoint.id}/decisions",
        "outgoing": made.outgoing,
        "incoming": made.incoming,
    }
