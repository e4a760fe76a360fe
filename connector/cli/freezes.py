"""`trading-idp freeze`: freeze orders, as the signed-in person, or in an emergency as the operator of the machine."""

from typing import Annotated

import typer
from rich.progress import Progress

from connector.auth.actor import Actor
from connector.bootstrap import Connector
from connector.cli.session import Token, err, is_terminal, opened, operator, show
from connector.incidents import freezes
from connector.incidents.live import prove_order
from connector.incidents.schemas import OrderListed, PreviewShown, list_order, show_order, show_preview
from connector.incidents.scopes import Scope, ScopeKind

app = typer.Typer(no_args_is_help=True, help="冻结与解冻 / freeze and unfreeze accounts (GS 12-14)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Kind = Annotated[ScopeKind, typer.Argument(help="what it goes by")]
Value = Annotated[str, typer.Argument(help="user name, unit code, subsystem id or number of the batch of keys")]
Hash = Annotated[str, typer.Option("--plan", help="hash of the list that was shown")]
Reason = Annotated[str, typer.Option(help="why, for the record")]
ACCOUNTS = ("user_name", "person", "unit", "status", "subsystems", "left_out")
LINES = ("user_name", "person", "unit", "state", "skipped_because", "proof", "signals_taken", "signals")
ORDERS = ("number", "direction", "scope_kind", "scope_value", "size", "state", "ordered_by", "confirmed_by")


@app.command()
def preview(kind: Kind, value: Value, token: Token = "", as_json: Json = False) -> None:
    """冻结前查看名单，不做任何更改 / the accounts a freeze takes out of use; changes nothing."""
    with opened() as connector, connector.act(_actor(connector, token)) as act:
        seen = freezes.preview(act, Scope(kind, value), alone=connector.settings.freeze_alone)
        _show_preview(show_preview(seen), as_json)


@app.command()
def order(kind: Kind, value: Value, plan: Hash, reason: Reason, token: Token = "", as_json: Json = False) -> None:
    """下达冻结指令；无令牌时以主机操作员身份并记告警 / freeze; without a token as the machine's operator, alarmed."""
    with opened() as connector:
        with connector.act(_actor(connector, token)) as act:
            made = freezes.order_freeze(
                act, Scope(kind, value), reason=reason, plan_hash=plan, alone=connector.settings.freeze_alone
            )
            listed = list_order(act, made)
        _carry_on(connector, listed)
        _show_order(connector, listed.number, as_json)


@app.command("list")
def list_orders(
    state: Annotated[list[str] | None, typer.Option(help="only these states; repeat for more")] = None,
    as_json: Json = False,
) -> None:
    """冻结指令清单 / the orders, the newest first."""
    with opened() as connector, connector.act(operator()) as act:
        found = freezes.list_orders(act, states=tuple(state or ()))
        show([list_order(act, one) for one in found], as_json, ORDERS)


@app.command()
def confirm(
    number: str,
    plan: Annotated[str, typer.Option("--plan", help="hash of the list; without it the list is only shown")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """由另一人确认；不带 --plan 时先显示名单 / confirm as the second person; first without --plan, to see the list."""
    with opened() as connector:
        actor = connector.actor_of(token)
        if not plan:
            with connector.act(actor) as act:
                _show_preview(show_preview(freezes.preview_waiting(act, number)), as_json)
            return
        with connector.act(actor) as act:
            listed = list_order(act, freezes.confirm_order(act, number, plan_hash=plan))
        _carry_on(connector, listed)
        _show_order(connector, number, as_json)


@app.command()
def refuse(number: str, reason: Reason, token: Token = "", as_json: Json = False) -> None:
    """驳回待确认的指令 / close a waiting order without carrying it out."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(list_order(act, freezes.refuse_order(act, number, reason=reason)), as_json)


@app.command()
def undo(
    number: str,
    plan: Annotated[str, typer.Option("--plan", help="hash of the list; without it the list is only shown")] = "",
    reason: Annotated[str, typer.Option(help="why, for the record")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """申请解冻；不带 --plan 时先显示名单 / ask for an undoing, which a second person confirms."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        if plan:
            show(list_order(act, freezes.order_undo(act, number, reason=reason, plan_hash=plan)), as_json)
        else:
            _show_preview(show_preview(freezes.preview_undo(act, number)), as_json)


@app.command()
def proof(
    number: str,
    live: Annotated[bool, typer.Option("--live", help="ask Keycloak about every account now")] = False,
    as_json: Json = False,
) -> None:
    """逐个账号的冻结证明；未全部核实时退出码为1 / proof per account; exit code 1 unless all is proved."""
    with opened() as connector:
        if live:
            answers = prove_order(connector, operator(), number)
            show(answers, as_json)
            proved = all(answer.shut for answer in answers)
        else:
            proved = _show_order(connector, number, as_json) == "done"
    raise typer.Exit(0 if proved else 1)


def _actor(connector: Connector, token: str) -> Actor:
    return connector.actor_of(token) if token else operator()


def _carry_on(connector: Connector, order: OrderListed) -> None:
    """Delivers until every line has ended in Keycloak, with progress; what is left stays with the worker."""
    if order.state != "started":
        return
    with Progress(console=err, disable=not is_terminal()) as progress:
        task = progress.add_task(
            "冻结 / freezing" if order.direction == "freeze" else "解冻 / enabling", total=order.size
        )
        while connector.deliver(limit=64):
            with connector.act(operator(), reading=True) as act:
                counts = show_order(act, freezes.get_order(act, order.number)).counts
            progress.update(task, completed=order.size - counts.get("pending", 0))


def _show_preview(seen: PreviewShown, as_json: bool) -> None:
    if as_json:
        show(seen, as_json)
        return
    show(seen.model_dump(exclude={"accounts", "left_out"}))
    show([*seen.accounts, *seen.left_out], columns=ACCOUNTS)


def _show_order(connector: Connector, number: str, as_json: bool) -> str:
    """Prints the order with its lines; returns its state as the lines have it."""
    with connector.act(operator(), reading=True) as act:
        shown = show_order(act, freezes.get_order(act, number))
    if as_json:
        show(shown, as_json)
    else:
        show({name: getattr(shown, name) for name in (*ORDERS, "plan_hash", "reason", "counts")})
        show(shown.lines, columns=LINES)
    ended = shown.state in ("started", "done") and not {"pending", "failed"} & shown.counts.keys()
    return "done" if ended else shown.state
