"""Searching the record: each condition, and pages that neither skip nor repeat."""

from datetime import timedelta

import pytest

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.search import list_entries
from connector.auth.actor import person_actor
from connector.storage.engine import Database
from tests.unit.audit.conftest import START, make_act, write_entries


@pytest.mark.req("J1")
def test_list_entries_by_each_condition_finds_exactly_those(database: Database) -> None:
    write_entries(database, 20)
    with database.session() as session:
        act = make_act(session, START + timedelta(hours=1))
        audit.record(act, Event.LINK_REFUSED, "link:1", person_id="p1", request_id="r1", alarm=True)
        own = make_act(session, START + timedelta(hours=2))
        object.__setattr__(own, "actor", person_actor("p1", "user1"))
        audit.record(own, Event.PERSON_REVEALED, "person:p2", person_id="p2")
    with database.session() as session:
        act = make_act(session)
        assert [e.subject for e in list_entries(act, person_id="p1")] == ["person:p2", "link:1"]
        assert [e.subject for e in list_entries(act, account_id="a7")] == ["account:7"]
        assert [e.subject for e in list_entries(act, request_id="r1")] == ["link:1"]
        assert [e.subject for e in list_entries(act, event="link.refused")] == ["link:1"]
        assert [e.subject for e in list_entries(act, alarms_only=True)] == ["link:1"]
        span = list_entries(act, since=START + timedelta(seconds=3), until=START + timedelta(seconds=5))
        assert [e.subject for e in span] == ["account:4", "account:3"]
        assert list_entries(act, account_id="a7", request_id="r1") == []


@pytest.mark.req("J1")
def test_list_entries_in_pages_gives_each_entry_once(database: Database) -> None:
    write_entries(database, 23)
    seen: list[int] = []
    with database.session() as session:
        while page := list_entries(make_act(session), before_id=seen[-1] if seen else None, count=5):
            seen += [entry.id for entry in page]
    assert seen == list(range(23, 0, -1))
