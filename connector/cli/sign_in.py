"""`trading-idp sign-in`: an access token for the command line, by the device grant (RFC 8628)."""

import base64
import hashlib
import secrets
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
            verifier = secrets.token_urlsafe(48)  # Keycloak asks this client for PKCE, also in this grant.
            typer.echo(_wait(http, realm, _begin(http, realm, verifier), verifier))
        except httpx.HTTPError as error:
            err.print(f"身份服务不可用 / Keycloak is not available: {type(error).__name__}", highlight=False)
            raise typer.Exit(1) from error


def _begin(http: httpx.Client, realm: str, verifier: str) -> dict[str, Any]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    data = {"client_id": load_realm_config().command_line.id, "scope": "openid", "code_challenge": challenge}
    answer = http.post(f"{realm}/auth/device", data={**data, "code_challenge_method": "S256"})
    answer.raise_for_status()
    begun: dict[str, Any] = answer.json()
    err.print(f"请在浏览器打开并登录 / open and sign in: {begun['verification_uri_complete']}", highlight=False)
    return begun


def _wait(http: httpx.Client, realm: str, begun: dict[str, Any], verifier: str) -> str:
    interval, ends = float(begun.get("interval", 5)), time.monotonic() + float(begun["expires_in"])
    client_id, code = load_realm_config().command_line.id, begun["device_code"]
    data = {"client_id": client_id, "grant_type": GRANT, "device_code": code, "code_verifier": verifier}
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
