"""`trading-idp certify`: tries on a Keycloak, before an upgrade, every fact this product relies on (D7)."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from connector.certificate.certify import Certificate, certify, scratch_name
from connector.certificate.supported import SUPPORTED, standing_of
from connector.cli.session import err, load_settings, out, refusals, show
from connector.errors import Text
from connector.regulations.loader import load_rulebook
from connector.regulations.rulebook import Rulebook
from connector.settings import Settings

app = typer.Typer()
STANDINGS = {
    "tested": Text("在已验证的版本范围内", "in the range of tested versions"),
    "untested": Text("高于已验证的版本，以本证书为准", "newer than the tested ones: this certificate decides"),
    "too-old": Text("低于支持的最旧版本", "older than the oldest supported one"),
    "unknown": Text("版本未知", "version unknown"),
}


@app.command("certify")
def certify_keycloak(
    url: Annotated[str, typer.Option(help="address of the Keycloak to try; default: that of the settings")] = "",
    admin_user: Annotated[str, typer.Option(help="its master administrator; the password is asked for")] = "",
    out_file: Annotated[Path | None, typer.Option("--out", help="write the certificate (JSON) to this file")] = None,
    keep_realm: Annotated[bool, typer.Option("--keep-realm", help="leave the scratch realm, for looking")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the certificate as JSON, nothing else")] = False,
) -> None:
    """升级前验证 Keycloak 的行为 / try every fact this product relies on, on a scratch realm of a Keycloak."""
    settings = _aimed(load_settings(), url, admin_user)
    with refusals(), _ended_by_sigterm():
        certificate = _certify(settings, _rulebook(settings), keep=keep_realm)
    if out_file is not None:
        out_file.write_text(json.dumps(certificate.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        show(certificate.as_json(), as_json=True)
    else:
        _print(certificate)
    if keep_realm:
        err.print(f"域未删除 / realm kept: {certificate.realm}", highlight=False)
    if not certificate.held:
        raise typer.Exit(1)


def _aimed(settings: Settings, url: str, admin_user: str) -> Settings:
    """The settings, with the address and the administrator named on the command line."""
    if admin_user:
        password = typer.prompt(f"口令 / password ({admin_user})", hide_input=True, err=True)
        settings = settings.model_copy(
            update={"keycloak_admin_user": admin_user, "keycloak_admin_password": password},
        )
    return settings.model_copy(update={"keycloak_url": url}) if url else settings


def _rulebook(settings: Settings) -> Rulebook:
    return load_rulebook(settings.rule_packs, pack_dir=settings.rule_pack_dir, calendar_file=settings.calendar_file)


def _certify(settings: Settings, rulebook: Rulebook, *, keep: bool) -> Certificate:
    name = scratch_name()
    err.print(f"试用域 / scratch realm: {name} @ {settings.keycloak_url}", highlight=False)
    with err.status("…") as status:
        return certify(settings, rulebook, name=name, keep=keep, tell=lambda doing: status.update(doing))


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that the scratch realm is deleted."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(certificate: Certificate) -> None:
    table = Table("", "事项 / fact", "依据 / source", "证据 / evidence", "s", box=None, pad_edge=False)
    for outcome in certificate.outcomes:
        name, mark = outcome.fact.name, "[green]✓[/green]" if outcome.held else "[bold red]✗[/bold red]"
        seconds = f"{outcome.seconds:.1f}"
        table.add_row(mark, f"{name.zh}\n{name.en}", outcome.fact.source, escape(outcome.evidence), seconds)
    for number in range(len(table.columns)):
        table.columns[number].overflow = "fold"
    out.print(table, highlight=False)
    version, standing = certificate.server_version or "?", STANDINGS[standing_of(certificate.server_version)]
    held = sum(outcome.held for outcome in certificate.outcomes)
    summary = (
        f"Keycloak {version}：{standing.zh} / {standing.en} ({SUPPORTED.oldest}–{SUPPORTED.newest})",
        f"{held}/{len(certificate.outcomes)} 项成立 / facts held, {certificate.seconds:.0f} s",
        f"realm-config {certificate.realm_config}",
    )
    out.print(*summary, sep="\n", highlight=False)
