"""Puts every page into the application: the one list of page routers."""

from fastapi import FastAPI
from fastapi.routing import APIRoute

from connector.pages import (
    account,
    alarms,
    apply,
    attachments,
    audit,
    batches,
    check,
    comparisons,
    decide,
    departures,
    findings,
    freeze,
    freeze_proof,
    home,
    inbox,
    incidents,
    jobs,
    keys,
    ledger,
    matrix,
    password_ages,
    persons,
    preferences,
    requests,
    rotations,
    scans,
    sign_in,
    welcome,
)

ROUTERS = (
    home.router,
    sign_in.router,
    sign_in.back_channel,
    preferences.router,
    account.router,
    apply.router,
    check.router,
    requests.router,
    attachments.router,
    batches.router,
    inbox.router,
    decide.router,
    freeze.router,
    freeze_proof.router,
    incidents.router,
    alarms.router,
    alarms.sanction_router,
    keys.router,
    password_ages.router,  # before the runs, whose address takes any name
    scans.router,
    departures.router,
    rotations.router,
    comparisons.router,
    findings.router,
    jobs.router,
    ledger.router,
    persons.router,
    matrix.router,
    audit.router,
    welcome.router,
)


def mount(app: FastAPI) -> None:
    """Adds the pages; `app.state.page_paths` are the addresses the menu may point to."""
    for router in ROUTERS:
        app.include_router(router)
    app.state.page_paths = frozenset(
        route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)
    )
