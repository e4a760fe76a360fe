"""How the demonstration is shown on a terminal. Prints; knows nothing of how a step is done."""

import base64
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from connector.embedded.demo.scene import StepResult
from connector.embedded.machine import Machine


def show_step(step: StepResult, console: Console) -> None:
    """One step: its mark, name, clause and time, and below what was seen."""
    mark = "[green]✓[/green]" if step.ok else "[bold red]✗[/bold red]"
    console.print(f"{mark} [bold]{step.name}[/bold]  [cyan]{step.clause}[/cyan]  {step.seconds:.1f} s", highlight=False)
    for name, value in step.evidence.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        console.print(f"    {name}: {text}", style="dim", highlight=False, markup=False)


def show_summary(steps: Sequence[StepResult], console: Console) -> None:
    """How many steps held."""
    if not steps:
        return
    held = sum(step.ok for step in steps)
    colour = "green" if held == len(steps) else "red"
    seconds = sum(step.seconds for step in steps)
    console.print(
        f"[bold {colour}]{held}/{len(steps)} 步成立 / steps held[/bold {colour}]  {seconds:.0f} s", highlight=False
    )


def show_addresses(machine: Machine, console: Console) -> None:
    """Where everything is, who can log in, and what to do next."""
    keycloak = machine.keycloak
    rows = {
        "页面 / pages": f"{machine.url}/",
        "接口 / API": f"{machine.url}/openapi.json",
        "Keycloak": f"{machine.keycloak_url}/admin/  ({keycloak.admin_user if keycloak else ''}; "
        f"口令 / password: {machine.place.servers / 'keycloak-admin-password'})",
    }
    if machine.has_city:
        rows["子系统 / subsystems"] = machine.subsystems_url
    if machine.directory:
        rows["人事目录 / HR directory"] = f"{machine.directory.url}  ({machine.directory.admin_dn})"
    rows["邮件 / mails"] = str(machine.place.mail)
    rows["命令行设置 / settings for commands"] = f". {machine.place.environment_file}"
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    if machine.has_city:
        _show_logins(machine, console)
    else:
        console.print(
            "尚无单位和账号：用 trading-idp founding load 导入初始名单，或用 up --demo 查看示例\n"
            "No units and no accounts yet: trading-idp founding load FILE, or see a sample city by up --demo",
            highlight=False,
        )


def _show_logins(machine: Machine, console: Console) -> None:
    logins = machine.place.recall("logins", {})
    if not logins:
        return
    console.print(
        "示例登录 / sample log-ins: 任职、使用人、账号、口令、动态口令密钥 (office, name, account, password, OTP key)"
    )
    for office, login in logins.items():
        key = base64.b32encode(login["totp_key"].encode()).decode().rstrip("=")
        # One unbroken line each, whatever the width of the terminal: these are copied.
        line = f"  {office}  {login['name']}  {login['user_name']}  {login['password']}  {key}"
        console.print(line, soft_wrap=True, highlight=False, markup=False)
