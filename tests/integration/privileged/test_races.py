"""Two transactions at the same moment on both databases: boxes of one account, one end, two exclusive charges."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from connector.auth.act import Act
from connector.conflicts import check
from connector.conflicts import service as conflicts
from connector.conflicts.errors import ConflictOfDutyError
from connector.conflicts.forms import AssignmentForm
from connector.errors import ConnectorError
from connector.privileged import service as privileged
from connector.privileged.errors import BoxOverlapError
from connector.privileged.forms import BoxForm
from connector.register import accounts, catalogue
from tests.fixtures_boxes import HOUR, PLAIN, SUPERVISION, BoxDesk
from tests.town import HOST, open_town

THREADS = 6


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[BoxDesk]:
    opened = open_town(tmp_path, url=database_url)
    yield BoxDesk(opened)
    opened.close()


def race(desk: BoxDesk, what: Callable[[Act, int], object]) -> list[object]:
    start = Barrier(THREADS)

    def run(number: int) -> object:
        start.wait(timeout=30)
        try:
            with desk.town.connector.act(HOST) as act:
                return what(act, number)
        except ConnectorError as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.req("G4")
def test_approve_boxes_of_one_account_at_once_leaves_one(desk: BoxDesk) -> None:
    user, reviewer = desk.hire(), desk.reviewer
    form = BoxForm(starts_at=desk.now, ends_at=desk.now + HOUR, reviewer=reviewer.user_name)

    def approve(act: Act, number: int) -> object:
        account = accounts.lock_account(act, user.id)
        request = (f"request-{number}", f"QX-{number}")
        return privileged.approve_use(act, account, form, [PLAIN], request=request, purpose="x").number

    results = race(desk, approve)
    assert len([one for one in results if isinstance(one, str)]) == 1
    assert len([one for one in results if isinstance(one, BoxOverlapError)]) == THREADS - 1


@pytest.mark.req("G4")
def test_end_one_box_at_once_ends_it_once(desk: BoxDesk) -> None:
    user = desk.hire()
    box = desk.open_box(user)
    results = race(desk, lambda act, _: privileged.end_box(act, box.id, "withdrawn") is not None)
    assert sorted(map(bool, results)) == [False] * (THREADS - 1) + [True]
    desk.town.connector.deliver()
    assert (desk.roles(user), len(desk.entries("privilege.ended"))) == (set(), 1)


@pytest.mark.req("B14")
def test_give_one_person_two_exclusive_charges_at_once_gives_one(desk: BoxDesk) -> None:
    """Half assign him to evaluation, half give him the permission of supervision, as the last approval does."""
    user, number = desk.hire(), desk.project()

    def give(act: Act, turn: int) -> object:
        if turn % 2:
            sent = AssignmentForm(phase="评标", account=user.user_name, charge="evaluation")
            return bool(conflicts.assign(act, number, sent))
        check.lock_person(act, user.person_id)
        rows = catalogue.check_permissions(act, [SUPERVISION])
        conflicts.check_permissions(act, user.person_id, rows, start=act.now)
        account = accounts.lock_account(act, user.id)
        return bool(accounts.add_grants(act, account, [SUPERVISION], granted_by="paper:RACE-1"))

    results = race(desk, give)
    assert len([one for one in results if one is True]) == 1
    assert any(isinstance(one, ConflictOfDutyError) for one in results)
