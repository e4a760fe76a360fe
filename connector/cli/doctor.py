"""`trading-idp doctor`: checks everything this product depends on and says what to do about each (K5)."""

import shutil
import socket
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import httpx
import typer
from sqlalchemy.exc import SQLAlchemyError

from connector.adapters.realm_setup import NoAdministratorError, realm_applier
from connector.bootstrap import Connector, build
from connector.certificate.supported import SUPPORTED, server_version, standing_of
from connector.cli.session import load_settings, show
from connector.errors import ConnectorError
from connector.migrations import current_revision, head_revision
from connector.settings import Settings

app = typer.Typer()

CLOCK_SECONDS = 5.0  # Tokens are checked with 10 s of leeway on both sides.
DISK_BYTES = 1 << 30


class Finding(NamedTuple):
    """One check: `state` is ok, warning, wrong or off; `do` says what to do about it, and who."""

    check: str
    state: str
    says: str
    do: str = ""


@app.command("doctor")
def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """检查运行环境 / settings, database, Keycloak, service account, directory, mail, clock, calendar, keys, disk."""
    findings = _examine(load_settings())
    show(findings, as_json)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> list[Finding]:
    """Every finding; when the product cannot even be put together (keys, rule packs), that one."""
    try:
        connector = build(settings)
    except ConnectorError as error:
        return [_refused("start", error)]
    findings = [_guarded(name, check, connector) for name, check in CHECKS.items()]
    connector.close()
    return findings


def _refused(name: str, error: ConnectorError) -> Finding:
    problem = error.problem()
    words = (f"{problem[part]} / {problem['en'][part]}" for part in ("title", "remedy"))
    return Finding(name, "wrong", *words)


def _guarded(name: str, check: Callable[[Connector], Finding], connector: Connector) -> Finding:
    try:
        return check(connector)
    except ConnectorError as error:
        return _refused(name, error)
    except (httpx.HTTPError, OSError, SQLAlchemyError) as error:
        return Finding(name, "wrong", f"{type(error).__name__}: {error}", REMEDIES.get(name, ""))


def check_settings(connector: Connector) -> Finding:
    settings = connector.settings
    if settings.environment == "production" and settings.keycloak_url.startswith("http://"):
        return Finding(
            "settings",
            "wrong",
            "keycloak_url 不是 https / is not https",
            "请为 Keycloak 配置 TLS / put Keycloak behind TLS",
        )
    return Finding("settings", "ok", f"packs {', '.join(connector.rulebook.packs)}; data {settings.data_dir}")


def check_database(connector: Connector) -> Finding:
    current, head = current_revision(connector.database), head_revision()
    if current != head:
        return Finding("database", "wrong", f"{current} ≠ {head}", "trading-idp database upgrade")
    return Finding("database", "ok", f"{connector.database.engine.dialect.name}, {current}")


def check_keycloak(connector: Connector) -> Finding:
    answer = _realm(connector.settings)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Finding("keycloak", "wrong", "没有此领域 / no such realm", "trading-idp realm apply")
    answer.raise_for_status()
    return Finding("keycloak", "ok", str(answer.url))


def check_keycloak_version(connector: Connector) -> Finding:
    """Keycloak tells its version to an administrator of master alone, so without one set it stays unknown."""
    name, range_ = "keycloak version", f"{SUPPORTED.oldest}–{SUPPORTED.newest}"
    try:
        version = server_version(realm_applier(connector.settings, connector.rulebook).api)
    except NoAdministratorError:
        return Finding(name, "off", f"未设置管理员 / no administrator is set; {range_}", "trading-idp certify")
    state = {"tested": "ok", "too-old": "wrong"}.get(standing_of(version), "warning")
    return Finding(name, state, f"{version or '?'}; {range_}", "" if state == "ok" else "trading-idp certify")


