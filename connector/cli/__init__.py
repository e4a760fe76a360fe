"""The command line `trading-idp`: each command opens a session, calls one service function, prints."""

import sys
from importlib import import_module
from importlib.metadata import entry_points

import structlog
import typer

AREAS = (
    ("realm", "connector.cli.realm"),
    ("rules", "connector.cli.rules"),
    ("requests", "connector.cli.requests"),
    ("batches", "connector.cli.batches"),
    ("papers", "connector.cli.papers"),
    ("steps", "connector.cli.steps"),
    ("links", "connector.cli.links"),
    ("ledger", "connector.cli.ledger"),
    ("keys", "connector.cli.keys"),
    ("matrix", "connector.cli.matrix_checks"),
    ("privileged", "connector.cli.privileged"),
    ("conflicts", "connector.cli.conflicts"),
    ("departures", "connector.cli.departures"),
    ("scans", "connector.cli.scans"),
    ("reviews", "connector.cli.reviews"),
    ("self-checks", "connector.cli.self_checks"),
    ("inspections", "connector.cli.inspections"),
    ("corrections", "connector.cli.corrections"),
    ("filings", "connector.cli.filings"),
    ("reconcile", "connector.cli.reconciliation"),
    ("registration", "connector.cli.registration"),
    ("verification", "connector.cli.verifying"),
    ("activity", "connector.cli.activity"),
    ("provenance", "connector.cli.provenance"),
    ("freeze", "connector.cli.freezes"),
    ("incidents", "connector.cli.incidents"),
    ("sanctions", "connector.cli.sanctions"),
    ("alarms", "connector.cli.alarms"),
    ("endpoints", "connector.cli.webhooks"),
    ("signals", "connector.cli.signals"),
    ("audit", "connector.cli.audit"),
    ("database", "connector.cli.database"),
    ("vault", "connector.cli.vault"),
)
FLAT = (
    "connector.cli.up",
    "connector.cli.regulations",
    "connector.cli.register",
    "connector.cli.deputies",
    "connector.cli.server",
    "connector.cli.doctor",
    "connector.cli.duties",
    "connector.cli.certify",
    "connector.cli.sign_in",
)


def make_app() -> typer.Typer:
    """The whole command tree; commands of other packages join by the entry point group trading_idp.commands."""
    app = typer.Typer(
        name="trading-idp",
        help="公共资源交易平台账号管理 / account governance around Keycloak",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    for name, module in AREAS:
        app.add_typer(import_module(module).app, name=name)
    for module in FLAT:
        app.registered_commands += import_module(module).app.registered_commands
        app.registered_groups += import_module(module).app.registered_groups
    for point in entry_points(group="trading_idp.commands"):
        app.add_typer(point.load(), name=point.name)
    return app


def main() -> None:
    """Entry point of the console script. Log lines go to stderr: what a command prints on stdout is its answer."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    make_app()()
