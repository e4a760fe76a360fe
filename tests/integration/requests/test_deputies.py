"""Deputies on SQLite and PostgreSQL: races, the database's own refusal, and the rebuilt ledger (B8, A5)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from connector.auth.actor import Actor, person_actor
from connector.errors import ConnectorError
from connector.register import accounts, deputies
from connector.register.deputies import DeputyForm
from connector.register.deputy_errors import DeputyNamedError
from connector.register.rebuild import LedgerOfRecord, compare
from connector.register.rebuild_tables import read_accounts, read_entries
from connector.register.tables import AppointmentRow
from connector.regulations.vocabulary import AccountStatus, Office, Verdict
from connector.requests import service as requests
from connector.requests.errors import WrongOfficeError
from connector.requests.tables import DecisionRow, ParticipantRow
from tests.factories import make_account, make_person
from tests.town import HOST, NOON, Town, open_town


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    opened = open_town(tmp_path, url=database_url)
    yield opened
    opened.close()


def make_deputy(town: Town) -> Actor:
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
        account = make_account(act, "ywk", person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, via="api", acr="mfa")


def name(town: Town, deputy: Actor) -> str:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(head) as act:
        held = select(AppointmentRow.id).where(AppointmentRow.person_id == head.person_id)
        form = DeputyForm(
            appointment_id=act.session.scalars(held).one(), deputy=deputy.name, valid_from=NOON.date(),
            valid_to=NOON.date() + timedelta(days=3), reason="出差",
        )  # fmt: skip
        return deputies.name_deputy(act, form).row.id


@pytest.mark.req("B8", "B3")
def test_holder_and_deputy_decide_at_once_counts_one_and_the_ledger_rebuilds(town: Town) -> None:
    deputy, head = make_deputy(town), town.actor(Office.UNIT_HEAD, "ywk")
    name(town, deputy)
    request = town.submit()
    stage, start = town.open_stage(request), Barrier(2)

    def decide(actor: Actor) -> str:
        start.wait(timeout=30)
        try:
            with town.connector.act(actor) as act:
                requests.decide(act, stage_id=stage.id, verdict=Verdict.APPROVE, digest=request.digest)
        except ConnectorError as refusal:
            return refusal.code
        return "decided"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(decide, (deputy, head)))
    assert results[0] == "decided"
    assert results[1] in ("second-part", "stage-closed")
    with town.connector.act(HOST) as act:
        decided = requests.decisions_of(act, request.id)
        again = requests.get_request(act, request.id)
    assert len(decided) == 1
    town.approve(again)
    with town.connector.database.session() as session:
        told = LedgerOfRecord().read(read_entries(session)).accounts
        assert list(compare(told, read_accounts(session))) == []


@pytest.mark.req("B8", "B3")
def test_store_a_decision_without_the_part_of_the_one_stood_for_is_refused_by_the_database(town: Town) -> None:
    deputy, head = make_deputy(town), town.actor(Office.UNIT_HEAD, "ywk")
    row_id = name(town, deputy)
    request = town.submit()
    values = {
        "id": "d1", "request_id": request.id, "version": 1, "stage_id": town.open_stage(request).id,
        "person_id": deputy.person_id, "verdict": "approve", "reason": "", "digest": request.digest, "via": "api",
        "proof": "mfa", "excluded": [], "decided_at": NOON, "capacity": "deputy", "stands_for_id": head.person_id,
        "deputy_row_id": row_id,
    }  # fmt: skip
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:
        act.session.execute(insert(DecisionRow).values(**values))
    part = {"request_id": request.id, "version": 1, "person_id": head.person_id}
    with pytest.raises(IntegrityError), town.connector.act(HOST) as act:
        act.session.execute(insert(ParticipantRow), [{**part, "part": "represented"}, {**part, "part": "decider"}])


@pytest.mark.req("B8")
def test_name_two_deputies_at_once_names_one(town: Town) -> None:
    both, start = [make_deputy(town), make_deputy(town)], Barrier(2)

    def run(deputy: Actor) -> object:
        start.wait(timeout=30)
        try:
            return name(town, deputy)
        except ConnectorError as refusal:
            return refusal

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, both))
    assert len([one for one in results if isinstance(one, str)]) == 1
    assert len([one for one in results if isinstance(one, DeputyNamedError)]) == 1


@pytest.mark.req("B8")
def test_a_frozen_deputy_decides_nothing(town: Town) -> None:
    deputy = make_deputy(town)
    name(town, deputy)
    request = town.submit()
    with town.connector.act(HOST) as act:
        account = accounts.lock_account(act, str(deputy.account_id))
        accounts.set_status(act, account, AccountStatus.FROZEN, cause="departure")
    with pytest.raises(WrongOfficeError):
        town.decide(request, actor=deputy)
