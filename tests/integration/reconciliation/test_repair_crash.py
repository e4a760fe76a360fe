"""The worker killed at each moment of a repair comes to the same end; a freeze ordered during one wins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from connector.outbox.tables import StepRow
from connector.provisioning import repairs
from connector.provisioning import service as provisioning
from connector.provisioning.agreement import Difference, differences
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from tests.fixtures_reconciliation import account_now, deliver, opened, reconcile
from tests.integration.provisioning.test_crash import run_worker_in_child
from tests.integration.reconciliation.conftest import Hand, key
from tests.servers.realm import RealmUnderTest
from tests.town import HOST, Town

LEAST_POINTS = 20
RACERS, ROUNDS = 6, 5


def order(town: Town, account: AccountRow) -> int:
    with town.connector.act(HOST) as act:
        return repairs.make_agree(act, accounts.lock_account(act, account.id), cause="reconciliation").id


def state(town: Town, step_id: int) -> str:
    with town.connector.act(HOST) as act:
        return str(act.session.scalar(select(StepRow.state).where(StepRow.id == step_id)))


def left(town: Town, account: AccountRow) -> tuple[Difference, ...]:
    """In what Keycloak still differs, asked now."""
    inspection = town.connector.inspection
    approved = inspection.approved(account.id)
    return differences(approved, inspection.found(approved), inspection.catalogue())


def drift(hand: Hand, account: AccountRow, *, deleted: bool) -> None:
    if deleted:
        hand.delete(key(account))
        return
    hand.give(key(account), "centre", "experts.viewer")
    hand.take(key(account), "website", "notice.editor")
    hand.rewrite(key(account), display_name="某某", accountClass="leader")
    hand.set_enabled(key(account), False)


@pytest.mark.req("C8", "C4")
@pytest.mark.parametrize("deleted", [False, True])
def test_worker_killed_at_each_moment_of_a_repair_ends_in_agreement(
    town: Town, realm: RealmUnderTest, hand: Hand, deleted: bool
) -> None:
    form = town.form(permissions=("website:notice.editor", "centre:project.registrar"))
    account = town.account_of(town.approve(town.submit(form)))
    deliver(town)
    points, survived = 0, False
    while not survived:
        account = account_now(town, account)
        drift(hand, account, deleted=deleted)
        step_id = order(town, account)
        survived = run_worker_in_child(town, realm, points)
        town.clock.advance(timedelta(minutes=10))  # The dead worker's leases run out.
        deliver(town)
        assert state(town, step_id) == "done"
        assert len(realm.admin.get("/users", username=account.user_name, exact="true")) == 1
        assert left(town, account) == (), points
        points += 1
    assert points >= LEAST_POINTS
    assert reconcile(town).run.agrees


def race(town: Town, account: AccountRow) -> None:
    """The repair and the freeze start together, each in a thread of its own."""
    start, step_id = Barrier(2), order(town, account)

    def repair() -> None:
        start.wait()
        town.connector.run_steps([step_id])

    def freeze() -> None:
        start.wait()
        with town.connector.act(HOST) as act:
            row = accounts.lock_account(act, account.id)
            provisioning.freeze_account(act, row, cause="request", status=AccountStatus.FROZEN)

    with ThreadPoolExecutor(2) as pair:
        for ended in [pair.submit(repair), pair.submit(freeze)]:
            ended.result()


def enable(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        row = accounts.lock_account(act, account.id)
        provisioning.enable_account(act, row, cause="request", request_id=None)


@pytest.mark.req("C8")
def test_freeze_ordered_during_a_repair_wins_every_time(town: Town, realm: RealmUnderTest, hand: Hand) -> None:
    racers = [opened(town) for _ in range(RACERS)]
    for _ in range(ROUNDS):
        for account in racers:
            hand.give(key(account), "centre", "experts.viewer")
            hand.rewrite(key(account), display_name="某某")
        with ThreadPoolExecutor(RACERS) as pool:
            list(pool.map(lambda account: race(town, account), racers))
        deliver(town)
        frozen = [realm.provider.get_user(key(account)) for account in racers]
        assert not [user.user_name for user in frozen if user.enabled]
        assert not any(left(town, account) for account in racers)
        for account in racers:
            enable(town, account)
        deliver(town)
