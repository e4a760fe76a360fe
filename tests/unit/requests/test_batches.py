"""Many requests in one file: all or none, every wrong cell named, the same list known again, each decided by itself."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.formula import ArrayFormula
from sqlalchemy import func, select

from connector.auth.levels import StepUpNeededError
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import batches
from connector.requests.batch_columns import SHEETS
from connector.requests.batch_errors import BatchFileError, SameBatchError
from connector.requests.batch_tables import BatchRow
from connector.requests.sheets import MOST_BYTES, MOST_LINES, parse_sheet
from connector.requests.tables import RequestRow
from tests.factories import phone, resident_id
from tests.town import HOST, Town


def person_line(town: Town, **cells: str) -> dict[str, str]:
    right = {
        "unit_code": "ywk", "name": "王批量", "document_number": resident_id(), "phone": phone(), "post": "科员",
        "permissions": "; ".join(town.permissions(2)), "reason": "新入职，办理业务所需",
    }  # fmt: skip
    return {**right, **cells}


def xlsx(kind: str, lines: Sequence[Mapping[str, Any]]) -> bytes:
    columns = SHEETS[kind][1]
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([column.heading for column in columns])
    for line in lines:
        sheet.append([line.get(column.name) for column in columns])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def as_csv(kind: str, lines: Sequence[Mapping[str, str]], encoding: str = "utf-8-sig") -> bytes:
    columns = SHEETS[kind][1]
    rows = [[column.heading for column in columns], *([line.get(c.name, "") for c in columns] for line in lines)]
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def submit(town: Town, content: bytes, kind: str = "grant", *, again: bool = False) -> BatchRow:
    with town.connector.act(town.applicant()) as act:
        return batches.submit_batch(act, kind, content, again=again)


def problems(town: Town, content: bytes, kind: str = "grant") -> dict[str, FieldProblem]:
    with pytest.raises(RefusedInputError) as refused:
        submit(town, content, kind)
    return {one.field: one for one in refused.value.fields}


def counts(town: Town) -> tuple[int, int, int]:
    with town.connector.act(HOST) as act:
        tables = (RequestRow, PersonRow, BatchRow)
        return tuple(act.session.scalar(select(func.count()).select_from(t)) or 0 for t in tables)  # type: ignore[return-value]


@pytest.mark.req("B10")
@pytest.mark.parametrize("write", [xlsx, as_csv, lambda *a: as_csv(*a, "gb18030")], ids=["xlsx", "csv", "gb18030"])
def test_submit_file_makes_a_request_of_every_line(town: Town, write: Any) -> None:
    batch = submit(town, write("grant", [person_line(town) for _ in range(3)]))
    assert batch.number == "PL-2026-000001"
    with town.connector.act(town.applicant()) as act:
        lines = batches.list_lines(act, batch.number)
        assert [line for line, _ in lines] == [2, 3, 4]
        assert {row.state for _, row in lines} == {"pending"}
        assert all(batches.batch_of(act, row.id).number == batch.number for _, row in lines)  # type: ignore[union-attr]


@pytest.mark.req("B10")
def test_submit_with_wrong_lines_names_each_and_applies_nothing(town: Town) -> None:
    town.applicant()
    before = counts(town)
    twice = person_line(town)
    found = problems(
        town,
        xlsx(
            "grant",
            [
                person_line(town),
                person_line(town, document_number="371502197003010019"),
                person_line(town, phone="12", name=""),
                person_line(town, permissions="no:such"),
                twice,
                {**twice, "phone": phone()},
                person_line(town, unit_code="dljg"),
                person_line(town, until="2020-01-01", purpose="sometimes"),
                person_line(town, reason=f"身份证 {resident_id()}"),
            ],
        ),
    )
    assert set(found) == {
        "3.document_number", "4.name", "5.permissions", "7", "8.unit_code", "9.purpose", "10.reason",
    }  # fmt: skip
    assert all(one.clause for one in found.values()), found
    assert counts(town) == before


@pytest.mark.req("B10")
def test_submit_a_formula_or_a_rounded_number_is_refused(town: Town) -> None:
    lines: list[dict[str, Any]] = [
        person_line(town, name='=HYPERLINK("http://x")'),
        {**person_line(town), "document_number": 371502197003010019},
        {**person_line(town), "phone": 13900000001},
        {**person_line(town), "name": ArrayFormula("B5", "=SUM(1,2)")},
        person_line(town, name="#REF!"),
    ]
    found = problems(town, xlsx("grant", lines))
    assert set(found) == {"2.name", "3.document_number", "5.name", "6.name"}
    assert "公式" in found["2.name"].zh
    assert "文本" in found["3.document_number"].zh


@pytest.mark.req("B10")
def test_submit_the_same_list_twice_is_recognised_even_saved_again(town: Town) -> None:
    form = town.form()
    account = town.account_of(town.approve(town.submit(form)))
    lines = [{"unit_code": "ywk", "account": account.user_name, "reason": "忘记口令", "cause": "forgotten"}]
    batch = submit(town, xlsx("password_reset", lines), "password_reset")
    with pytest.raises(SameBatchError, match=batch.number):
        submit(town, as_csv("password_reset", lines), "password_reset")
    with town.connector.act(town.applicant()) as act:
        rows = [row for _, row in batches.list_lines(act, batch.number)]
    town.approve(rows[0])
    assert submit(town, xlsx("password_reset", lines), "password_reset", again=True).times == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0",
        b"PK\x03\x04broken",
        b"a" * (MOST_BYTES + 1),
        "不认识,的列\r\n1,2".encode(),
        "申请原因,申请原因\r\n1,2".encode(),
        "申请原因\r\n".encode(),
        "申请原因\r\n".encode() + b"x\r\n" * (MOST_LINES + 1),
        b'"open',
    ],
    ids=["empty", "png", "broken", "large", "columns", "twice", "no-line", "lines", "quote"],
)
def test_submit_what_is_no_list_is_refused_and_stores_nothing(town: Town, content: bytes) -> None:
    town.applicant()
    before = counts(town)
    with pytest.raises(BatchFileError):
        submit(town, content)
    assert counts(town) == before


def test_submit_a_list_that_unpacks_to_any_size_is_refused(town: Town) -> None:
    content = io.BytesIO(xlsx("grant", [person_line(town)]))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", b" " * (60 << 20))
    with pytest.raises(BatchFileError, match="unpacks"):
        submit(town, content.getvalue())


def test_read_a_list_with_any_byte_damaged_is_read_or_refused_and_never_a_fault(town: Town) -> None:
    """Every 7th byte of one file is changed in turn: openpyxl and zlib raise errors of many kinds for that."""
    good = xlsx("grant", [person_line(town)])
    headings = {column.heading: column.name for column in SHEETS["grant"][1]}
    refused = 0
    for place in range(0, len(good), 7):
        try:
            parse_sheet(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :], headings)
        except BatchFileError:
            refused += 1
    assert refused > len(good) // 14


def test_submit_a_formula_in_csv_is_refused(town: Town) -> None:
    assert set(problems(town, as_csv("grant", [person_line(town, name="=1+1")]))) == {"2.name"}


def test_submit_an_entity_bomb_is_refused(town: Town) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    source = io.BytesIO(xlsx("grant", [person_line(town)]))
    content = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                body = text.decode().split("?>", 1)[-1].replace("王批量", "&j;").replace("使用人姓名", "&j;")
                text = (laughs + "]>" + body).encode()
            new.writestr(part.filename, text)
    with pytest.raises((BatchFileError, RefusedInputError)):
        submit(town, content.getvalue())


def test_check_tries_every_line_and_stores_nothing(town: Town) -> None:
    town.applicant()
    before = counts(town)
    with town.connector.act(town.applicant()) as act:
        assert batches.check_batch(act, "grant", xlsx("grant", [person_line(town), person_line(town)])) == 2
    assert counts(town) == before


@pytest.mark.req("B10")
def test_decide_batch_goes_through_the_rules_of_each_request(town: Town) -> None:
    batch = submit(town, xlsx("grant", [person_line(town) for _ in range(3)]))
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(head) as act:
        shown = [(stage.id, row.digest) for stage, row in batches.list_tasks(act, batch.number)]
    with town.connector.act(town.applicant()) as act:
        refused = batches.decide_batch(act, batch.number, shown, Verdict.APPROVE, "")
    assert {one.code for one in refused} == {"self-approval"}
    changed = [(shown[0][0], "0" * 64), *shown[1:]]
    with town.connector.act(head) as act:
        done = batches.decide_batch(act, batch.number, changed, Verdict.APPROVE, "同意")
    assert [one.code for one in done] == ["content-changed", "", ""]
    with town.connector.act(head) as act:
        assert [stage.id for stage, _ in batches.list_tasks(act, batch.number)] == [shown[0][0]]
    verifier = town.actor(Office.VERIFIER, "jyzx")
    with town.connector.act(verifier) as act:
        assert len(batches.list_tasks(act, batch.number)) == 2


def test_decide_batch_without_a_second_factor_or_of_another_batch_is_refused(town: Town) -> None:
    batch = submit(town, xlsx("grant", [person_line(town)]))
    other = town.submit()
    head = town.actor(Office.UNIT_HEAD, "ywk")
    stage = town.open_stage(other)
    with town.connector.act(replace(head, acr="pwd")) as act, pytest.raises(StepUpNeededError):
        batches.decide_batch(act, batch.number, [(stage.id, other.digest)], Verdict.APPROVE, "")
    with town.connector.act(head) as act, pytest.raises(NotFoundError):
        batches.decide_batch(act, batch.number, [(stage.id, other.digest)], Verdict.APPROVE, "")
    assert town.open_stage(other).id == stage.id


def test_read_batch_by_a_stranger_is_not_found(town: Town) -> None:
    batch = submit(town, xlsx("grant", [person_line(town)]))
    with town.connector.act(town.applicant("dljg")) as act, pytest.raises(NotFoundError):
        batches.get_batch(act, batch.number)


@pytest.mark.parametrize("kind", SHEETS)
def test_template_has_the_headings_that_are_read(town: Town, kind: str) -> None:
    with town.connector.act(town.applicant()) as act:
        book = load_workbook(io.BytesIO(batches.template(act, kind, ".xlsx")))
        plain = batches.template(act, kind, ".csv").decode("utf-8-sig").strip().split(",")
    sheet = book.worksheets[0]
    headings = [cell.value for cell in next(sheet.iter_rows(max_row=1))]
    assert headings == plain == [column.heading for column in SHEETS[kind][1]]
    assert {sheet.column_dimensions[letter].number_format for letter in "ABC"} == {"@"}
