"""Commands of shared secrets and of rotation cases: what a leaving administrator knew, changed item by item."""

from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.departures import service, shared_secrets
from connector.departures.shared_secrets import SecretKind

app = typer.Typer(no_args_is_help=True, help="管理员离岗后的口令更改 / what leaving administrators knew (JC 22)")
secrets = typer.Typer(no_args_is_help=True, help="共用口令和密钥台账 / who knows which shared secret")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
SECRETS = ("name", "kind", "opens", "known_by", "registered_at", "changed_at")
ITEMS = ("user_name", "due_at", "overdue", "item_id", "kind", "name", "opens", "done_by", "note")


@secrets.command("add")
def add(
    name: str,
    kind: Annotated[SecretKind, typer.Option(help="what kind of secret")],
    opens: Annotated[str, typer.Option(help="subsystem or server that it opens")],
    as_json: Json = False,
) -> None:
    """登记一项共用口令或密钥（不含口令本身） / Register a shared secret, without the secret itself."""
    with opened() as connector, connector.act(operator()) as act:
        row = shared_secrets.add_secret(act, name, kind=kind, opens=opens)
        show({"name": row.name, "kind": row.kind, "opens": row.opens}, as_json)


@secrets.command("list")
def list_secrets(as_json: Json = False) -> None:
    """全部共用口令和密钥及知悉人 / Every shared secret and who knows it."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_secrets(act), as_json, SECRETS)


@secrets.command("knows")
def knows(name: str, user_name: str, as_json: Json = False) -> None:
    """登记知悉人 / Note that a person knows it from now on."""
    with opened() as connector, connector.act(operator()) as act:
        row = shared_secrets.note_knower(act, name, user_name)
        show({"name": name, "user_name": user_name, "since": row.since}, as_json)


@secrets.command("forget")
def forget(
    name: str,
    user_name: str,
    reason: Annotated[str, typer.Option(help="why he does not know it any more: it was changed")],
    as_json: Json = False,
) -> None:
    """更改后取消知悉人 / End the note: it was changed and not told to him."""
    with opened() as connector, connector.act(operator()) as act:
        ended = shared_secrets.forget_knower(act, name, user_name, reason=reason)
        show({"name": name, "user_name": user_name, "ended": ended}, as_json)


@app.command("list")
def list_rotations(
    every: Annotated[bool, typer.Option("--all", help="closed ones too")] = False, as_json: Json = False
) -> None:
    """待更改事项 / What is to be changed, case by case."""
    with opened() as connector, connector.act(operator()) as act:
        found = service.list_rotations(act, open_only=not every)
        if as_json:
            show(found, as_json)
            return
        rows = [vars(case) | vars(item) for case in found for item in case.items]
        show(rows, columns=ITEMS)


@app.command("done")
def done(
    item_id: str,
    note: Annotated[str, typer.Option(help="how it was changed; never the new secret")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记已更改 / Note that one thing was changed, as the signed-in administrator."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        case = service.do_item(act, item_id, note)
        show({"item_id": item_id, "case_closed": case.closed_at is not None}, as_json)
