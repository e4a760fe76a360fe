"""Job: deletes old rows of the job history, and forms of the pages that nobody submitted within their day.

What jobs did stands in the record and is kept; this is only the clock.
"""

from datetime import datetime, timedelta
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.checks import runs
from connector.pages import drafts

# 5,000 rows a day and more.
FREQUENT = ("deliver_outbox", "seal_record", "ingest_events", "settle_freezes", "check_provenance")
KEEP_FREQUENT, KEEP = timedelta(days=2), timedelta(days=400)


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    with connector.act(job_actor("tidy_runs"), now=now) as act:
        deleted = runs.delete_runs(act.session, FREQUENT, now - KEEP_FREQUENT)
        deleted += runs.delete_runs(act.session, None, now - KEEP)
        forms = drafts.tidy(act)
    return {"deleted": deleted, "forms": forms}
