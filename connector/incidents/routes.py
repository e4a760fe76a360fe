"""REST routes of the freeze orders: previewed, given, confirmed, refused, undone, proved."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request

from connector.http import ActDep, ActorDep, get_desk
from connector.incidents import freezes
from connector.incidents.live import Desk, prove_account
from connector.incidents.schemas import (
    Confirmation,
    LiveProofShown,
    OrderForm,
    OrderListed,
    OrderShown,
    PreviewShown,
    Refusal,
    ScopeForm,
    UndoForm,
    list_order,
    show_order,
    show_preview,
)
from connector.settings import Settings

router = APIRouter(tags=["freezes"])
Number = Annotated[str, Path(max_length=36)]


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.connector.settings
    return settings


SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.post("/freezes/preview")
def preview(act: ActDep, settings: SettingsDep, form: ScopeForm) -> PreviewShown:
    """冻结前查看名单 / the accounts that a freeze takes out of use, and those left out; stores nothing."""
    return show_preview(freezes.preview(act, form.scope, alone=settings.freeze_alone))


@router.post("/freezes", status_code=201)
def order_freeze(act: ActDep, settings: SettingsDep, form: OrderForm) -> OrderListed:
    """下达冻结指令 / freeze the list that was shown: at once, or when a second person confirms it."""
    order = freezes.order_freeze(
        act, form.scope, reason=form.reason, plan_hash=form.plan_hash, alone=settings.freeze_alone
    )
    return list_order(act, order)


@router.get("/freezes")
def list_orders(act: ActDep, state: Annotated[list[str] | None, Query()] = None) -> list[OrderListed]:
    """冻结指令清单 / the orders that the caller may see, the newest first."""
    return [list_order(act, order) for order in freezes.list_orders(act, states=tuple(state or ()))]


@router.get("/freezes/{number}")
def show(act: ActDep, number: Number) -> OrderShown:
    """一份冻结指令及逐个账号的证明 / one order, and what is proved of each of its accounts."""
    return show_order(act, freezes.get_order(act, number))


@router.get("/freezes/{number}/waiting")
def preview_waiting(act: ActDep, number: Number) -> PreviewShown:
    """确认前查看名单 / what a waiting order would do now, as its second person must see it."""
    return show_preview(freezes.preview_waiting(act, number))


@router.post("/freezes/{number}/confirm")
def confirm(act: ActDep, number: Number, form: Confirmation) -> OrderListed:
    """由另一人确认并执行 / start a waiting order as its second person."""
    return list_order(act, freezes.confirm_order(act, number, plan_hash=form.plan_hash))


@router.post("/freezes/{number}/refuse")
def refuse(act: ActDep, number: Number, form: Refusal) -> OrderListed:
    """驳回待确认的指令 / close a waiting order without carrying it out."""
    return list_order(act, freezes.refuse_order(act, number, reason=form.reason))


@router.get("/freezes/{number}/undo/preview")
def preview_undo(act: ActDep, number: Number) -> PreviewShown:
    """解冻前查看名单 / the accounts that this order froze and that are frozen for it still; stores nothing."""
    return show_preview(freezes.preview_undo(act, number))


@router.post("/freezes/{number}/undo", status_code=201)
def order_undo(act: ActDep, number: Number, form: UndoForm) -> OrderListed:
    """申请解冻，须另一人确认 / ask for the accounts of an order to be put back; a second person confirms it."""
    return list_order(act, freezes.order_undo(act, number, reason=form.reason, plan_hash=form.plan_hash))


@router.get("/freezes/{number}/accounts/{user_name}/proof")
def prove(
    request: Request, actor: ActorDep, number: Number, user_name: Annotated[str, Path(max_length=64)]
) -> LiveProofShown:
    """即时核实一个账号 / ask Keycloak now whether one account of an order is shut."""
    return prove_account(cast(Desk, get_desk(request)), actor, number, user_name)
