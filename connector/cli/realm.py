"""Commands of the realm as code: apply it, or tell how Keycloak differs from it. Prints; decides nothing."""

from dataclasses import asdict
from typing import Annotated

import typer

from connector.adapters.realm_changes import Change
from connector.adapters.realm_setup import administrator_id, realm_applier
from connector.audit import service as audit
from connector.audit.events import Event
from connector.checks import policies
from connector.cli.progress import parts
from connector.cli.session import opened, operator, show
from connector.errors import Text
from connector.storage.tables import new_id

app = typer.Typer(no_args_is_help=True, help="Keycloak 域配置 / the realm as code")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
APPLYING = Text("应用域配置", "applying the realm")
COMPARING = Text("比对域配置", "comparing the realm")


@app.command("apply")
def apply_realm(as_json: Json = False) -> None:
    """将域配置应用到 Keycloak / Apply realm-config/ to Keycloak; what was changed by hand is put back."""
    with opened() as connector:
        applier = realm_applier(connector.settings, connector.rulebook)
        realm, run = f"realm:{applier.parameters.realm}", new_id()
        # Told before anything is changed: the provenance gate lets pass what this administrator does until the end.
        by = administrator_id(connector.settings, applier)
        with connector.act(operator()) as act:
            audit.record(act, Event.REALM_APPLY_BEGUN, realm, run=run, administrator=by)
        with parts(APPLYING, as_json=as_json) as tell:
            changes = applier.apply(tell)
        done = [str(change) for change in changes if change.kind != "unexpected"]
        with connector.act(operator()) as act:
            audit.record(act, Event.REALM_APPLIED, realm, run=run, changes=done)
            if done:
                policies.note_applied(act)
    _print(changes, as_json)


@app.command("diff")
def diff_realm(as_json: Json = False) -> None:
    """显示 Keycloak 与域配置的差异 / Tell every difference and change nothing; exit code 3 when there is one."""
    with opened() as connector:
        applier = realm_applier(connector.settings, connector.rulebook)
        with parts(COMPARING, as_json=as_json) as tell:
            changes = applier.diff(tell)
    _print(changes, as_json)
    if changes:
        raise typer.Exit(3)


def _print(changes: list[Change], as_json: bool) -> None:
    if as_json:
        show([asdict(change) for change in changes], as_json=True)
        return
    for change in changes:
        typer.echo(change)
    typer.echo(f"{len(changes)} 处差异 / difference(s)")
