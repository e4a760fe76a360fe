"""A town with a stock of keys: the custodian's work, and what a person does with a key, on whatever Keycloak it has."""

import itertools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from connector.activity.tables import IdpEventRow
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.keys import service as keys
from connector.keys.findings import Policy
from connector.keys.sheets import SheetRow
from connector.keys.tables import HardwareKeyRow
from connector.outbox.tables import StepRow
from connector.ports import IdpCredential
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_person_form
from tests.town import HOST, Town

MODEL = "11111111-2222-4333-8444-555555555555"
OTHER_MODEL = "99999999-2222-4333-8444-555555555555"
DELIVERY = keys.Delivery(paper="RK-2026-001", supplier="总局信息中心", batch="B1")
_numbers = itertools.count(1)


def key_row(serial: str, **cells: str) -> SheetRow:
    """One right row of a delivery of WebAuthn keys; `cells` change it."""
    return SheetRow(2, {"serial": serial, "model": "UK-1", "aaguid": MODEL, **cells})


@dataclass
class KeyDesk:
    """`issue`, `give_back`… are acts of the custodian; `enrol` is what a person does with a key."""

    town: Town

    @property
    def custodian(self) -> Actor:
        return self.town.actor(Office.KEY_CUSTODIAN)

    def act(self, actor: Actor = HOST) -> AbstractContextManager[Act]:
        return self.town.connector.act(actor)

    def reading(self) -> AbstractContextManager[Act]:
        return self.town.connector.act(HOST, reading=True)

    def take_in(self, *rows: SheetRow, delivery: keys.Delivery = DELIVERY) -> keys.ImportReport:
        with self.act(self.custodian) as act:
            return keys.import_batch(act, [row._replace(line=n) for n, row in enumerate(rows, 2)], delivery)

    def stock(self, *serials: str, **cells: str) -> None:
        self.take_in(*(key_row(serial, **cells) for serial in serials))

    def hire(self, *, mail: str = "") -> AccountRow:
        """A person with an account that Keycloak has."""
        person = make_person_form("ywk", **({"mail": mail} if mail else {}))
        account = self.town.account_of(self.town.approve(self.town.submit(self.town.form(person=person))))
        self.settle()
        return self.account(account.id)

    def account(self, account_id: str) -> AccountRow:
        with self.reading() as act:
            return accounts.get_account(act, account_id)

    def key(self, serial: str) -> HardwareKeyRow:
        with self.reading() as act:
            return keys.get_key(act, serial)

    def issue(self, serial: str, account: AccountRow, **facts: Any) -> HardwareKeyRow:
        with self.act(self.custodian) as act:
            return keys.issue_key(act, serial, account, **{"receipt": "LQ-1", **facts})

    def give_back(self, serial: str) -> HardwareKeyRow:
        with self.act(self.custodian) as act:
            return keys.return_key(act, serial, receipt="SH-1")

    def lose(self, serial: str) -> HardwareKeyRow:
        with self.act(self.custodian) as act:
            return keys.report_lost(act, serial)

    def approve(self, account: AccountRow, request_id: str = "request-1") -> None:
        """The approval of a replacement, as the request's effect gives it."""
        with self.act() as act:
            keys.approve_replacement(act, account, request_id)

    def settle(self) -> None:
        """Runs the worker over as much time as any step may wait."""
        for _ in range(3):
            self.town.connector.deliver()
            self.town.clock.advance(timedelta(seconds=10))

    def reconcile(self, policy: Policy = "remove") -> keys.Reconciled:
        """One run of the job, a second later; what it ordered is tried."""
        self.town.clock.advance(timedelta(seconds=1))
        connector = self.town.connector
        done = keys.reconcile(connector.idp, lambda: connector.act(job_actor("reconcile_keys")), policy=policy)
        self.settle()
        return done

    def enrol(self, account: AccountRow, *, aaguid: str = MODEL, key_id: str = "") -> str:
        """The person registers a key at the fake; returns its credentialId."""
        number = next(_numbers)
        key_id = key_id or f"credential-{number:06d}-abcdef"
        made = IdpCredential(
            id=f"idp-{number}",
            type="webauthn",
            label="key",
            created_at=self.town.clock.now(),
            key_id=key_id,
            aaguid=aaguid,
        )
        self.town.idp.users[account.keycloak_id].credentials.append(made)
        return key_id

    def key_ids(self, account: AccountRow) -> list[str | None]:
        """CredentialIds that Keycloak has of this account."""
        return [c.key_id for c in self.town.idp.list_credentials(account.keycloak_id) if c.type == "webauthn"]

    def types(self, account: AccountRow) -> list[str]:
        return sorted(c.type for c in self.town.idp.list_credentials(account.keycloak_id))

    def attributes(self, account: AccountRow) -> dict[str, str]:
        return dict(self.town.idp.get_user(account.keycloak_id).attributes)

    def entries(self, *events: str, alarms: bool | None = None) -> list[tuple[str, dict[str, Any]]]:
        wanted = select(AuditEntryRow).where(AuditEntryRow.event.in_(events)).order_by(AuditEntryRow.id)
        with self.reading() as act:
            found = list(act.session.scalars(wanted))
        return [(row.event, row.data) for row in found if alarms in (None, row.alarm)]

    def steps(self, account: AccountRow, since: int = 0) -> list[str]:
        wanted = select(StepRow).where(StepRow.account_id == account.id, StepRow.id > since).order_by(StepRow.id)
        with self.reading() as act:
            return [row.kind for row in act.session.scalars(wanted)]

    def events(self, act: Act) -> list[IdpEventRow]:
        return list(act.session.scalars(select(IdpEventRow)))

    def last_step(self) -> int:
        with self.reading() as act:
            return max(act.session.scalars(select(StepRow.id)), default=0)


def states(rows: Sequence[Any]) -> list[str]:
    return [row.status for row in rows]
