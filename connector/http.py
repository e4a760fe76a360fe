"""What every route shares: the signed-in act, problem documents. Knows no feature."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.errors import ConnectorError, FieldProblem, NotSignedInError, RefusedInputError, UnavailableError

PROBLEM = "application/problem+json"


class Desk(Protocol):
    """The part of the composition root that routes need; set as `app.state.connector`."""

    def act(self, actor: Actor) -> AbstractContextManager[Act]: ...

    def actor_of(self, token: str) -> Actor: ...


def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.connector
    return desk


def get_actor(request: Request) -> Actor:
    """The person whose access token came with the request; NotSignedInError without a valid one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedInError
    return get_desk(request).actor_of(token.strip())


def get_act(request: Request, actor: Annotated[Actor, Depends(get_actor)]) -> Iterator[Act]:
    """One act of the signed-in person: committed before the answer is sent, so a failed commit is never a 200."""
    with get_desk(request).act(actor) as act:
        yield act


ActDep = Annotated[Act, Depends(get_act, scope="function")]
ActorDep = Annotated[Actor, Depends(get_actor)]


def problem_response(error: ConnectorError) -> JSONResponse:
    """The RFC 9457 answer to any error of the tree."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == NotSignedInError.status else None
    return JSONResponse(error.problem(), status_code=error.status, media_type=PROBLEM, headers=headers)


def validation_problem(error: RequestValidationError) -> JSONResponse:
    """FastAPI's own complaints about the shape of the input, in the words of this product; values are not echoed."""
    fields = [_field_problem(item) for item in error.errors()]
    return problem_response(RefusedInputError(fields))


def database_problem(_error: DBAPIError | PoolTimeoutError) -> JSONResponse:
    """Nothing was committed: the change and its audit entry stand or fall together (GX 10)."""
    return problem_response(UnavailableError(part="数据库 / the database"))


def _field_problem(item: Any) -> FieldProblem:
    place = ".".join(str(part) for part in item["loc"] if part not in ("body", "query", "path"))
    return FieldProblem(place or "body", f"格式不正确（{item['type']}）", str(item["msg"]))
