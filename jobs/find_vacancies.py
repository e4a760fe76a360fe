"""Job: finds offices that nobody could exercise, before a request is blocked by them (LC 6(1), JC 11)."""

from datetime import datetime
from typing import Any

from connector.auth.actor import job_actor
from connector.bootstrap import Connector
from connector.requests import vacancies


def run(connector: Connector, now: datetime) -> dict[str, Any]:
    with connector.act(job_actor("find_vacancies"), now=now) as act:
        return dict(vacancies.record_vacancies(act))
