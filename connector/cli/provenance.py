"""Commands of the provenance gate: its findings listed, shown and settled. Prints; decides nothing."""

from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.errors import Text
from connector.provenance import service
from connector.provenance.schemas import show_finding

app = typer.Typer(no_args_is_help=True, help="来源核查 / changes in Keycloak that no approved request explains")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Reason = Annotated[str, typer.Option(help="why, for the record")]
FindingId = Annotated[str, typer.Argument(help="id of the finding, or the beginning of it")]


@app.command("list")
def list_findings(
    every: Annotated[bool, typer.Option("--all", help="closed ones too")] = False, as_json: Json = False
) -> None:
    """来源核查发现 / The findings, the newest first (JC 9, GS 13)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        views = service.list_findings(act, open_only=not every)
        if as_json:
            show([show_finding(view) for view in views], as_json)
            return
        columns = ("id", "severity", "what", "subject", "by", "at", "action", "state")
        rows = [
            {
                "id": view.id[:8],
                "severity": _both(view.severity_name),
                "what": _both(view.name),
                "subject": view.subject,
                "by": view.actor,
                "at": view.happened_at,
                "action": _both(view.action_name),
                "state": view.action_state,
            }
            for view in views
        ]
        show(rows, columns=columns)


@app.command("show")
def show_one(finding_id: FindingId, as_json: Json = False) -> None:
    """一项发现的全部内容和应对办法 / One finding: what, who, when, from where, what to do, who can do it."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        view = service.get_finding(act, finding_id)
        if as_json:
            show(show_finding(view), as_json)
            return
        show({name: _both(value) if isinstance(value, Text) else value for name, value in vars(view).items()})


@app.command()
def close(
    finding_id: FindingId,
    reason: Reason,
    request: Annotated[str, typer.Option(help="number of the approved request that explains it")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """关闭一项发现 / Settle a finding, as a security administrator whom it does not name."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(show_finding(service.close_finding(act, finding_id, reason=reason, request_number=request)), as_json)


@app.command("carry-out")
def carry_out(finding_id: FindingId, reason: Reason, token: Token = "", as_json: Json = False) -> None:
    """执行暂缓的处置 / Do what the guard held back; as a security administrator whom the finding does not name."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(show_finding(service.carry_out_held(act, finding_id, reason=reason)), as_json)


def _both(text: Text) -> str:
    return f"{text.zh} / {text.en}"
