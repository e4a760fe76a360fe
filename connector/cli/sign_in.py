"""`trading-idp sign-in`: an access token for the command line, by the device grant (RFC 8628)."""

import time
from typing import Any

import httpx
import typer

from connector.cli.session import err, load_settings
from connector.realm_config import load_realm_config

app = typer.Typer()

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@app.command("sign-in")
def sign_in() -> None:
    """登录并取得命令行令牌 / sign in through a browser; prints a token for TRADING_IDP_TOKEN."""
    settings = load_settings()
    realm = f"{settings.keycloak_url.rstrip('/')}/realms/{settings.keycloak_realm}/protocol/openid-connect"
    with httpx.Client(timeout=settings.keycloak_timeout_seconds, trust_env=False) as http:
        try:
            typer.echo(_wait(http, realm, _begin(http, realm)))
        except httpx.HTTPError as error:
            err.print(f"身份服务不可用 / Keycloak is not available: {type(error).__name__}", highlight=False)
            raise typer.Exit(1) from error


def _begin(http: httpx.Client, realm: str) -> dict[str, Any]:
    client_id = load_realm_config().command_line.id
    answer = http.post(f"{realm}/auth/device", data={"client_id": client_id, "scope": "openid"})
    answer.raise_for_status()
    begun: dict[str, Any] = answer.json()
    err.print(f"请在浏览器打开并登录 / open and sign in: {begun['verification_uri_complete']}", highlight=False)
    return begun


def _wait(http: httpx.Client, realm: str, begun: dict[str, Any]) -> str:
    interval, ends = float(begun.get("interval", 5)), time.monotonic() + float(begun["expires_in"])
    data = {"client_id": load_realm_config().command_line.id, "grant_type": GRANT, "device_code": begun["device_code"]}
    while time.monotonic() < ends:
        time.sleep(interval)
        answer = http.post(f"{realm}/token", data=data)
        if answer.is_success:
            return str(answer.json()["access_token"])
        reason = answer.json().get("error")
        if reason == "slow_down":
            interval += 5
        elif reason != "authorization_pending":
            err.print(f"登录未完成 / not signed in: {reason}", highlight=False)
            raise typer.Exit(1)
    err.print("登录超时 / timed out", highlight=False)
    raise typer.Exit(1)
