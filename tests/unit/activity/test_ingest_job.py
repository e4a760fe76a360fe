"""The job that reads both kinds of events: admin events first, and a fault with one kind does not stop the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.activity.tables import CursorRow
from connector.ports import IdpEvent, KeycloakUnavailableError
from jobs import ingest_events
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.town import HOST, Town, open_town


class Idp(FakeIdentityProvider):
    """Notes which kinds were asked for, and answers for one of them no more."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []
        self.broken = ""

    def list_events(self, kind: str, *which: Any) -> list[IdpEvent]:
        self.kinds.append(kind)
        if kind == self.broken:
            raise KeycloakUnavailableError("down")
        return super().list_events(kind, *which)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path, idp=Idp())
    yield opened
    opened.close()


def cursors(town: Town) -> set[str]:
    with town.connector.act(HOST) as act:
        return set(act.session.scalars(select(CursorRow.kind)))


def test_run_reads_admin_events_before_logins(town: Town) -> None:
    caught = ingest_events.run(town.connector, town.connector.clock.now())
    assert town.idp.kinds == ["admin", "login"]
    assert list(caught) == ["admin", "login"]
    assert caught["login"] == {"read": 0, "new": 0, "lost": False, "cleared": False, "behind": False}


@pytest.mark.parametrize(("broken", "read"), [("admin", {"login"}), ("login", {"admin"})])
def test_run_with_one_kind_that_cannot_be_read_reads_the_other_and_fails(
    town: Town, broken: str, read: set[str]
) -> None:
    town.idp.broken = broken
    with pytest.raises(KeycloakUnavailableError):
        ingest_events.run(town.connector, town.connector.clock.now())
    assert cursors(town) == read
