"""Freeze orders on SQLite and PostgreSQL: the whole road, and two officers at the same moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from connector.errors import ConnectorError
from connector.incidents import carry_out, freezes, proof, store
from connector.incidents.schemas import OrderShown, show_order
from connector.incidents.scopes import Scope, ScopeKind
from connector.incidents.tables import FreezeOrderRow
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_unit
from tests.town import HOST, Town, open_town

UNIT = Scope(ScopeKind.UNIT, "xm")
SECURITY, PRINCIPAL, LEADER = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, Office.LEADER_IN_CHARGE


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    opened = open_town(tmp_path, url=database_url)
    yield opened
    opened.close()


@pytest.fixture
def crew(town: Town) -> list[AccountRow]:
    with town.connector.act(HOST) as act:
        make_unit(act, "xm", parent="ywk")
        return [make_account(act, "xm") for _ in range(5)]


def order(town: Town, *, alone: int) -> FreezeOrderRow:
    with town.connector.act(town.actor(SECURITY)) as act:
        plan = freezes.preview(act, UNIT, alone=alone).hash
    with town.connector.act(town.actor(SECURITY)) as act:
        return freezes.order_freeze(act, UNIT, reason="外泄", plan_hash=plan, alone=alone)


def settle(town: Town, number: str) -> OrderShown:
    for _ in range(3):
        town.connector.deliver()
        town.clock.advance(timedelta(seconds=10))
    with town.connector.act(HOST) as act:
        proof.settle_orders(act)
        return show_order(act, store.get_order(act, number))


def at_once(*works: Callable[[], object]) -> list[object]:
    """Runs all at the same moment; a refusal is an answer."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait()
        try:
            return work()
        except ConnectorError as error:
            return error.code

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_order_confirm_and_undo_go_by_pages_to_their_end(
    town: Town, crew: list[AccountRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_out, "PAGE", 2)
    made = order(town, alone=0)
    with town.connector.act(town.actor(PRINCIPAL)) as act:
        freezes.confirm_order(act, made.number, plan_hash=made.plan_hash)
    assert settle(town, made.number).counts == {"done": 5}
    with town.connector.act(town.actor(SECURITY)) as act:
        back = freezes.order_undo(
            act, made.number, reason="已排查", plan_hash=freezes.preview_undo(act, made.number).hash
        )
    with town.connector.act(town.actor(PRINCIPAL)) as act:
        freezes.confirm_order(act, back.number, plan_hash=back.plan_hash)
    assert settle(town, back.number).state == "done"
    with town.connector.act(HOST) as act:
        assert {accounts.get_account(act, account.id).status for account in crew} == {"active"}
        assert [one.state for one in freezes.list_orders(act)] == ["done", "done"]


def test_confirm_by_two_officers_at_once_starts_the_order_once(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=0)

    def confirm(office: Office) -> str:
        with town.connector.act(town.actor(office)) as act:
            return freezes.confirm_order(act, made.number, plan_hash=made.plan_hash).state

    answers = at_once(lambda: confirm(PRINCIPAL), lambda: confirm(Office.UNIT_HEAD), lambda: confirm(PRINCIPAL))
    assert sorted(map(str, answers)) == ["freeze-order-closed", "freeze-order-closed", "started"]
    assert settle(town, made.number).counts == {"done": 5}


def test_confirm_and_refuse_at_once_end_in_one_of_them(town: Town, crew: list[AccountRow]) -> None:
    made = order(town, alone=0)

    def confirm() -> str:
        with town.connector.act(town.actor(PRINCIPAL)) as act:
            return freezes.confirm_order(act, made.number, plan_hash=made.plan_hash).state

    def refuse() -> str:
        with town.connector.act(town.actor(SECURITY)) as act:
            return freezes.refuse_order(act, made.number, reason="误报").state

    answers = at_once(confirm, refuse)
    assert sorted(map(str, answers)) in (["freeze-order-closed", "started"], ["freeze-order-closed", "refused"])


def test_order_the_same_people_twice_at_once_freezes_each_once(town: Town, crew: list[AccountRow]) -> None:
    """Whoever is second finds another list, or lines that are frozen already."""

    def freeze(office: Office) -> str:
        actor = town.actor(office, "jyzx")
        with town.connector.act(actor) as act:
            plan = freezes.preview(act, UNIT, alone=9).hash
        with town.connector.act(actor) as act:
            return freezes.order_freeze(act, UNIT, reason="外泄", plan_hash=plan, alone=9).number

    answers = at_once(lambda: freeze(SECURITY), lambda: freeze(PRINCIPAL), lambda: freeze(LEADER))
    numbers = [str(answer) for answer in answers if str(answer).startswith("DJ-")]
    shown = [settle(town, number) for number in numbers]
    assert sum(one.counts.get("done", 0) for one in shown) == 5
    assert {one.state for one in shown} == {"done"}


def test_order_two_units_at_once_counts_their_people_together(town: Town, crew: list[AccountRow]) -> None:
    """One officer's limit holds for what he does at the same moment, too."""
    with town.connector.act(HOST) as act:
        make_unit(act, "xn", parent="ywk")
        for _ in range(5):
            make_account(act, "xn")

    def freeze(unit: str) -> str:
        scope = Scope(ScopeKind.UNIT, unit)
        with town.connector.act(town.actor(SECURITY)) as act:
            plan = freezes.preview(act, scope, alone=7).hash
        with town.connector.act(town.actor(SECURITY)) as act:
            return freezes.order_freeze(act, scope, reason="外泄", plan_hash=plan, alone=7).state

    assert sorted(map(str, at_once(lambda: freeze("xm"), lambda: freeze("xn")))) == ["started", "waiting"]
