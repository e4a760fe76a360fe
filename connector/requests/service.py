"""The requests room's front door: what other rooms, routes and commands call."""

from connector.requests.chain import PlannedStage
from connector.requests.deadlines import list_overdue, remind_due_stages
from connector.requests.decide import decide
from connector.requests.forms import RequestForm
from connector.requests.in_place import check_capacity, list_inbox, list_tasks_in_place
from connector.requests.resubmit import resubmit_request, withdraw_request
from connector.requests.store import (
    decisions_of,
    get_request,
    get_stage,
    list_decided,
    list_requests,
    parts_of,
    stages_of,
    versions_of,
)
from connector.requests.submit import preview_chain, submit_request

__all__ = [
    "PlannedStage",
    "RequestForm",
    "check_capacity",
    "decide",
    "decisions_of",
    "get_request",
    "get_stage",
    "list_decided",
    "list_inbox",
    "list_overdue",
    "list_requests",
    "list_tasks_in_place",
    "parts_of",
    "preview_chain",
    "remind_due_stages",
    "resubmit_request",
    "stages_of",
    "submit_request",
    "versions_of",
    "withdraw_request",
]
