"""A desk for privileged use and conflicts of duty over a town: applying, deciding, the clock's job, the worker."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor, person_actor
from connector.conflicts import service as conflicts
from connector.conflicts.forms import AssignmentForm, PhaseForm, ProjectForm
from connector.privileged import service as privileged
from connector.privileged.tables import BoxRow
from connector.register import accounts, catalogue
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from connector.requests.tables import RequestRow
from jobs import ingest_events, turn_boxes
from tests.factories import make_account, make_person
from tests.town import HOST, Town

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PLAIN, OTHER, SENSITIVE = "centre:statistics.viewer", "website:notice.publisher", "bid-opening:bidders.viewer"
EVALUATION, SUPERVISION = "bid-opening:evaluation.clerk", "bid-opening:evaluation.supervisor"


@dataclass
class BoxDesk:
    """Everything a test of boxes does."""

    town: Town

    @property
    def now(self) -> datetime:
        moment: datetime = self.town.clock.now()
        return moment

    def hire(self, unit: str = "ywk", *permissions: str, mail: str = "") -> AccountRow:
        """Somebody with an account here and in Keycloak, who has a password."""
        with self.town.connector.act(HOST) as act:
            person = make_person(act, unit, **({"mail": mail} if mail else {}))
            account = make_account(act, unit, *permissions, person=person)
            account.keycloak_id = None
        self.town.connector.deliver()
        with self.town.connector.act(HOST) as act:
            from connector.provisioning import service as provisioning

            row = accounts.get_account(act, account.id)
            held = accounts.list_grants(act, row)
            provisioning.open_in_keycloak(act, row, held, request_id="paper:TEST-1", link=False)
        self.town.connector.deliver()
        return self.account(account)

    def actor_of(self, account: AccountRow) -> Actor:
        return person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")

    def account(self, account: AccountRow) -> AccountRow:
        with self.town.connector.act(HOST) as act:
            return accounts.get_account(act, account.id)

    def ask(
        self, account: AccountRow, *permissions: str, start: timedelta = timedelta(), last: timedelta = HOUR,
        reviewer: AccountRow | None = None, extends: str | None = None, begins: datetime | None = None, **fields: Any,
    ) -> RequestRow:  # fmt: skip
        """Applies for a box that begins `start` from now and lasts `last`."""
        starts_at = begins or self.now + start
        named = (reviewer or self.reviewer).user_name
        box = {
            "starts_at": starts_at.isoformat(), "ends_at": (starts_at + last).isoformat(), "reviewer": named,
            "extends": extends,
        }  # fmt: skip
        form = self.town.form(
            kind=RequestKind.USE_PRIVILEGED, account=account.user_name, permissions=permissions or (PLAIN,), box=box,
            **fields,
        )  # fmt: skip
        return self.town.submit(form)

    @property
    def reviewer(self) -> AccountRow:
        if not hasattr(self, "_reviewer"):
            self._reviewer = self.hire("xxjsk", mail="reviewer@example.cn")
        return self._reviewer

    def open_box(self, account: AccountRow, *permissions: str, **how: Any) -> BoxRow:
        """An approved box that begins now, opened by the clock's job, its permissions in Keycloak."""
        request = self.town.approve(self.ask(account, *permissions, **how))
        self.turn()
        self.town.connector.deliver()
        return self.box(request.number)

    def turn(self) -> dict[str, Any]:
        """The clock's job."""
        return turn_boxes.run(self.town.connector, self.now)

    def pass_time(self, span: timedelta) -> None:
        self.town.clock.advance(span)

    def box(self, number: str) -> BoxRow:
        with self.town.connector.act(HOST) as act:
            return privileged.get_box(act, number)

    def held(self, account: AccountRow) -> set[str]:
        """What the register says that the account holds."""
        with self.town.connector.act(HOST) as act:
            return {row.id for row in accounts.list_grants(act, accounts.get_account(act, account.id))}

    def roles(self, account: AccountRow) -> set[str]:
        """What Keycloak says."""
        found = self.town.idp.roles_of(self.account(account).keycloak_id)
        return {f"{subsystem}:{role}" for subsystem, roles in found.items() for role in roles}

    def read_events(self) -> None:
        ingest_events.run(self.town.connector, self.now)

    def entries(self, event: str) -> list[AuditEntryRow]:
        with self.town.connector.act(HOST) as act:
            return list(act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == event)))

    # Projects

    def add_permission(self, permission_id: str, module: str = "业务", workflow_role: str = "经办") -> str:
        """One more permission of the catalogue, here and in Keycloak."""
        subsystem, _, role = permission_id.partition(":")
        with self.town.connector.act(HOST) as act:
            catalogue.register_permission(
                act, subsystem_id=subsystem, module=module, workflow_role=workflow_role, sensitive=False, role=role
            )
        self.town.idp.roles[subsystem].add(role)
        return permission_id

    def project(
        self, number: str = "XM-1", *, opening: timedelta | None = None, start: timedelta = timedelta(),
        last: timedelta = timedelta(days=10), phase: str = "评标", unit: str = "ywk",
    ) -> str:  # fmt: skip
        """A project with one phase that begins `start` from now."""
        begins = self.now + start
        form = ProjectForm(
            number=number, name="道路工程", unit_code=unit,
            bid_opening_at=None if opening is None else self.now + opening,
            phases=(PhaseForm(name=phase, starts_at=begins, ends_at=begins + last),),
        )  # fmt: skip
        with self.town.connector.act(HOST) as act:
            conflicts.register_project(act, form)
        return number

    def assign(self, number: str, account: AccountRow, charge: str, phase: str = "评标") -> None:
        sent = AssignmentForm(phase=phase, account=account.user_name, charge=charge)
        with self.town.connector.act(HOST) as act:
            conflicts.assign(act, number, sent)

    def except_(
        self, account: AccountRow, *charges: str, last: timedelta = timedelta(days=5), **terms: Any
    ) -> RequestRow:
        """Applies for an exception."""
        exception = {
            "rule": "charges" if charges else "blackout", "charges": charges,
            "until": (self.now + last).isoformat(), **terms,
        }  # fmt: skip
        form = self.town.form(kind=RequestKind.EXCEPT_CONFLICT, account=account.user_name, exception=exception)
        return self.town.submit(form)
