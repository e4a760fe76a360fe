"""Two custodians at the same moment: a key goes to one account, and an account gets one key."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from connector.errors import ConnectorError
from connector.keys import service as keys
from connector.keys.errors import AccountHoldsKeyError, KeyMoveError
from connector.register.tables import AccountRow
from tests.factories import make_account
from tests.fixtures_keys import KeyDesk
from tests.town import HOST, open_town

ROUNDS = 10


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[KeyDesk]:
    opened = open_town(tmp_path, url=database_url)
    yield KeyDesk(opened)
    opened.close()


def hire(desk: KeyDesk) -> AccountRow:
    with desk.act(HOST) as act:
        return make_account(act, "ywk")


def both(desk: KeyDesk, *issues: tuple[str, AccountRow]) -> list[ConnectorError]:
    """Issues both at once; returns the refusals."""
    gate = Barrier(len(issues))

    def one(issue: tuple[str, AccountRow]) -> ConnectorError | None:
        gate.wait()
        try:
            desk.issue(*issue)
        except ConnectorError as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(issues)) as pool:
        return [refusal for refusal in pool.map(one, issues) if refusal]


@pytest.mark.req("H1")
def test_two_keys_for_one_account_at_once_one_is_refused(desk: KeyDesk) -> None:
    for number in range(ROUNDS):
        desk.stock(f"A-{number}", f"B-{number}")
        account = hire(desk)
        (refusal,) = both(desk, (f"A-{number}", account), (f"B-{number}", account))
        assert isinstance(refusal, AccountHoldsKeyError)
        with desk.act() as act:
            assert keys.list_keys(act, account_id=account.id).total == 1


@pytest.mark.req("H1")
def test_one_key_for_two_accounts_at_once_one_is_refused(desk: KeyDesk) -> None:
    for number in range(ROUNDS):
        desk.stock(f"A-{number}")
        first, second = hire(desk), hire(desk)
        (refusal,) = both(desk, (f"A-{number}", first), (f"A-{number}", second))
        assert isinstance(refusal, KeyMoveError)
        with desk.act() as act:
            assert [row.status for row in keys.history(act, f"A-{number}")] == ["in_stock", "issued"]
