"""Privileged use's front door: what other rooms, routes, jobs and commands call."""

from connector.privileged.approve import approve_use, check_use
from connector.privileged.clock import end_due, send_notices, start_due, tell_missing_reviews, watch_ends
from connector.privileged.ending import end_box, give_back
from connector.privileged.record import build_record
from connector.privileged.review import name_reviewer, sign_record
from connector.privileged.schemas import list_seen, show_box
from connector.privileged.store import get_box, granted_by_box, open_boxes_of

__all__ = [
    "approve_use",
    "build_record",
    "check_use",
    "end_box",
    "end_due",
    "get_box",
    "give_back",
    "granted_by_box",
    "list_seen",
    "name_reviewer",
    "open_boxes_of",
    "send_notices",
    "show_box",
    "sign_record",
    "start_due",
    "tell_missing_reviews",
    "watch_ends",
]
