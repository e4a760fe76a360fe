"""Stamped scans of a request: who may attach one, what a decision binds to, who may see it, what verification finds."""

from pathlib import Path

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.errors import NotFoundError
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import attachments
from connector.requests import service as requests
from connector.requests.errors import ContentChangedError, RequestClosedError, WrongOfficeError
from connector.scans import service as scans
from connector.scans.errors import TooManyScansError, UnknownFormatError
from tests.town import HOST, Town
from tests.unit.scans.files import make_pdf, make_png


def files_of(town: Town) -> list[Path]:
    folder = town.connector.settings.data_dir / "scans"
    return [path for path in folder.rglob("*") if path.is_file()]


def entries(town: Town, event: str) -> list[dict[str, object]]:
    with town.connector.act(HOST) as act:
        rows = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == event).order_by(AuditEntryRow.id))
        return [row.data for row in rows]


@pytest.mark.req("B9")
def test_attach_scan_changes_what_a_decision_binds_to(town: Town) -> None:
    request = town.submit()
    before = request.digest
    row = attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())
    with pytest.raises(ContentChangedError):
        town.decide(request, digest=before)
    town.decide(request)
    decided = entries(town, "request.stage_approved")[-1]
    assert decided["scans"] == row.sha256
    assert decided["digest"] != before
    assert entries(town, "scan.attached")[-1]["sha256"] == row.sha256


@pytest.mark.req("B9")
def test_attach_at_a_stage_is_for_its_decider_and_sealed_into_the_next_decisions(town: Town) -> None:
    request = town.submit()
    first = attachments.receive_scan(town.connector, town.actor(Office.UNIT_HEAD, "ywk"), request.number, make_pdf())
    assert first.stage_id == town.open_stage(request).id
    with pytest.raises(WrongOfficeError):
        attachments.receive_scan(town.connector, town.actor(Office.PRINCIPAL), request.number, make_png())
    town.decide(request)
    second = attachments.receive_scan(town.connector, town.actor(Office.VERIFIER, "jyzx"), request.number, make_png())
    town.decide(request)
    first_said, second_said = (str(one["scans"]).split() for one in entries(town, "request.stage_approved"))
    assert first_said == [first.sha256]
    assert second_said == sorted([first.sha256, second.sha256])


def test_attach_by_a_stranger_finds_no_request_and_keeps_no_file(town: Town) -> None:
    request = town.submit()
    with pytest.raises(NotFoundError):
        attachments.receive_scan(town.connector, town.applicant("dljg"), request.number, make_pdf())
    assert files_of(town) == []


def test_attach_what_is_no_scan_keeps_nothing(town: Town) -> None:
    request = town.submit()
    with pytest.raises(UnknownFormatError):
        attachments.receive_scan(town.connector, town.applicant(), request.number, b"GIF89a")
    assert files_of(town) == []
    with town.connector.act(HOST) as act:
        assert requests.get_request(act, request.id).digest == request.digest


def test_attach_to_a_closed_request_is_refused(town: Town) -> None:
    request = town.approve(town.submit())
    with pytest.raises(RequestClosedError):
        attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())


def test_attach_the_same_file_twice_is_one_and_twenty_are_the_most(town: Town) -> None:
    request = town.submit()
    first = attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())
    again = attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())
    assert again.id == first.id
    for number in range(1, scans.MOST_SCANS):
        attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf(b"%%%d\n" % number))
    with pytest.raises(TooManyScansError):
        attachments.receive_scan(town.connector, town.applicant(), request.number, make_png())


def test_attach_to_a_returned_request_belongs_to_the_next_version(town: Town) -> None:
    form = town.form()
    request = town.decide(town.submit(form), Verdict.RETURN, reason="请附盖章申请表")
    row = attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())
    assert row.version == 2
    with town.connector.act(town.applicant()) as act:
        resubmitted = requests.resubmit_request(act, request.id, form)
    town.decide(resubmitted)
    assert entries(town, "request.stage_approved")[-1]["scans"] == row.sha256


def test_download_is_for_those_who_see_the_request(town: Town) -> None:
    request = town.submit()
    row = attachments.receive_scan(town.connector, town.applicant(), request.number, make_pdf())
    other = town.submit(actor=town.applicant())
    for actor in (town.applicant(), town.actor(Office.UNIT_HEAD, "ywk"), town.actor(Office.AUDITOR)):
        with town.connector.act(actor) as act:
            assert attachments.get_scan(act, request.number, row.sha256).id == row.id
            assert [one.id for one in attachments.list_scans(act, request.number)] == [row.id]
    with town.connector.act(town.applicant("dljg")) as act, pytest.raises(NotFoundError):
        attachments.get_scan(act, request.number, row.sha256)
    with town.connector.act(town.applicant()) as act, pytest.raises(NotFoundError):
        attachments.get_scan(act, other.number, row.sha256)


@pytest.mark.req("B9")
def test_verify_finds_missing_and_changed_files_and_tells_the_record(town: Town) -> None:
    request = town.submit()
    hashes = [
        attachments.receive_scan(town.connector, town.applicant(), request.number, content).sha256
        for content in (make_pdf(), make_png(), make_pdf(b"%1\n"))
    ]
    files = town.connector.scan_intake.files
    files.put(b"of no request")
    with town.connector.act(HOST) as act:
        whole = scans.verify_scans(act, files)
    assert (whole.checked, whole.is_whole, whole.unnamed) == (3, True, 1)
    files.path(hashes[0]).unlink()
    files.path(hashes[1]).write_bytes(b"changed")
    with town.connector.act(HOST) as act:
        found = scans.verify_scans(act, files)
    assert (found.missing, found.changed) == ((hashes[0],), (hashes[1],))
    assert [one["sha256"] for one in entries(town, "scan.file_missing")] == [hashes[0]]
    assert [one["sha256"] for one in entries(town, "scan.file_changed")] == [hashes[1]]
