"""`trading-idp vault`: a new key for the sealed values, and everything sealed anew under it (J5)."""

from typing import Annotated

import typer
from sqlalchemy import func, select

from connector.adapters.crypto import AesGcmVault
from connector.audit import service as audit
from connector.audit.events import Event
from connector.bootstrap import Connector
from connector.cli.progress import bar
from connector.cli.session import opened, operator, show
from connector.errors import Text
from connector.register import people, units
from connector.register.tables import PersonRow
from connector.signals import service as signals
from connector.webhooks import service as webhooks

app = typer.Typer(help="密钥环 / keys of the sealed values", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
PAGE = 500


@app.callback()
def group() -> None:
    """Keeps `rotate` a command of its own."""


@app.command("rotate")
def rotate(
    resume: Annotated[bool, typer.Option("--resume", help="make no new key; go on where a run was stopped")] = False,
    as_json: Json = False,
) -> None:
    """更换加密密钥并重新加密全部数据 / make a new key and seal everything anew; old keys stay in the ring.

    Services may go on meanwhile: they read values of old and new keys. Restart them, then run it with --resume for
    what they sealed under the old key before.
    """
    with opened() as connector:
        vault = connector.vault
        if not resume and isinstance(vault, AesGcmVault):
            vault.rotate()
            with connector.act(operator()) as act:
                audit.record(act, Event.VAULT_ROTATED, "vault:ring")
        found = _reseal_persons(connector, as_json)
        with connector.act(operator()) as act:
            found |= {"units": units.reseal(act), "endpoint_secrets": webhooks.reseal(act)}
            found |= {"stream_secrets": signals.reseal(act)}
        show(found, as_json)


def _reseal_persons(connector: Connector, as_json: bool) -> dict[str, int]:
    """Page by page, each in a transaction of its own: a run that is stopped loses nothing and can go on."""
    with connector.act(operator()) as act:
        total = act.session.scalar(select(func.count()).select_from(PersonRow)) or 0
    place: str | None = ""
    done = 0
    with bar(Text("重新加密使用人信息", "sealing persons anew"), total=total, as_json=as_json) as advance:
        while place is not None:
            with connector.act(operator()) as act:
                place = people.reseal(act, after_id=place, count=PAGE)
            done = min(done + PAGE, total)
            advance(done)
    return {"persons": total}
