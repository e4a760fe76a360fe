"""The route that approvers' systems call. No token: the signature of the message is the proof."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.webhooks import incoming
from connector.webhooks.errors import MessageTooLargeError
from connector.webhooks.schemas import DecisionTaken

MOST_BYTES = 20_000  # Standard Webhooks: a payload stays below 20 kB.
router = APIRouter(tags=["webhooks"])


async def raw_body(request: Request) -> bytes:
    """The body as received, because the signature is over its bytes; reading stops at the limit."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise MessageTooLargeError(limit=MOST_BYTES)
    return body


@router.post("/webhooks/{endpoint_id}/decisions")
def receive_decision(endpoint_id: str, request: Request, body: Annotated[bytes, Depends(raw_body)]) -> DecisionTaken:
    """审批系统以签名消息办理审批任务 / An approver's system decides a task by a signed message (Standard Webhooks)."""
    connector = request.app.state.connector

    def open_act(actor: Actor, now: datetime | None) -> AbstractContextManager[Act]:
        return cast(AbstractContextManager[Act], connector.act(actor, now=now))

    return incoming.receive_decision(open_act, endpoint_id, request.headers, body)
