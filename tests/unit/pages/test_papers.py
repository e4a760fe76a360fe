"""The papers of a request and the lists of many requests, as a person uses them in his browser."""

import re

import pytest

from connector.pages.access import CSRF_FIELD
from connector.regulations.vocabulary import AccountClass, Office
from tests.factories import make_account
from tests.fixtures_applying import Seat, words
from tests.fixtures_matrix import adopt, granted_beyond
from tests.fixtures_pages import Browser
from tests.town import HOST, Town
from tests.unit.papers.test_handovers import hand_over
from tests.unit.requests.test_batches import person_line, xlsx
from tests.unit.scans.files import make_jpeg, make_zip


def send(browser: Browser, path: str, content: bytes, *, csrf: str | None = None, **fields: str) -> object:
    token = browser.csrf() if csrf is None else csrf
    return browser.client.post(path, data={CSRF_FIELD: token, **fields}, files={"file": ("任意.exe", content)})


@pytest.mark.req("B9")
def test_upload_scan_shows_its_hash_and_download_gives_it_back(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant())
    address = f"/pages/requests/{request.number}"
    assert "没有扫描件。" in browser.get(address).text
    sent = send(browser, f"{address}/scans", make_jpeg())
    assert sent.status_code == 303  # type: ignore[attr-defined]
    found = re.search(r'href="([^"]+/scans/([0-9a-f]{64}))"', browser.get(address).text)
    assert found
    kept = browser.get(found[1])
    assert kept.content == make_jpeg()
    assert kept.headers["content-disposition"].startswith("attachment")
    assert found[2] in seat(town.actor(Office.UNIT_HEAD, "ywk")).get(f"/pages/inbox/{town.open_stage(request).id}").text
    assert seat(town.applicant("dljg")).get(found[1]).status_code == 404


@pytest.mark.parametrize(
    ("content", "words"), [(make_zip(), "文件内容不是 PDF、JPEG 或 PNG"), (b"", "没有选择要上传的扫描件")]
)
def test_upload_what_is_no_scan_says_why(town: Town, seat: Seat, content: bytes, words: str) -> None:
    request = town.submit()
    answer = send(seat(town.applicant()), f"/pages/requests/{request.number}/scans", content)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert words in answer.text  # type: ignore[attr-defined]


def test_upload_without_the_form_of_the_session_is_refused(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant())
    for path in (f"/pages/requests/{request.number}/scans", "/pages/batches/sheets"):
        answer = send(browser, path, make_jpeg(), csrf="another", kind="grant")
        assert answer.status_code in (403, 409, 419), path  # type: ignore[attr-defined]
    assert not (town.connector.settings.data_dir / "scans").exists()


@pytest.mark.req("B9")
def test_download_form_is_a_pdf_for_those_who_see_the_request(town: Town, seat: Seat) -> None:
    request = town.submit()
    browser = seat(town.applicant())
    address = f"/pages/requests/{request.number}/paper.pdf"
    assert address in browser.get(f"/pages/requests/{request.number}").text
    answer = browser.get(address)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert seat(town.applicant("dljg")).get(address).status_code == 404


@pytest.mark.req("B10")
def test_upload_list_reports_every_wrong_cell_then_submits_all(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    assert "/pages/batches" in browser.get("/pages/apply").text
    assert browser.get("/pages/batches/templates/grant/xlsx").content.startswith(b"PK")
    wrong = send(browser, "/pages/batches/sheets", xlsx("grant", [person_line(town, phone="12")]), kind="grant")
    assert wrong.status_code == 422  # type: ignore[attr-defined]
    assert "没有提交任何申请" in wrong.text  # type: ignore[attr-defined]
    assert re.search(r'<th scope="row">2</th><td>联系方式</td>', wrong.text)  # type: ignore[attr-defined]
    content = xlsx("grant", [person_line(town), person_line(town)])
    sent = send(browser, "/pages/batches/sheets", content, kind="grant")
    assert sent.headers["location"] == "/pages/batches/PL-2026-000001"  # type: ignore[attr-defined]
    same = send(browser, "/pages/batches/sheets", content, kind="grant")
    assert same.status_code == 409  # type: ignore[attr-defined]
    assert "再次提交同样的内容" in same.text  # type: ignore[attr-defined]
    assert 'name="stage"' not in browser.get("/pages/batches/PL-2026-000001").text


@pytest.mark.req("B10")
def test_decide_list_asks_for_the_second_factor_and_decides_each(town: Town, seat: Seat) -> None:
    content = xlsx("grant", [person_line(town), person_line(town)])
    send(seat(town.applicant()), "/pages/batches/sheets", content, kind="grant")
    head = town.actor(Office.UNIT_HEAD, "ywk")
    browser = seat(head)
    address = "/pages/batches/PL-2026-000001"
    stages = re.findall(r'name="stage" value="([^"]+)"', browser.get(address).text)
    assert len(stages) == 2
    empty = browser.post(f"{address}/decide", {"verdict": "", "reason": ""})
    assert empty.status_code == 422
    sent = browser.post(f"{address}/decide", {"verdict": "approve", "reason": "同意", "stage": stages})
    assert sent.status_code == 303
    done = browser.prove(sent, head)
    assert "已审批2份，共2份" in done.text
    assert 'name="stage"' not in browser.get(address).text


@pytest.mark.req("B9")
def test_open_papers_of_a_unit_links_to_each_that_the_reader_may_print(town: Town, seat: Seat) -> None:
    change, *_ = hand_over(town)
    with town.connector.act(HOST) as act:
        admin = make_account(act, "ywk", account_class=AccountClass.SYSTEM_ADMINISTRATOR).user_name
    unit_papers = [f"/pages/papers/units/ywk/{name}.pdf" for name in ("register", "matrix")]
    handover, administrator = f"/pages/papers/handovers/{change}.pdf", f"/pages/papers/administrators/{admin}.pdf"
    auditor, head = seat(town.actor(Office.AUDITOR)), seat(town.actor(Office.UNIT_HEAD, "ywk"))
    page = auditor.get("/pages/papers?unit=ywk").text
    for address in (*unit_papers, handover, administrator):
        assert f'href="{address}"' in page, address
        assert auditor.get(address).content.startswith(b"%PDF-"), address
    own = head.get("/pages/papers").text
    assert [f'href="{one}"' in own for one in (*unit_papers, handover, administrator)] == [True, True, True, False]
    assert head.get(administrator).status_code == 403
    assert unit_papers[1] in auditor.get("/pages/matrix?unit=ywk").text
    assert administrator in auditor.get(f"/pages/ledger/{admin}").text
    other = seat(town.actor(Office.UNIT_HEAD, "dljg"))
    assert other.get("/pages/papers?unit=ywk").status_code == 404
    assert {other.get(one).status_code for one in (*unit_papers, handover, administrator)} <= {403, 404}


@pytest.mark.req("A5", "B5")
def test_open_ledger_names_who_approved_beyond_the_table(town: Town, seat: Seat) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    account = town.account_of(granted_beyond(town, second))
    head = town.centre.person(Office.SYSTEM_DEPARTMENT_HEAD).name
    browser = seat(town.actor(Office.AUDITOR))
    assert f"例外批准：{head}" in browser.get(f"/pages/ledger?q={account.user_name}").text
    page = words(browser.get(f"/pages/ledger/{account.user_name}"))
    assert re.search(f"超出对照表的例外批准[^）]*{head}）", page)
