"""Job: opens and ends the boxes of privileged use, tells of coming ends, watches ends that are not proved (JC 18)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.conflicts import service as conflicts
from connector.privileged import service as privileged


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: boxes `ended` and `started`, `notices` sent, `late` ends and missing `reviews` told."""
    actor = job_actor("turn_boxes")
    with connector.act(actor, now=now) as act:
        ended = privileged.end_due(act, conflicts.forbids_box)
    with connector.act(actor, now=now) as act:
        started = privileged.start_due(act, conflicts.forbids_box)
    with connector.act(actor, now=now) as act:
        notices = privileged.send_notices(act)
        late = privileged.watch_ends(act)
        reviews = privileged.tell_missing_reviews(act)
    return {"ended": ended, "started": started, "notices": notices, "late": late, "reviews": reviews}
