"""What every route shares: the signed-in act, problem documents and how OpenAPI tells of them. Knows no feature."""

import re
from asyncio import Semaphore, timeout
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.errors import (
    ConnectorError,
    FieldProblem,
    NotFoundError,
    NotSignedInError,
    RefusedInputError,
    Text,
    UnavailableError,
)
from connector.ports import Typesetter

PROBLEM = "application/problem+json"
MOST_AT_ONCE = 32  # Starlette has 40 threads; each request holds one at a time.
MOST_BYTES = 1 << 20  # The largest form, a founding list, is loaded by a command and not over HTTP.
MOST_UPLOADED = 32 << 20  # A scan or a list of people; each has its own, smaller limit.
UPLOADS = re.compile(r"/(?:scans|batches|sheets)$")  # the addresses that take a file
AT_ONCE_UPLOADED = 4
UPLOAD_SECONDS = 120.0
# A control character in JSON is always escaped; a percent sign stands before two hexadecimal digits.
CONTROL_IN_BODY = re.compile(rb"\\u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])")
# Half of a surrogate pair without the other half is no character: it can be neither stored nor answered.
HALF_IN_BODY = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
CONTROL_IN_QUERY = re.compile(rb"%(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONG_NUMBER = re.compile(r"\d{6,}[Xx]?")
BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="Keycloak 签发的访问令牌 / an access token")


class Desk(Protocol):
    """The part of the composition root that routes need; set as `app.state.connector`."""

    def act(self, actor: Actor, *, reading: bool = False, changing: bool = False) -> AbstractContextManager[Act]: ...

    def actor_of(self, token: str) -> Actor: ...

    @property
    def typesetter(self) -> Typesetter: ...


def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.connector
    return desk


def get_actor(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None
) -> Actor:
    """The person whose access token came with the request; NotSignedInError without a valid one."""
    if bearer is None:
        raise NotSignedInError
    return get_desk(request).actor_of(bearer.credentials.strip())


def get_act(request: Request, actor: Annotated[Actor, Depends(get_actor)]) -> Iterator[Act]:
    """One act of the signed-in person: committed before the answer is sent, so a failed commit is never a 200."""
    is_read = request.method == "GET"
    with get_desk(request).act(actor, reading=is_read, changing=not is_read) as act:
        yield act


def get_typesetter(request: Request) -> Typesetter:
    return get_desk(request).typesetter


ActDep = Annotated[Act, Depends(get_act, scope="function")]
ActorDep = Annotated[Actor, Depends(get_actor)]
TypesetterDep = Annotated[Typesetter, Depends(get_typesetter)]


class WrongAddressError(NotFoundError):
    """There is no such address."""

    code = "wrong-address"
    says = Text("没有此接口", "There is no such address")
    remedy = Text("请对照 /openapi.json 核对地址", "Compare the address with /openapi.json")
    who = Text("调用方", "the caller")


class WrongMethodError(ConnectorError):
    """The address is known and does not take this method."""

    code = "wrong-method"
    status = 405
    says = Text("此接口不支持该方法", "The address does not take this method")
    remedy = Text("请对照 /openapi.json 核对方法", "Compare the method with /openapi.json")
    who = Text("调用方", "the caller")


class ProblemField(BaseModel):
    """One wrong field."""

    field: str
    zh: str
    en: str
    clause: str


class ProblemWords(BaseModel):
    """The same in English."""

    title: str
    remedy: str
    who: str


class Problem(BaseModel):
    """拒绝或故障（RFC 9457）/ a refusal or fault: what, why (clause), what to do, who can do it."""

    type: str
    title: str
    status: int
    code: str
    clause: str = Field(description="条款 / the article that asks for it; empty where no regulation does")
    detail: str
    remedy: str
    who: str
    en: ProblemWords
    facts: dict[str, Any] | None = None
    fields: list[ProblemField] | None = Field(None, description="每个有误的字段 / every wrong field (422)")


class BodyTooLargeError(ConnectorError):
    """The body is larger than any form of this product."""

    code = "body-too-large"
    status = 413
    says = Text("请求正文超过{limit}字节", "The body is larger than {limit} bytes")
    remedy = Text("请缩短内容或分次提交", "Shorten the content, or send it in parts")
    who = Text("调用方", "the caller")


