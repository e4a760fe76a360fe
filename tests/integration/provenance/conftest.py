"""A town on a realm of its own whose events are read and judged, and an administrator who acts beside it."""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.keys.tables import HardwareKeyRow
from connector.outbox import service as outbox
from connector.provenance import service
from connector.provenance.service import FindingView
from connector.register.tables import AccountRow
from jobs import check_provenance, ingest_events
from tests.fixtures_key_holders import Holder, KeyTown, RunningClock
from tests.servers.realm import PACKS, RealmUnderTest, realm
from tests.town import HOST, open_town

__all__ = ["realm"]
GRACE = timedelta(seconds=25)


class GateTown(KeyTown):
    """`judge` does what the two jobs do; `by_hand` is an administrator of Keycloak, as the console's calls are his."""

    @property
    def by_hand(self) -> Any:
        return self.realm.admin

    def judge(self) -> list[FindingView]:
        """Reads the new events and judges them, those too that wait for the outcome of a step; the new findings."""
        connector, now = self.town.connector, self.town.clock.now()
        known = {finding.id for finding in self.findings()}
        ingest_events.run(connector, now)
        check_provenance.run(connector, now)
        self.judged = check_provenance.run(connector, now + GRACE)
        return [finding for finding in self.findings() if finding.id not in known]

    def findings(self, *, open_only: bool = False) -> list[FindingView]:
        with self.town.connector.act(HOST, reading=True) as act:
            return service.list_findings(act, open_only=open_only)

    def newcomer(self, *permissions: str) -> Holder:
        """Somebody with an approved account and a key, before his first login; everything until then is explained."""
        made = self.hire_holder()
        serial = f"K-{uuid.uuid4().hex[:8]}"
        self.stock(serial)
        self.issue(serial, made.account)
        self.settle()
        made.open_link()
        assert self.judge() == []
        return made

    def stock(self, *serials: str, **cells: str) -> None:
        super().stock(*serials, **{"batch": serials[0], **cells})

    def settle(self) -> None:
        """Runs the worker until nothing waits, at the real moments: those of the steps are compared with Keycloak's."""
        until = time.monotonic() + 120
        while True:
            self.town.connector.deliver()
            with self.town.connector.act(HOST, reading=True) as act:
                if not outbox.list_steps(act, states=("pending", "leased")):
                    return
            assert time.monotonic() < until
            time.sleep(0.3)

    def keys_of(self, account: AccountRow) -> list[HardwareKeyRow]:
        with self.town.connector.act(HOST, reading=True) as act:
            return list(act.session.scalars(select(HardwareKeyRow).where(HardwareKeyRow.account_id == account.id)))

    def user(self, account: AccountRow) -> dict[str, Any]:
        """The user as the console reads him before it writes him back whole."""
        found: dict[str, Any] = self.by_hand.get(f"/users/{account.keycloak_id}")
        return found


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[GateTown]:
    opened = open_town(tmp_path, packs=PACKS, idp=realm.provider, clock=RunningClock())
    opened.connector.settings.keycloak_realm = realm.name
    made = GateTown(opened, realm)
    assert made.judge() == []  # The gate stands from here on.
    yield made
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)
