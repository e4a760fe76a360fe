"""The web application: routes and pages mounted, and the one place where errors become answers."""

import secrets
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from connector import http
from connector.bootstrap import Connector
from connector.checks import job_routes
from connector.checks import routes as checks
from connector.conflicts import routes as conflicts
from connector.departures import routes as departures
from connector.duties import routes as duties
from connector.errors import ConnectorError, FaultError
from connector.incidents import case_routes
from connector.incidents import routes as incidents
from connector.keys import routes as keys
from connector.pages import mount as pages
from connector.pages.event_words import event_name
from connector.pages.frame import is_page, problem_page
from connector.papers import routes as papers
from connector.privileged import routes as privileged
from connector.provenance import routes as provenance
from connector.provisioning import routes as provisioning
from connector.reconciliation import routes as reconciliation
from connector.reconciliation import three_way_routes
from connector.register import administrator_routes, deputy_routes, record_routes
from connector.register import routes as register
from connector.registration import routes as registration
from connector.requests import batch_routes, deadline_routes, matrix_routes, scan_routes
from connector.requests import routes as requests
from connector.reviews import inspection_routes
from connector.reviews import routes as reviews
from connector.signals import routes as signals
from connector.webhooks import routes as webhooks

TITLE = "公共资源交易平台账号管理 / trading-idp"
log = structlog.get_logger()

ROOMS = (
    register,
    record_routes,
    administrator_routes,
    checks,
    job_routes,
    keys,
    privileged,
    conflicts,
    deputy_routes,
    deadline_routes,  # before the requests, whose address takes any number
    requests,
    scan_routes,
    batch_routes,
    papers,
    matrix_routes,
    provenance,
    provisioning,
    departures,
    registration,
    reconciliation,
    reviews,
    inspection_routes,
    duties,
    three_way_routes,
    webhooks,
    signals,
    incidents,
    case_routes,
)


def create_app(connector: Connector) -> FastAPI:
    """The application over a built connector. OpenAPI is at /openapi.json."""
    app = FastAPI(title=TITLE, version="0.1.0", docs_url=None, redoc_url=None)
    app.state.connector, app.state.event_names = connector, event_name
    app.add_middleware(http.Door)
    for room in ROOMS:
        app.include_router(room.router)
    pages.mount(app)
    app.add_api_route("/health/live", live, methods=["GET"], tags=["health"])
    app.add_api_route("/health/ready", ready, methods=["GET"], tags=["health"])
    _answer_errors(app)
    app.openapi = partial(_describe, app)  # type: ignore[method-assign]
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        http.describe_operations(FastAPI.openapi(app))
    return app.openapi_schema or {}


def live() -> dict[str, str]:
    """进程在运行 / the process runs."""
    return {"status": "UP"}


def ready(request: Request) -> JSONResponse:
    """数据库可用 / the database answers. Keycloak is not asked: approvals go on while it is down."""
    connector: Connector = request.app.state.connector
    try:
        with connector.database.session() as session:
            session.connection()
    except DBAPIError:
        return JSONResponse({"status": "DOWN", "checks": [{"name": "database", "status": "DOWN"}]}, status_code=503)
    return JSONResponse({"status": "UP", "checks": [{"name": "database", "status": "UP"}]})


def _answer_errors(app: FastAPI) -> None:
    """The one place where errors become answers: a page for a person who looks, a problem document for a client."""

    def answer(request: Request, error: ConnectorError) -> Response:
        return problem_page(request, error) if is_page(request) else http.problem_response(error)

    @app.exception_handler(ConnectorError)
    def answer_refusal(request: Request, error: ConnectorError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    def answer_shape(request: Request, error: RequestValidationError) -> Response:
        return answer(request, http.validation_refusal(error))

    @app.exception_handler(DBAPIError)
    def answer_database(request: Request, error: DBAPIError) -> Response:
        return answer(request, http.database_refusal(error))

    @app.exception_handler(PoolTimeoutError)
    def answer_pool(request: Request, error: PoolTimeoutError) -> Response:
        return answer(request, http.database_refusal(error))

    @app.exception_handler(HTTPException)
    def answer_address(request: Request, error: HTTPException) -> Response:
        page = answer(request, http.address_refusal(error))
        page.headers.update(error.headers or {})
        return page

    @app.exception_handler(Exception)
    def answer_fault(request: Request, error: Exception) -> Response:
        reference = request.state.reference = secrets.token_hex(4)
        log.error(
            "request.fault",
            method=request.method,
            route=_route(request),
            error=type(error).__name__,
            reference=reference,
        )
        return answer(request, FaultError())


def _route(request: Request) -> str:
    """The pattern of the route, without the values in it."""
    return str(getattr(request.scope.get("route"), "path", ""))
