"""Job: alarms when a year that deadlines may reach has no published working days (B6)."""

from datetime import datetime
from typing import Any

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import job_actor
from connector.bootstrap import Connector


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    missing = connector.rulebook.calendar.missing_years(now)
    with connector.act(job_actor("check_calendar"), now=now) as act:
        for year in missing:
            audit.record(act, Event.CALENDAR_YEAR_MISSING, f"calendar:{year}", alarm=True, year=year)
    return {"missing": list(missing)}
