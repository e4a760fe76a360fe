"""Runs, holds and releases are the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import person_actor
from connector.departures import service as departures
from connector.departures import shared_secrets
from connector.departures.shared_secrets import SecretKind
from connector.departures.tables import DeparturePlanRow, DirectoryPersonRow
from connector.provisioning import links
from connector.register import accounts, matrix
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.settings import Settings
from tests.factories import make_appointment
from tests.fakes.directory import FakeDirectory
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON, open_desk


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[DepartureDesk]:
    opened = open_desk(tmp_path, database_url)
    made = DepartureDesk(opened, Settings(data_dir=tmp_path, breaker_count=2, breaker_share=0.5), FakeDirectory())
    keys = [f"{number:03d}" for number in range(40)]
    made.hire(*keys[:6])
    made.dns = {key: made.fake.add(key) for key in keys}
    made.run(NOON)
    yield made
    opened.close()


@pytest.mark.req("E1")
def test_leavers_by_status_and_absence_on_each_database(desk: DepartureDesk) -> None:
    desk.leave("000")
    desk.vanish("001")
    assert desk.run(NOON + HOUR)["frozen"] == 1
    desk.fake.add(["002", "x"], dn=desk.dns["002"])
    assert desk.run(NOON + 2 * HOUR)["frozen"] == 1
    assert desk.frozen() == {"000", "001"}
    with desk.desk.act() as act:
        rows = {row.key: row for row in act.session.scalars(select(DirectoryPersonRow))}
    assert (rows["001"].missing_since, rows["001"].reads_missing) == (NOON + HOUR, 2)
    assert (rows["002"].missing_since, rows["002"].last_seen_at) == (None, NOON)
    assert rows["000"].departed


@pytest.mark.req("E4")
def test_hold_and_release_on_each_database(desk: DepartureDesk) -> None:
    desk.leave("000", "001", "002")
    held = desk.run(NOON + HOUR)
    assert (held["state"], desk.frozen()) == ("held", set())
    for office in (Office.SYSTEM_DEPARTMENT_HEAD, Office.PRINCIPAL):
        with desk.act(desk.centre.actor(office)) as act:
            request = requests.get_request(act, held["request_id"])
            stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
            requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, reason="已核对", digest=request.digest)
    assert desk.run(NOON + 2 * HOUR)["state"] == "released"
    assert desk.frozen() == {"000", "001", "002"}
    assert [row.state for row in desk.stored(DeparturePlanRow)] == ["released"]


def test_movers_hints_and_reported_changes_on_each_database(desk: DepartureDesk) -> None:
    permission = "website:notice.editor"
    desk.grant("000", permission)
    with desk.desk.act() as act:
        matrix.adopt_matrix(act, "xxjsk", {"运维": ["centre:statistics.viewer"]}, adopted_by="paper:JZ-1")
    desk.move("000", unit="xxjsk", post="运维", phone="13912345678")
    desk.fake.add("J-1", unit="ywk", document="11010519491231002X")
    desk.move("001", unit="0099")
    desk.run(NOON + HOUR)
    with desk.desk.act() as act:
        (case,) = departures.list_movers(act)
        assert (case.excess, case.request_state) == ([permission], "pending")
        assert [hint.kind for hint in departures.list_hints(act)] == ["unknown_unit", "joiner"]
    desk.leave("002")
    assert desk.watch(NOON + HOUR)["frozen"] == 1
    desk.fake.change(desk.dns["002"], "employeeStatus", "active")
    desk.move("001", unit="ywk")
    desk.run(NOON + 2 * HOUR)
    with desk.desk.act() as act:
        assert [hint.kind for hint in departures.list_hints(act)] == ["joiner", "returner"]


def test_rotation_and_handover_on_each_database(desk: DepartureDesk) -> None:
    person, leaver = desk.person("003"), desk.account("003")
    with desk.desk.act() as act:
        make_appointment(act, person, "jyzx", Office.OPERATOR)
        shared_secrets.add_secret(act, "pg", kind=SecretKind.DATABASE, opens="db1")
        shared_secrets.note_knower(act, "pg", leaver.user_name)
        link = links.make_link(
            act, accounts.get_account(act, desk.centre.accounts[desk.centre.person(Office.VERIFIER).id].id),
            public_url="https://idp.example", life=HOUR,
        )  # fmt: skip
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "link.issued")).one()
        subject = entry.subject
    assert link
    with desk.act(person_actor(person.id, leaver.user_name, account_id=leaver.id)) as act:
        audit.record(act, Event.LINK_ISSUED, subject)
    desk.leave("003")
    desk.run(NOON + timedelta(minutes=30))
    with desk.desk.act() as act:
        (rotation,) = departures.list_rotations(act)
        (left,) = departures.list_handovers(act)
        (case,) = departures.list_cases(act)
    assert [item.kind for item in rotation.items] == ["database", "link_password", "review"]
    assert (left.offices, case.rotation_items) == (("operator@jyzx",), 3)
    desk.run(NOON + timedelta(days=5))
    assert len(desk.alarms("rotation.overdue")) == 1
