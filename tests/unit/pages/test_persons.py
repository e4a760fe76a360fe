"""The register of persons on a page: with and without an account, masked, and to whom of it how much is shown."""

import re

import pytest

from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import make_person
from tests.fixtures_applying import NUMBER, PHONE, Seat, words
from tests.fixtures_pages import Browser
from tests.town import HOST, Town

PATH = "/pages/persons"


@pytest.fixture
def newcomer(town: Town) -> PersonRow:
    with town.connector.act(HOST) as act:
        return make_person(
            act, "ywk", name="张无号", document_number=NUMBER, phone=PHONE, directory_key="HR-0077", post="科员"
        )


@pytest.fixture
def auditor(town: Town, seat: Seat) -> Browser:
    return seat(town.actor(Office.AUDITOR))


def test_open_persons_shows_somebody_without_an_account_and_no_number_in_the_clear(
    auditor: Browser, newcomer: PersonRow
) -> None:
    answer = auditor.get(PATH, params={"q": "张无号"})
    page = words(answer)
    assert "符合条件的使用人1名" in page
    masked, mobile = f"{NUMBER[:4]}**********{NUMBER[-4:]}", f"{PHONE[:3]}****{PHONE[-4:]}"
    assert f"张无号 {masked} 业务科 科员 {mobile} HR-0077" in page
    assert re.search(r'data-label="账号"><span><span class="tag">没有账号</span></span></td>', answer.text)
    assert (NUMBER in answer.text, PHONE in answer.text) == (False, False)


def test_open_persons_leads_to_the_account_of_whoever_has_one(town: Town, auditor: Browser) -> None:
    account = town.centre.accounts[town.centre.person(Office.OPERATOR).id]
    page = auditor.get(PATH, params={"q": town.centre.person(Office.OPERATOR).name}).text
    link = f"/pages/ledger/{account.user_name}"
    assert f'href="{link}"' in page
    assert auditor.get(link).status_code == 200


def test_filter_persons_by_account_shows_those_alone(town: Town, auditor: Browser, newcomer: PersonRow) -> None:
    assert "符合条件的使用人1名" in words(auditor.get(f"{PATH}?account=without"))
    everybody = len(town.centre.people) + 1
    assert f"符合条件的使用人{everybody - 1}名" in words(auditor.get(f"{PATH}?account=with"))
    assert f"符合条件的使用人{everybody}名" in words(auditor.get(f"{PATH}?account=nonsense"))
    assert "没有符合条件的使用人。" in words(auditor.get(f"{PATH}?account=without&unit=dljg"))
    assert "符合条件的使用人1名" in words(auditor.get(f"{PATH}?q=HR-0077"))


def test_open_persons_as_unit_head_shows_his_subtree_without_numbers_of_the_directory(
    town: Town, seat: Seat, newcomer: PersonRow
) -> None:
    with town.connector.act(HOST) as act:
        make_person(act, "dljg", name="陈外人")
    head = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    answer = head.get(PATH)
    page = words(answer)
    assert "张无号" in page
    assert "陈外人" not in page
    assert "某招标代理机构" not in answer.text  # Not even among the units to choose from.
    assert "HR-0077" not in answer.text
    assert "人员编号" not in page
    assert "没有符合条件的使用人。" in words(head.get(f"{PATH}?q=HR-0077"))
    assert "没有符合条件的使用人。" in words(head.get(f"{PATH}?q=陈外人"))


def test_ask_persons_of_a_unit_that_is_not_there_is_told_at_the_box(auditor: Browser) -> None:
    answer = auditor.get(f"{PATH}?unit=nirgends")
    assert (answer.status_code, 'href="#unit"' in answer.text) == (422, True)


def test_page_through_persons_keeps_the_filter(town: Town, auditor: Browser) -> None:
    with town.connector.act(HOST) as act:
        for number in range(51):
            make_person(act, "dljg", name=f"多人{number}")
    page = auditor.get(f"{PATH}?q=多人&account=without").text
    assert page.count('<th scope="row"') == 50
    following = re.search(r'<a href="([^"]+)" rel="next"', page)
    assert following is not None
    last = auditor.get(following[1].replace("&amp;", "&")).text
    assert last.count('<th scope="row"') == 1


def test_open_persons_in_english_holds_no_chinese_of_ours(auditor: Browser, newcomer: PersonRow) -> None:
    auditor.get("/preferences/language/en")
    page = auditor.get(f"{PATH}?q=HR-0077").text
    assert "<h1>Register of persons</h1>" in page
    assert "Persons that match: 1" in page
    assert re.search(r'<th scope="col">[^<]*[\u4e00-\u9fff]', page) is None