class Door:
    """Refuses at the door what no form holds: bodies without measure, and control characters (SQLite keeps a NUL).

    It lets in no more requests at once than there are threads to serve them: writers wait for each other holding a
    thread each, and the one whose turn it is must find one for its next part.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = Semaphore(MOST_AT_ONCE)
        self._uploads = Semaphore(AT_ONCE_UPLOADED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, refusal = await self._read(scope, receive)
        if refusal is not None:
            await problem_response(refusal)(scope, receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        async with self._places:
            await self._app(scope, again, send)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[bytes, ConnectorError | None]:
        """Few large bodies are read at once, and each in a limited time: they lie in memory."""
        is_upload = _is_upload(scope)
        limit = MOST_UPLOADED if is_upload else MOST_BYTES
        try:
            async with self._uploads if is_upload else nullcontext(), timeout(UPLOAD_SECONDS if is_upload else None):
                body = await _receive_all(receive, limit)
        except TimeoutError:
            return b"", BodyTooLargeError(limit=limit)
        if body is None:
            return b"", BodyTooLargeError(limit=limit)
        return body, _body_refusal(scope, body, is_upload)


async def _receive_all(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when it is larger than `limit`."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
        if size > limit:
            return None
    return b"".join(parts)


def _body_refusal(scope: Scope, body: bytes, is_upload: bool) -> ConnectorError | None:
    """What no form holds. A file may hold any byte: what it is, is looked at where it is taken in."""
    text = b"" if is_upload else body
    where = "body" if CONTROL_IN_BODY.search(text) else "address"
    if where == "body" or CONTROL_IN_QUERY.search(scope.get("raw_path", b"") + b"?" + scope.get("query_string", b"")):
        return RefusedInputError([FieldProblem(where, "含有控制字符", "holds control characters")])
    if HALF_IN_BODY.search(text):
        return RefusedInputError([FieldProblem("body", "含有不完整的字符", "holds half a character")])
    return None


def _is_upload(scope: Scope) -> bool:
    """A file sent to one of the addresses that take one."""
    kind = dict(scope.get("headers", ())).get(b"content-type", b"")
    return bool(kind.startswith(b"multipart/form-data") and UPLOADS.search(scope.get("path", "")))


def problem_response(error: ConnectorError) -> JSONResponse:
    """The RFC 9457 answer to any error of the tree."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == NotSignedInError.status else None
    return JSONResponse(error.problem(), status_code=error.status, media_type=PROBLEM, headers=headers)


def validation_refusal(error: RequestValidationError) -> ConnectorError:
    """FastAPI's own complaints about the shape of the input, in the words of this product; values are not echoed."""
    return RefusedInputError([_field_problem(item) for item in error.errors()])


def database_refusal(error: DBAPIError | PoolTimeoutError) -> ConnectorError:
    """What a fault of the database means to the caller: nothing was committed, the change and its audit entry neither.

    A value that the database cannot hold (a NUL, a number out of range) is the caller's, everything else is ours.
    """
    if isinstance(error, DataError):
        return RefusedInputError(
            [FieldProblem("body", "含有无法保存的字符或数值", "holds a character or number that cannot be stored")]
        )
    return UnavailableError(part="数据库 / the database")


def address_refusal(error: HTTPException) -> ConnectorError:
    """What the framework's own answers mean: no such route, wrong method, unreadable body."""
    if error.status_code in (404, 405):
        return WrongMethodError() if error.status_code == 405 else WrongAddressError()
    return RefusedInputError([FieldProblem("body", "无法读取请求正文", "the body cannot be read")])


def describe_operations(schema: dict[str, Any]) -> dict[str, Any]:
    """Completes an OpenAPI document: summaries in both languages from the first line, and every problem answer."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(described.pop("$defs"))
    components["Problem"] = described
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["summary"] = operation.get("description", "").splitlines()[0]
            for status, words in _possible_problems(operation).items():
                operation["responses"][status] = {
                    "description": words,
                    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
    return schema


def _possible_problems(operation: dict[str, Any]) -> dict[str, str]:
    found = {"503": "数据库或身份服务不可用，未作任何更改 / a part is not available; nothing was done"}
    if "security" in operation:
        found |= {"401": "未登录 / not signed in", "403": "无权办理 / not permitted"}
    if "parameters" in operation or "requestBody" in operation:
        found |= {
            "404": "找不到 / no such thing",
            "409": "与现状冲突 / does not fit the present state",
            "422": "内容有误 / wrong input, field by field",
        }
    return dict(sorted(found.items()))


def _field_problem(item: Any) -> FieldProblem:
    # A key of the input is part of its place; one that looks like a document number or a phone is not repeated.
    place = ".".join(str(part) for part in item["loc"] if part not in ("body", "query", "path"))
    return FieldProblem(LONG_NUMBER.sub("…", place) or "body", f"格式不正确（{item['type']}）", str(item["msg"]))
