"""How much comes in by which door: a file to the addresses that take one, and no large body anywhere else."""

from pathlib import Path

import pytest

from connector.app import create_app
from connector.http import MOST_BYTES, MOST_UPLOADED
from tests.fixtures_api import Api, check_problem
from tests.town import open_town
from tests.unit.scans.files import make_pdf

LARGE = make_pdf(b"4 0 obj <<>>\nstream\n" + b"\\u0000" * (MOST_BYTES // 5) + b"\nendstream endobj\n")


@pytest.fixture
def api(tmp_path: Path) -> Api:
    town = open_town(tmp_path)
    return Api(town, create_app(town.connector))


def test_send_large_file_is_taken_where_files_are_taken(api: Api) -> None:
    request = api.town.submit()
    assert MOST_BYTES < len(LARGE) < MOST_UPLOADED
    by = api.town.applicant()
    for path, status in ((f"/requests/{request.number}/scans", 201), (f"/requests/{request.number}/withdraw", 413)):
        answer = api.call("POST", path, by=by, files={"file": ("scan.pdf", LARGE)})
        assert answer.status_code == status, answer.text
    check_problem(api.call("POST", f"/requests/{request.number}/scans", by=by, content=LARGE), 413, "body-too-large")
    api.town.close()


def test_send_more_than_the_setting_or_the_door_allows_is_refused(api: Api) -> None:
    request = api.town.submit()
    by, path = api.town.applicant(), f"/requests/{request.number}/scans"
    for size, code in (
        (api.town.connector.settings.scan_max_bytes, "scan-too-large"),
        (MOST_UPLOADED, "body-too-large"),
    ):
        content = make_pdf() + b"\n" * size
        check_problem(api.call("POST", path, by=by, files={"file": ("scan.pdf", content)}), 413, code)
    assert not (api.town.connector.settings.data_dir / "scans").exists()
    api.town.close()
