"""A town with a provenance gate: events are made, read and judged without a Keycloak."""

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from connector.activity import service as activity
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor, job_actor
from connector.ports import IdpEvent
from connector.provenance import gate, service
from connector.register.tables import AccountRow
from tests.factories import make_account
from tests.town import HOST, Town

EXPECTED = {"passwordPolicy": "length(12)"}
_numbers = itertools.count(1)


class Gate:
    """A town whose gate stands; `event` makes one, `read` brings events in, `judge` judges them."""

    def __init__(self, town: Town) -> None:
        self.town, self.policy, self.most = town, "quarantine", 20
        self.read()
        self.judge()

    def act(self, actor: Actor = HOST) -> Any:
        return self.town.connector.act(actor)

    def hire(self) -> AccountRow:
        with self.act() as act:
            made = make_account(act, "ywk", "website:notice.editor")
            made.keycloak_id = f"kc-{made.id}"
        return made

    def event(self, type_name: str, path: str, sent: Any = None, **details: Any) -> IdpEvent:
        known = {"by_us": False, "by_user_id": "somebody", **details}
        return IdpEvent(
            event_id=f"e-{next(_numbers)}", kind="admin", at=self.town.clock.now(), type=type_name,
            user_id=path.split("/")[1] if path.startswith("users/") else None, client_id=None, ip="192.0.2.7",
            error=None, resource_path=path, details=known if sent is None else {**known, "representation": sent},
        )  # fmt: skip

    def reset(self, account: AccountRow, **details: Any) -> IdpEvent:
        return self.event("ACTION:USER", f"users/{account.keycloak_id}/reset-password", **details)

    def read(self, *events: IdpEvent) -> None:
        with self.act(job_actor("ingest_events")) as act:
            activity.ingest(act, "admin", events, gate.ProvenanceWatch(EXPECTED))

    def judge(self, seconds: float = 0) -> gate.Judged:
        self.town.clock.advance(timedelta(seconds=seconds))
        policy: Any = self.policy
        connector = self.town.connector
        return gate.judge_changes(
            connector.idp, lambda: self.act(job_actor("check_provenance")), policy=policy, most_freezes=self.most
        )

    def findings(self) -> list[service.FindingView]:
        with self.act() as act:
            return service.list_findings(act)

    def count(self, what: Any) -> int:
        with self.act() as act:
            return int(act.session.scalar(select(func.count()).select_from(what)) or 0)

    def events(self, *names: Event) -> list[AuditEntryRow]:
        with self.act() as act:
            return list(act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event.in_(names))))

    def close(self, finding: str, by: Actor, **words: str) -> service.FindingView:
        with self.act(by) as act:
            return service.close_finding(act, finding, **{"reason": "已核实", **words})
