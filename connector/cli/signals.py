"""`trading-idp signals`: the streams by which subsystems hear of freezes. Prints; decides nothing."""

from typing import Annotated

import typer

from connector.adapters.token_signer import EcTokenSigner
from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import Actor
from connector.bootstrap import Connector
from connector.cli.session import Token, opened, operator, show
from connector.outbox import service as outbox
from connector.signals import service
from connector.signals.schemas import StreamView
from connector.signals.service import StreamForm

app = typer.Typer(
    help="安全事件接收地址 / how subsystems hear of freezes (security event tokens)", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
COLUMNS = ("subsystem_id", "url", "audience", "enabled", "accepted_at", "disabled_reason", "registered_by")


@app.command("streams")
def list_streams(as_json: Json = False) -> None:
    """安全事件接收地址清单 / the streams, without secrets."""
    with opened() as connector, connector.act(operator()) as act:
        show([StreamView.model_validate(row) for row in service.list_streams(act)], as_json, COLUMNS)


@app.command("register")
def register_stream(
    subsystem: Annotated[str, typer.Argument(help="client id of the subsystem")],
    url: Annotated[str, typer.Argument(help="address that takes the tokens; it must be on the allow list")],
    authorization: Annotated[
        str,
        typer.Option(envvar="TRADING_IDP_STREAM_AUTHORIZATION", help="Authorization header the subsystem wants to see"),
    ] = "",
    audience: Annotated[str, typer.Option(help="`aud` of the tokens; default: the subsystem")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记安全事件接收地址，询问令牌只显示一次 / register a stream or change it; its token is shown once."""
    form = StreamForm(subsystem=subsystem, url=url, authorization=authorization, audience=audience)
    with opened() as connector:
        with connector.act(_who(connector, token)) as act:
            made = service.register_stream(act, form)
        base = connector.settings.public_url.rstrip("/")
        shown = {
            "subsystem": made.stream.subsystem_id,
            "token": made.token,
            "configuration": f"{base}/.well-known/ssf-configuration",
            "question": f"{base}/signals/accounts/",
        }
        show(shown, as_json)


@app.command("disable")
def disable_stream(subsystem: str, token: Token = "", as_json: Json = False) -> None:
    """停用安全事件接收地址 / switch a stream off; the subsystem hears of no freeze from then on."""
    with opened() as connector, connector.act(_who(connector, token)) as act:
        show(StreamView.model_validate(service.disable_stream(act, subsystem)), as_json)


@app.command("verify")
def verify_stream(subsystem: str, token: Token = "", as_json: Json = False) -> None:
    """发送验证事件并显示结果 / send a verification event and tell whether it was accepted; exit code 1 if not."""
    with opened() as connector:
        with connector.act(_who(connector, token)) as act:
            step_id = service.verify_stream(act, subsystem).id
        with connector.act(operator()) as act:
            step = outbox.get_step(act, step_id)
            show({"subsystem": subsystem, "step": step.id, "state": step.state, "error": step.last_error}, as_json)
            if step.state != "done":
                raise typer.Exit(1)


@app.command("rotate-key")
def rotate_key(as_json: Json = False) -> None:
    """更换安全事件签名密钥 / a new signing key; the one before it stays published until the next rotation."""
    with opened() as connector, connector.act(operator()) as act:
        signer = connector.token_signer
        if isinstance(signer, EcTokenSigner):
            key_id = signer.rotate()
            audit.record(act, Event.SIGNAL_KEY_ROTATED, f"key:{key_id}")
            show({"key": key_id}, as_json)


def _who(connector: Connector, token: str) -> Actor:
    """A security administrator by his token; without one the operator of the machine, at installation."""
    return connector.actor_of(token) if token else operator()
