"""Conflicts of duty's front door: what other rooms, routes, jobs and commands call."""

from connector.conflicts.check import check_blackout, check_decider, check_permissions, forbids_box, lock_person
from connector.conflicts.exceptions import check_exception, end_due, list_exceptions, start_exception
from connector.conflicts.projects import (
    assign,
    close_project,
    end_assignment,
    get_project,
    list_projects,
    register_project,
)
from connector.conflicts.scan import list_findings, scan_conflicts
from connector.conflicts.sheets import import_projects
from connector.conflicts.tables import ExceptionRow

__all__ = [
    "ExceptionRow",
    "assign",
    "check_blackout",
    "check_decider",
    "check_exception",
    "check_permissions",
    "close_project",
    "end_assignment",
    "end_due",
    "forbids_box",
    "get_project",
    "import_projects",
    "list_exceptions",
    "list_findings",
    "list_projects",
    "lock_person",
    "register_project",
    "scan_conflicts",
    "start_exception",
]
