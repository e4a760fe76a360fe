"""A town whose pack asks for everything that comes round, with people who hold permissions."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account
from tests.town import HOST, NOON, Town, open_town

PACKS = ("LC", "GS", "HH", "GX", "JC")
SENSITIVE_FIRST = 2


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path, packs=PACKS)
    yield opened
    opened.close()


@pytest.fixture
def staff(town: Town) -> list[AccountRow]:
    """Three people of ywk with two permissions each, since two months before noon."""
    with town.connector.act(HOST, now=NOON - timedelta(days=80)) as act:
        return [make_account(act, "ywk", *town.permissions(2)) for _ in range(3)]


@pytest.fixture
def head_holds(town: Town) -> AccountRow:
    """The head of ywk with a permission of his own."""
    from connector.register import accounts

    with town.connector.act(HOST, now=NOON - timedelta(days=80)) as act:
        person = town.centre.person(Office.UNIT_HEAD, "ywk")
        account = accounts.find_by_person(act, person.id)
        assert account is not None
        accounts.add_grants(act, account, town.permissions(1), granted_by="paper:TEST-1")
        return account
