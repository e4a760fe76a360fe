"""The register of persons: everybody, with or without an account, within the reader's scope."""

import pytest

from connector.auth.actor import person_actor
from connector.errors import ForbiddenError, NotFoundError
from connector.register import roster
from connector.register.roster import MOST_ROWS, Registered, Roster
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import Centre, make_account, make_centre, make_person, make_unit
from tests.fixtures_register import Desk

OVERSEERS = (Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL)


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


@pytest.fixture
def newcomer(desk: Desk, centre: Centre) -> PersonRow:
    """Somebody of the business department without an account, known to the HR directory."""
    with desk.act() as act:
        return make_person(act, "ywk", name="张无号", directory_key="HR-0077")


def listed(desk: Desk, centre: Centre, office: Office, unit: str = "", **wanted: object) -> Roster:
    with desk.act(centre.actor(office, unit)) as act:
        return roster.list_persons(act, **wanted)  # type: ignore[arg-type]


def names(found: Roster) -> list[str]:
    assert found.total == len(found.rows)
    return [row.name for row in found.rows]


@pytest.mark.parametrize("office", OVERSEERS)
def test_list_persons_for_those_who_oversee_shows_everybody(
    desk: Desk, centre: Centre, newcomer: PersonRow, office: Office
) -> None:
    found = listed(desk, centre, office)
    assert len(names(found)) == len(centre.accounts) + 1
    row = next(row for row in found.rows if row.person_id == newcomer.id)
    assert row == Registered(
        newcomer.id, "张无号", "resident_id", newcomer.document_masked, newcomer.phone_masked, "ywk", "业务科", "科员",
        "HR-0077", newcomer.registered_at, None, None,
    )  # fmt: skip


def test_list_persons_for_a_unit_head_shows_his_subtree_alone_and_hides_other_counts(
    desk: Desk, centre: Centre, newcomer: PersonRow
) -> None:
    with desk.act() as act:
        make_unit(act, "ywk-1", parent="ywk", name="业务一组")
        below = make_person(act, "ywk-1", name="李下级")
        make_person(act, "xxjsk", name="陈别科")
    found = listed(desk, centre, Office.UNIT_HEAD, "ywk")
    assert {row.unit_code for row in found.rows} == {"ywk", "ywk-1"}
    assert {newcomer.name, below.name} <= set(names(found))
    assert listed(desk, centre, Office.UNIT_HEAD, "ywk", unit_code="xxjsk") == Roster(0, ())
    assert listed(desk, centre, Office.UNIT_HEAD, "ywk", text="陈别科") == Roster(0, ())


def test_list_persons_for_a_unit_head_neither_shows_nor_finds_numbers_of_the_directory(
    desk: Desk, centre: Centre, newcomer: PersonRow
) -> None:
    assert listed(desk, centre, Office.UNIT_HEAD, "ywk", text="HR-0077").total == 0
    [row] = listed(desk, centre, Office.UNIT_HEAD, "ywk", text="张无号").rows
    assert row.directory_key is None
    assert names(listed(desk, centre, Office.AUDITOR, text="HR-0077")) == ["张无号"]
    assert names(listed(desk, centre, Office.AUDITOR, text="HR-007")) == []  # The whole number, not a part of it.


def test_list_persons_without_an_office_is_refused(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    for actor in (centre.actor(Office.OPERATOR), person_actor(newcomer.id, "somebody")):
        with desk.act(actor) as act, pytest.raises(ForbiddenError):
            roster.list_persons(act)


def test_filter_persons_by_account_unit_and_name(desk: Desk, centre: Centre, newcomer: PersonRow) -> None:
    with desk.act() as act:
        make_account(act, "ywk", person=make_person(act, "ywk", name="张有号"))
    assert names(listed(desk, centre, Office.AUDITOR, has_account=False)) == ["张无号"]
    assert len(names(listed(desk, centre, Office.AUDITOR, has_account=True))) == len(centre.accounts) + 1
    [row] = listed(desk, centre, Office.AUDITOR, has_account=True, text="张").rows
    assert (row.name, row.account_status) == ("张有号", "active")
    assert row.user_name
    assert set(names(listed(desk, centre, Office.AUDITOR, text="张"))) == {"张有号", "张无号"}
    assert names(listed(desk, centre, Office.AUDITOR, unit_code="dljg", text="张")) == []
    assert names(listed(desk, centre, Office.AUDITOR, text="%")) == []


def test_filter_persons_by_a_unit_that_is_not_there_is_refused(desk: Desk, centre: Centre) -> None:
    with pytest.raises(NotFoundError):
        listed(desk, centre, Office.AUDITOR, unit_code="nirgends")


def test_page_through_persons_shows_each_once_in_the_order_of_the_tree(desk: Desk, centre: Centre) -> None:
    with desk.act() as act:
        for _ in range(3):
            make_person(act, "xxjsk", name="同名")
    pages = [listed(desk, centre, Office.AUDITOR, first=first, count=5) for first in range(0, 20, 5)]
    assert {page.total for page in pages} == {17}
    rows = [row for page in pages for row in page.rows]
    assert len({row.person_id for row in rows}) == len(rows) == 17
    assert list(dict.fromkeys(row.unit_code for row in rows)) == ["dljg", "jyzx", "xxjsk", "ywk"]
    assert len(listed(desk, centre, Office.AUDITOR, count=MOST_ROWS + 1).rows) == 17
