"""The quarterly filing: same data, same bytes; two people; a changed file is found; delay is alarmed (JC 19)."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from connector.audit.note import sign_note
from connector.auth.actor import job_actor
from connector.cli import filings as commands
from connector.errors import ForbiddenError
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.reviews import filings, package
from connector.reviews.errors import (
    FilingChangedError,
    FilingStateError,
    OwnFilingError,
    PackageUnreadableError,
    PeriodNotOverError,
)
from connector.reviews.filing_tables import FilingRow
from connector.reviews.periods import parse
from connector.reviews.verified import verify_package
from tests.factories import make_account, make_appointment, make_person
from tests.town import HOST, NOON, Town

APRIL = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)  # The first quarter is over; its filing is due after ten working days.


def made(town: Town, label: str = "2026-Q1", now: datetime = APRIL) -> FilingRow:
    with town.connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD), now=now) as act:
        return filings.make_filing(act, label)


def signed(town: Town, row: FilingRow) -> FilingRow:
    with town.connector.act(town.actor(Office.PRINCIPAL), now=APRIL) as act:
        return filings.sign_filing(act, row.number, town.connector.signer, manifest_hash=row.manifest_hash)


def test_make_filing_twice_gives_the_same_bytes(town: Town, staff: list[AccountRow]) -> None:
    first = made(town)
    archive = first.archive
    with town.connector.act(HOST, now=APRIL) as act:  # What happens after the quarter does not change it.
        accounts.set_status(act, staff[0], AccountStatus.DISABLED, cause="request")
        make_account(act, "ywk", *town.permissions(3))
    assert made(town, now=APRIL + timedelta(days=3)).archive == archive


def test_filing_masks_numbers_and_holds_no_formula(town: Town) -> None:
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk", name="=1+1")
        make_account(act, "ywk", *town.permissions(1), person=person)
    files = package.unpack(made(town).archive)
    row = next(row for row in package.rows_of(files, "accounts") if row["person"] == "=1+1")
    assert row["document"] == person.document_masked
    sheet = openpyxl.load_workbook(io.BytesIO(files["filing.xlsx"]))["账号"]
    cells = {cell.value: cell.data_type for line in sheet.iter_rows() for cell in line}
    assert cells["=1+1"] == "s" or cells["=1+1"] == "inlineStr"
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(files["filing.xlsx"])).read("xl/worksheets/sheet1.xml")


def test_filing_lists_the_quarters_clean_up_and_the_difference(town: Town, staff: list[AccountRow]) -> None:
    with town.connector.act(HOST, now=datetime(2026, 2, 3, tzinfo=UTC)) as act:
        late = make_account(act, "ywk", *town.permissions(1))
    with town.connector.act(HOST, now=NOON) as act:
        account = accounts.get_account(act, staff[0].id)
        accounts.set_status(act, account, AccountStatus.DISABLED, cause="dormant")
    files = package.unpack(made(town).archive)
    cleanup = package.rows_of(files, "cleanup")
    assert {(row["使用账户"], row["处理方式"]) for row in cleanup} == {(staff[0].user_name, "禁用")}
    assert len(cleanup) == 2  # One line for each system.
    assert late.user_name in {row["user_name"] for row in package.rows_of(files, "accounts_added")}


def test_difference_goes_against_the_package_that_was_filed(town: Town, staff: list[AccountRow]) -> None:
    signed(town, made(town))
    summer = datetime(2026, 7, 15, 2, tzinfo=UTC)
    with town.connector.act(HOST, now=datetime(2026, 5, 6, tzinfo=UTC)) as act:
        new = make_account(act, "ywk", *town.permissions(1))
    row = made(town, "2026-Q2", summer)
    files = package.unpack(row.archive)
    assert [each["user_name"] for each in package.rows_of(files, "accounts_added")] == [new.user_name]
    assert b'"manifest_sha256": ""' not in files["manifest.json"]


def test_make_filing_of_a_quarter_under_way_is_refused(town: Town) -> None:
    with pytest.raises(PeriodNotOverError):
        made(town, "2026-Q2")


def test_sign_by_whoever_prepared_is_refused(town: Town) -> None:
    row = made(town)
    head = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    with town.connector.act(HOST) as act:
        make_appointment(act, town.centre.person(Office.SYSTEM_DEPARTMENT_HEAD), "jyzx", Office.PRINCIPAL)
    with pytest.raises(OwnFilingError), town.connector.act(head, now=APRIL) as act:
        filings.sign_filing(act, row.number, town.connector.signer, manifest_hash=row.manifest_hash)


def test_sign_by_another_office_is_refused(town: Town) -> None:
    row = made(town)
    with pytest.raises(ForbiddenError), town.connector.act(town.actor(Office.LEADER_IN_CHARGE), now=APRIL) as act:
        filings.sign_filing(act, row.number, town.connector.signer, manifest_hash=row.manifest_hash)


def test_sign_another_package_than_the_one_shown_is_refused(town: Town) -> None:
    row = made(town)
    with pytest.raises(FilingChangedError), town.connector.act(town.actor(Office.PRINCIPAL), now=APRIL) as act:
        filings.sign_filing(act, row.number, town.connector.signer, manifest_hash="0" * 64)


def test_make_again_after_signing_is_refused(town: Town) -> None:
    signed(town, made(town))
    with pytest.raises(FilingStateError):
        made(town)


def test_verify_finds_a_file_changed_a_file_added_and_a_foreign_signature(town: Town, staff: list[AccountRow]) -> None:
    key = town.connector.signer.verifier_key()
    whole = filings.signed_package(signed(town, made(town)))
    assert all(ok for _, ok in verify_package(whole, key))
    files = package.unpack(whole)
    changed = package.pack({**files, "accounts.json": files["accounts.json"] + b" "})
    assert [name for name, ok in verify_package(changed, key) if not ok] == ["accounts.json"]
    added = package.pack({**files, "more.json": b"[]"})
    assert [name for name, ok in verify_package(added, key) if not ok] == ["more.json"]
    manifest = package.pack({**files, "manifest.json": files["manifest.json"].replace(b"2026-Q1", b"2026-Q2")})
    assert [name for name, ok in verify_package(manifest, key) if not ok] == ["filing.note"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda whole: whole[: len(whole) // 2], "not a whole ZIP archive"),
        (lambda _: b"PK\x03\x04nothing", "not a whole ZIP archive"),
        (lambda whole: flip(whole), "not a whole ZIP archive"),
        (lambda whole: without(whole, "manifest.json"), "no manifest.json"),
        (lambda whole: with_manifest(whole, b"{}"), "manifest.json cannot be read"),
        (lambda whole: with_manifest(whole, b"[" * 100_000), "manifest.json cannot be read"),
        (lambda whole: twice(whole), "two files of one name"),
        (lambda _: package.pack({str(n): b"" for n in range(101)}), "too many files"),
    ],
)
def test_verify_what_is_no_package_is_refused_with_the_reason(
    town: Town, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    whole = filings.signed_package(signed(town, made(town)))
    with pytest.raises(PackageUnreadableError) as refused:
        verify_package(spoil(whole), town.connector.signer.verifier_key())
    assert reason in refused.value.facts["reason"]


def test_verify_a_package_whose_signature_is_missing_or_says_nothing_finds_it(town: Town) -> None:
    key = town.connector.signer.verifier_key()
    whole = filings.signed_package(signed(town, made(town)))
    short = sign_note(f"{package.FORMAT}\n", town.connector.signer)
    for spoilt in (
        without(whole, "filing.note"),
        package.pack({**package.unpack(whole), "filing.note": short.encode()}),
    ):
        assert [name for name, ok in verify_package(spoilt, key) if not ok] == ["filing.note"]


def without(whole: bytes, name: str) -> bytes:
    return package.pack({each: content for each, content in package.unpack(whole).items() if each != name})


def with_manifest(whole: bytes, manifest: bytes) -> bytes:
    return package.pack({**package.unpack(whole), "manifest.json": manifest})


def flip(whole: bytes) -> bytes:
    """One byte of a packed file is another: its checksum does not hold."""
    return whole[:60] + bytes([whole[60] ^ 255]) + whole[61:]


def twice(whole: bytes) -> bytes:
    """A second file under a name that is there already, as only a hand-made archive has it."""
    one = package.pack({"a.json": b"1", "b.json": b"2"})
    return one.replace(b"b.json", b"a.json")


def test_verify_by_command_needs_the_public_key_alone(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = tmp_path / "filing.zip", tmp_path / "key"
    file.write_bytes(filings.signed_package(signed(town, made(town))))
    key.write_text(town.connector.signer.verifier_key(), encoding="utf-8")
    monkeypatch.setattr(commands, "opened", _no_installation)
    right = CliRunner().invoke(commands.app, ["verify", str(file), "--key", str(key), "--json"])
    assert (right.exit_code, {each["ok"] for each in json.loads(right.stdout)}) == (0, {True})
    file.write_bytes(without(file.read_bytes(), "accounts.json"))
    assert CliRunner().invoke(commands.app, ["verify", str(file), "--key", str(key)]).exit_code == 1


def _no_installation() -> None:
    raise AssertionError("the installation was opened")


def test_receipt_before_the_signature_is_refused_and_after_it_ends_the_filing(town: Town) -> None:
    row = made(town)
    head = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    with pytest.raises(FilingStateError), town.connector.act(head, now=APRIL) as act:
        filings.note_receipt(act, row.number, receipt="晋审备〔2026〕3号", received_on=date(2026, 4, 20))
    signed(town, row)
    with town.connector.act(head, now=APRIL) as act:
        filed = filings.note_receipt(act, row.number, receipt="晋审备〔2026〕3号", received_on=date(2026, 4, 20))
    assert filed.state == "filed"


def test_overdue_filing_is_alarmed_once_and_not_when_filed(town: Town, staff: list[AccountRow]) -> None:
    with town.connector.act(HOST, now=datetime(2025, 11, 3, tzinfo=UTC)) as act:
        make_account(act, "ywk")
    period = parse("2026-Q1")
    assert period is not None
    due = town.connector.rulebook.calendar.due(period.end, 10)
    told = []
    for now in (due - timedelta(minutes=1), due, due + timedelta(days=1)):
        with town.connector.act(job_actor("carry_reviews"), now=now) as act:
            told.append(filings.alarm_overdue(act))
    assert told == [False, True, False]
