"""Job: carries reviews, inspections, corrections and filings on: what is due is opened, drawn, raised or alarmed."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.reviews import campaigns, carry_on, corrections, filings, inspections


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    """Summary: reviews opened, reminded, raised, settled, closed; inspections drawn; corrections and filings late."""
    with connector.act(job_actor("carry_reviews"), now=now) as act:
        opened = campaigns.open_due_campaign(act)
        return {
            "opened": opened.number if opened else None,
            **carry_on.carry_on(act),
            "drawn": inspections.draw_committed(act),
            "corrections_overdue": corrections.alarm_overdue(act),
            "filing_overdue": filings.alarm_overdue(act),
        }