def check_clock(connector: Connector) -> Finding:
    answer = _realm(connector.settings)
    if "date" not in answer.headers:
        return Finding("clock", "off", "Keycloak 未给出时间 / Keycloak states no time")
    drift = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time())
    if drift > CLOCK_SECONDS:
        return Finding("clock", "wrong", f"与 Keycloak 相差 {drift:.0f} s", "请配置 NTP / set up NTP on both hosts")
    return Finding("clock", "ok", f"≤ {CLOCK_SECONDS:.0f} s")


def check_service_account(connector: Connector) -> Finding:
    wrong = [result for result in connector.idp.probe() if not result.ok]
    if wrong:
        says = "; ".join(f"{result.name}: {result.detail}" for result in wrong)
        return Finding("service account", "wrong", says, "trading-idp realm apply")
    return Finding("service account", "ok", "权限恰为所需 / exactly the permissions it needs")


def check_directory(connector: Connector) -> Finding:
    if connector.directory is None:
        return Finding(
            "directory", "off", "TRADING_IDP_LDAP_URL 未设置 / not set", "离职不会自动冻结 / leavers are not read"
        )
    return Finding("directory", "ok", connector.directory.check())


def check_mail(connector: Connector) -> Finding:
    settings = connector.settings
    if not settings.smtp_host:
        return Finding("mail", "off", f"写入 / written to {settings.data_dir / 'mail'}", "TRADING_IDP_SMTP_HOST")
    with socket.create_connection((settings.smtp_host, settings.smtp_port), timeout=5):
        return Finding("mail", "ok", f"{settings.smtp_host}:{settings.smtp_port}")


def check_calendar(connector: Connector) -> Finding:
    missing = connector.rulebook.calendar.missing_years(connector.clock.now())
    if missing:
        years = ", ".join(map(str, missing))
        return Finding(
            "calendar", "wrong", f"{years} 年放假安排尚未录入，按周一至周五计 / counted Monday to Friday",
            "国务院通知公布后写入 TRADING_IDP_CALENDAR_FILE / add the year to the override file",
        )  # fmt: skip
    return Finding("calendar", "ok", connector.rulebook.calendar.version)


def check_keys(connector: Connector) -> Finding:
    keys = connector.settings.data_dir / "keys"
    loose = [path.name for path in _files(keys) if path.stat().st_mode & 0o077]
    if loose:
        return Finding("keys", "wrong", f"权限过宽 / readable by others: {', '.join(loose)}", f"chmod 600 {keys}/*")
    return Finding("keys", "ok", str(keys))


def check_disk(connector: Connector) -> Finding:
    free = shutil.disk_usage(connector.settings.data_dir).free
    if free < DISK_BYTES:
        return Finding(
            "disk", "wrong", f"{free >> 20} MiB", "请扩容 / make room: the record cannot be written on a full disk"
        )
    return Finding("disk", "ok", f"{free >> 30} GiB")


def _realm(settings: Settings) -> httpx.Response:
    url = f"{settings.keycloak_url.rstrip('/')}/realms/{settings.keycloak_realm}"
    return httpx.get(url, timeout=settings.keycloak_timeout_seconds, trust_env=False)


def _files(directory: Path) -> list[Path]:
    """The files that hold something; a lock file holds nothing."""
    found = directory.iterdir() if directory.is_dir() else ()
    return [path for path in found if path.is_file() and path.suffix != ".lock"]


CHECKS: dict[str, Callable[[Connector], Finding]] = {
    "settings": check_settings,
    "database": check_database,
    "keycloak": check_keycloak,
    "keycloak version": check_keycloak_version,
    "clock": check_clock,
    "service account": check_service_account,
    "directory": check_directory,
    "mail": check_mail,
    "calendar": check_calendar,
    "keys": check_keys,
    "disk": check_disk,
}
REMEDIES = {
    "database": "请检查 TRADING_IDP_DATABASE_URL 和数据库服务 / check the URL and the database server",
    "keycloak": "请检查 TRADING_IDP_KEYCLOAK_URL 和 Keycloak 服务 / check the URL and the server",
    "keycloak version": "请先恢复 Keycloak / bring Keycloak back first",
    "clock": "请先恢复 Keycloak / bring Keycloak back first",
    "mail": "请检查邮件服务器 / check the mail server",
}
