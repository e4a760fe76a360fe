"""Routes of the signals: what receivers need, the keeping of streams, and a subsystem's question about an account."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from connector.auth.actor import Actor, ActorKind
from connector.errors import NotSignedInError
from connector.http import BEARER, ActDep, get_desk
from connector.ports import TokenSigner
from connector.register.offices import check_holds
from connector.register.readers import ENDPOINTS
from connector.settings import Settings
from connector.signals import service
from connector.signals.schemas import RegisteredStreamView, Standing, StreamView, Transmitter, VerificationView
from connector.signals.service import StreamForm

PUSH = "urn:ietf:rfc:8935"
ASKER = Actor(kind=ActorKind.WEBHOOK, name="stream", via="api")
router = APIRouter(tags=["signals"])


def signer_of(request: Request) -> TokenSigner:
    return cast(TokenSigner, request.app.state.connector.token_signer)


def public_url_of(request: Request) -> str:
    settings: Settings = request.app.state.connector.settings
    return settings.public_url.rstrip("/")


@router.get("/.well-known/ssf-configuration")
def describe_transmitter(url: Annotated[str, Depends(public_url_of)]) -> Transmitter:
    """安全事件发送方说明（SSF 1.0）/ who sends, and where its keys are."""
    return Transmitter(
        spec_version="1_0",
        issuer=url,
        jwks_uri=f"{url}/signals/keys",
        delivery_methods_supported=[PUSH],
        default_subjects="ALL",
    )


@router.get("/signals/keys")
def list_keys(signer: Annotated[TokenSigner, Depends(signer_of)]) -> dict[str, Any]:
    """安全事件签名公钥（JWKS）/ the public keys that verify our tokens."""
    return signer.public_keys()


@router.get("/signals/streams")
def list_streams(act: ActDep, enabled: bool | None = None) -> list[StreamView]:
    """安全事件接收地址清单 / the streams, without secrets."""
    check_holds(act, *ENDPOINTS, doing="查看安全事件接收地址 / read signal streams")
    return [StreamView.model_validate(row) for row in service.list_streams(act, enabled=enabled)]


@router.post("/signals/streams", status_code=201)
def register_stream(act: ActDep, form: StreamForm) -> RegisteredStreamView:
    """登记子系统的安全事件接收地址，询问令牌只显示一次 / register a stream; its token is shown this once."""
    made = service.register_stream(act, form)
    return RegisteredStreamView(stream=StreamView.model_validate(made.stream), token=made.token)


@router.delete("/signals/streams/{subsystem}")
def disable_stream(act: ActDep, subsystem: str) -> StreamView:
    """停用安全事件接收地址 / switch a stream off, at once."""
    return StreamView.model_validate(service.disable_stream(act, subsystem))


@router.post("/signals/streams/{subsystem}/verify", status_code=202)
def verify_stream(act: ActDep, subsystem: str) -> VerificationView:
    """发送验证事件 / send a verification event, at once."""
    return VerificationView(step=service.verify_stream(act, subsystem).id)


@router.get("/signals/accounts/{name}")
def read_standing(
    request: Request, name: str, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None
) -> Standing:
    """账号状态，供子系统凭询问令牌查询 / is the account in use; asked with the token of a stream."""
    if bearer is None:
        raise NotSignedInError
    with get_desk(request).act(ASKER, reading=True) as act:
        stream = service.stream_asking(act, bearer.credentials.strip())
        status, permissions = service.standing(act, stream, name)
        return Standing(status=status, permissions=permissions, as_of=act.now)
