"""`trading-idp steps`: what the outbox holds, and putting stopped steps back in line."""

from typing import Annotated

import typer

from connector.cli.session import opened, operator, show
from connector.outbox import service as outbox

app = typer.Typer(help="配置步骤 / provisioning steps, webhooks and mails", no_args_is_help=True)

COLUMNS = ("id", "kind", "state", "attempts", "due_at", "account_id", "last_error")


@app.command("list")
def list_steps(
    state: Annotated[list[str] | None, typer.Option(help="pending, leased, done, dead, conflict")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """列出步骤 / steps, oldest first."""
    with opened() as connector, connector.act(operator()) as act:
        steps = outbox.list_steps(act, states=state or ())
        show([{name: getattr(step, name) for name in COLUMNS} for step in steps], as_json)


@app.command("retry")
def retry(step_id: int, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """重试步骤 / put a dead or conflicting step back in line, after the cause was removed."""
    with opened() as connector, connector.act(operator()) as act:
        step = outbox.retry_step(act, step_id)
        show({"id": step.id, "kind": step.kind, "state": step.state}, as_json)


@app.command("deliver")
def deliver(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """立即执行到期步骤 / run everything that is due now."""
    with opened() as connector:
        show({"tried": connector.deliver()}, as_json)
