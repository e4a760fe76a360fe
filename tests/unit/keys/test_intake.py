"""Taking deliveries in: files of both kinds, every wrong cell named, nothing half-applied."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from connector.errors import ForbiddenError, RefusedInputError
from connector.keys import service as keys
from connector.keys import sheets
from connector.keys.errors import SheetUnreadableError
from connector.keys.serials import certificate_serial_of, parse_aaguid, parse_certificate_serial, parse_key_id
from connector.regulations.vocabulary import Office
from tests.fixtures_keys import DELIVERY, MODEL, KeyDesk, key_row


def fields_of(refusal: pytest.ExceptionInfo[RefusedInputError]) -> list[str]:
    return [problem.field for problem in refusal.value.fields]


def book(*rows: tuple[Any, ...], headings: tuple[str, ...] = sheets.HEADINGS_ZH) -> bytes:
    made, content = Workbook(), io.BytesIO()
    for row in (headings, *rows):
        made.worksheets[0].append(row)
    made.save(content)
    return content.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_import_file_takes_every_key_into_stock(desk: KeyDesk, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"keys{suffix}"
    lines = [
        ("k-1", "UK-1", "B7", MODEL.upper(), "", ""),
        ("K-2", "CA-1", "", "", "0A:01", ""),
        ("", "", "", "", "", ""),
    ]
    if suffix == ".csv":
        file.write_text("\n".join(",".join(row) for row in (sheets.HEADINGS_ZH, *lines)), encoding="gb18030")
    else:
        file.write_bytes(book(*lines))
    with desk.act(desk.custodian) as act:
        report = keys.import_batch(act, file, DELIVERY)
    assert (report.added, report.batches, report.serials) == (2, {"B7": 1, "B1": 1}, ("K-1", "K-2"))
    first, second = desk.key("K-1"), desk.key("k-2")
    assert (first.status, first.aaguid, first.cert_serial) == ("in_stock", MODEL, None)
    assert (second.aaguid, second.cert_serial) == (None, "0a01")
    assert [data["keys"] for _, data in desk.entries("key.batch_received")] == [1, 1]


def test_import_names_every_wrong_cell_and_stores_nothing(desk: KeyDesk) -> None:
    desk.stock("K-9", cert_serial="0a01")
    rows = [
        key_row("K-1"),
        key_row("K 2", model=""),
        key_row("K-3", aaguid="zero", cert_serial="xyz", key_id="?"),
        key_row("K-4", aaguid=""),
        key_row("K-9"),
        key_row("K-5", cert_serial="A01"),
        key_row("k-1"),
        key_row("K-6", aaguid="00000000-0000-0000-0000-000000000000"),
        key_row("=1+1"),
    ]
    with pytest.raises(RefusedInputError) as refusal:
        desk.take_in(*rows)
    assert set(fields_of(refusal)) == {
        "3.serial", "3.model", "4.aaguid", "4.cert_serial", "4.key_id", "5.aaguid", "6.serial", "7.cert_serial",
        "2.serial", "8.serial", "9.aaguid", "10.serial",
    }  # fmt: skip
    with desk.act() as act:
        assert keys.list_keys(act).total == 1
    assert desk.take_in(key_row("K-1")).added == 1


def test_import_formula_cells_are_refused(desk: KeyDesk, tmp_path: Path) -> None:
    file = tmp_path / "keys.xlsx"
    formula = ('="K-"&1', "UK-1", "B1", MODEL, None, None)
    number = ("K-2", "UK-1", "B1", None, 1.5e11, None)
    broken = ("K-3", "#REF!", "B1", MODEL, None, None)
    right = (12345, "UK-1", "B1", MODEL, None, None)
    file.write_bytes(book(formula, number, broken, right))
    with pytest.raises(RefusedInputError) as refusal, desk.act(desk.custodian) as act:
        keys.import_batch(act, file, DELIVERY)
    assert fields_of(refusal) == ["2.serial", "3.cert_serial", "4.model"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("keys.txt", b"serial"),
        ("keys.xlsx", b"no zip"),
        ("keys.xlsx", b""),
        ("keys.csv", b"serial,model,colour\nK-1,UK,red\n"),
        ("keys.csv", b"model\nUK\n"),
        ("keys.csv", b"serial,model,serial\n"),
        ("keys.csv", b"\xff\xfe\x81"),
        ("keys.csv", b'serial,model\n"K-1,UK\n'),
    ],
)
def test_read_sheet_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SheetUnreadableError):
        sheets.read_sheet(file)


def test_read_sheet_that_unpacks_without_measure_is_refused() -> None:
    content = io.BytesIO(book(("K-1", "UK-1", "B1", MODEL, "", "")))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/filler.xml", b" " * (sheets.MOST_UNPACKED + 1))
    with pytest.raises(SheetUnreadableError):
        sheets.parse_sheet(content.getvalue(), ".xlsx")


def test_import_by_another_office_is_refused(desk: KeyDesk) -> None:
    with pytest.raises(ForbiddenError), desk.act(desk.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        keys.import_batch(act, [key_row("K-1")], DELIVERY)


def test_templates_are_read_back_as_empty_deliveries() -> None:
    for suffix in (".csv", ".xlsx"):
        assert sheets.parse_sheet(sheets.make_template(suffix), suffix) == []
    written = load_workbook(io.BytesIO(sheets.make_template(".xlsx"))).worksheets[0]
    assert tuple(cell.value for cell in next(iter(written.rows))) == sheets.HEADINGS_ZH


def test_parse_numbers_gives_their_one_stored_shape() -> None:
    assert [parse_certificate_serial(text) for text in ("0xA01", "0a:01", "A1", "00 a1", "g1", "0")] == [
        "0a01", "0a01", "a1", "a1", None, None,
    ]  # fmt: skip
    assert (certificate_serial_of("2561"), certificate_serial_of("161"), certificate_serial_of("x")) == (
        "0a01",
        "a1",
        None,
    )
    assert (
        parse_key_id("+/+/AAAAAAAAAAAAAAAAAA==") == "-_-_AAAAAAAAAAAAAAAAAA" == parse_key_id("-_-_AAAAAAAAAAAAAAAAAA")
    )
    assert parse_key_id("AAAA") is None
    assert parse_aaguid(MODEL.replace("-", "").upper()) == MODEL
