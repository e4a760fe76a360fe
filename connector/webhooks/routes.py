"""Routes of the webhooks: the one approvers' systems call, and those by which endpoints are kept."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.register.readers import ENDPOINTS
from connector.webhooks import incoming, service
from connector.webhooks.errors import MessageTooLargeError
from connector.webhooks.schemas import DecisionTaken, EndpointSecretsView, EndpointView, Rotation
from connector.webhooks.service import EndpointForm

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
    """审批系统以签名消息办理任务 / a system decides a task. No token: the signature is the proof."""
    connector = request.app.state.connector

    def open_act(actor: Actor, now: datetime | None) -> AbstractContextManager[Act]:
        return cast(AbstractContextManager[Act], connector.act(actor, now=now))

    return incoming.receive_decision(open_act, endpoint_id, request.headers, body)


@router.get("/endpoints")
def list_endpoints(act: ActDep, active: bool | None = None) -> list[EndpointView]:
    """对接端点清单 / the endpoints, without secrets."""
    check_holds(act, *ENDPOINTS, doing="查看对接端点 / read endpoints")
    return [EndpointView.model_validate(row) for row in service.list_endpoints(act, active=active)]


@router.post("/endpoints", status_code=201)
def register_endpoint(act: ActDep, form: EndpointForm) -> EndpointSecretsView:
    """登记对接端点，密钥只显示一次 / register an endpoint; its secrets are shown this once."""
    return _shown(service.register_endpoint(act, form))


@router.post("/endpoints/{name}/rotate")
def rotate_endpoint(act: ActDep, name: str, form: Rotation) -> EndpointSecretsView:
    """更换密钥，旧密钥24小时内仍有效 / new secrets; the present ones count for another 24 hours."""
    return _shown(service.rotate_endpoint(act, name, incoming_key=form.incoming_key))


@router.post("/endpoints/{name}/disable")
def disable_endpoint(act: ActDep, name: str) -> EndpointView:
    """停用对接端点 / switch an endpoint off, both ways and at once."""
    return EndpointView.model_validate(service.disable_endpoint(act, name))


def _shown(made: service.EndpointSecrets) -> EndpointSecretsView:
    endpoint = EndpointView.model_validate(made.endpoint)
    return EndpointSecretsView(endpoint=endpoint, outgoing=made.outgoing, incoming=made.incoming)
