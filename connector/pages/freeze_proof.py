"""What a freeze has proved: Keycloak asked once more about one account, and failed steps tried again."""

from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.incidents import freezes, store
from connector.incidents.live import Desk, prove_account
from connector.incidents.scopes import check_may_order
from connector.outbox import service as outbox
from connector.pages.access import PageActDep, VisitorDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.visitor import get_desk

router = APIRouter(prefix="/pages/freezes", tags=["pages"], include_in_schema=False)

ENDED_BADLY = ("dead", "conflict")


@router.get("/{number}/proof/{user_name}")
def prove(request: Request, visitor: VisitorDep, number: str, user_name: str) -> HTMLResponse:
    """Keycloak's answer about one account at this moment; no transaction is open while it is asked."""
    found = prove_account(cast(Desk, get_desk(request)), visitor.actor, number, user_name)
    title = translator(language_of(request))(mark("即时核实：{user_name}"), user_name=user_name)
    return render(request, "freeze_proof.html", title=title, found=found, number=number)


@router.post("/{number}/retry")
def retry(request: Request, act: PageActDep, number: str) -> Response:
    """Tries the failed steps of an order again, as one who might have given it."""
    order = freezes.get_order(act, number)
    check_may_order(act, freezes.scope_of(order))
    for line in store.lines_of(act, order.id):
        for step in (outbox.get_step(act, step_id) for step_id in line.steps):
            if step.state in ENDED_BADLY:
                outbox.retry_step(act, step.id)
                act.urgent.append(step.id)
    banner = translator(language_of(request))(mark("正在重试"))
    return see_other(request, f"/pages/freezes/{order.number}", banner=banner)
