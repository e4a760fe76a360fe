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
    conflicts,
    deadlines,
    decide,
    departures,
    deputies,
    duties,
    filings,
    findings,
    freeze,
    freeze_proof,
    home,
    inbox,
    incidents,
    inspections,
    jobs,
    keys,
    ledger,
    ledger_files,
    matrix,
    matrix_checks,
    matrix_drafts,
    password_ages,
    persons,
    preferences,
    privileged,
    requests,
    reviews,
    rotations,
    scans,
    self_checks,
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
    deputies.router,
    deadlines.router,
    freeze.router,
    freeze_proof.router,
    privileged.router,
    conflicts.router,
    incidents.router,
    alarms.router,
    alarms.sanction_router,
    keys.router,
    password_ages.router,  # before the runs, whose address takes any name
    scans.router,
    departures.router,
    rotations.router,
    comparisons.router,
    duties.router,
    reviews.router,
    self_checks.router,
    inspections.router,
    inspections.fixes,
    filings.router,
    findings.router,
    jobs.router,
    ledger_files.router,
    ledger_files.api,
    ledger.router,
    persons.router,
    matrix.router,
    matrix_checks.router,
    matrix_drafts.router,
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
