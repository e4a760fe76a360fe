"""The keys room's front door: what other rooms, routes, commands and jobs call."""

from connector.keys.binding import bind_key, holds_key, serials_out, unbind
from connector.keys.custody import destroy_key, issue_key, restock_key, return_key
from connector.keys.findings import list_findings
from connector.keys.intake import Delivery, ImportReport, import_batch
from connector.keys.loss import (
    approve_replacement,
    check_may_enable,
    find_case,
    keeps_out,
    list_replacements,
    open_replacement,
    report_damaged,
    report_lost,
)
from connector.keys.reconcile import Reconciled, reconcile
from connector.keys.rules import HELD, OUT, KeyState
from connector.keys.store import (
    KeyPage,
    get_key,
    is_out,
    key_of,
    keys_of_batch,
    list_batches,
    list_keys,
    serials_by_account,
)
from connector.keys.store import history_of as history
from connector.keys.uses import KeyUse, list_uses, serial_of
from connector.keys.waivers import end_due_waivers, end_waiver, find_waiver, has_waiver, list_waivers, start_waiver

__all__ = [
    "HELD",
    "OUT",
    "Delivery",
    "ImportReport",
    "KeyPage",
    "KeyState",
    "KeyUse",
    "Reconciled",
    "approve_replacement",
    "bind_key",
    "check_may_enable",
    "destroy_key",
    "end_due_waivers",
    "end_waiver",
    "find_case",
    "find_waiver",
    "get_key",
    "has_waiver",
    "history",
    "holds_key",
    "import_batch",
    "is_out",
    "issue_key",
    "keeps_out",
    "key_of",
    "keys_of_batch",
    "list_batches",
    "list_findings",
    "list_keys",
    "list_replacements",
    "list_uses",
    "list_waivers",
    "open_replacement",
    "reconcile",
    "report_damaged",
    "report_lost",
    "restock_key",
    "return_key",
    "serial_of",
    "serials_by_account",
    "serials_out",
    "start_waiver",
    "unbind",
]
