"""Job: notices about password age, and the forced change at the limit (JC 25, GS 10(4)); in batches of their own."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import password_list, passwords

BATCH = 500
LIMIT = 20_000  # What is left goes on the next day; the steps queue behind people's own requests otherwise.


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    notices = forced = 0
    actor = job_actor("scan_passwords")
    while notices + forced < LIMIT:
        with connector.act(actor, now=now) as act:
            due = passwords.list_due(act, limit=BATCH)
            passwords.act_on_due(act, due)
        expired = sum(each.days_left == 0 for each in due)
        forced += expired
        notices += len(due) - expired
        if len(due) < BATCH:
            break
    with connector.act(actor, now=now) as act:
        reminded = password_list.remind_of_initial(act, limit=BATCH)
        scan = passwords.record_scan(act, notices=notices, forced=forced)
        initial = passwords.count_initial(act)
    return {
        "counted": scan.counted, "unknown": scan.unknown, "initial": initial, "notices": notices, "forced": forced,
        "reminded": reminded,
    }  # fmt: skip
