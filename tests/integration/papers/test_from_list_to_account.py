"""A list of people with a stamped scan becomes accounts on a real Keycloak, each decided and printed by itself."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app import create_app
from connector.requests import batches
from connector.requests import service as requests
from tests.fixtures_api import Api, check_problem
from tests.operations import list_file
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, Town, open_town
from tests.unit.scans.files import make_pdf, make_zip

__all__ = ["realm"]

PEOPLE = 3


@pytest.fixture
def api(tmp_path: Path, realm: RealmUnderTest) -> Iterator[Api]:
    town = open_town(tmp_path, idp=realm.provider)
    yield Api(town, create_app(town.connector))
    town.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)


def enabled(realm: RealmUnderTest) -> set[str]:
    return {user.user_name for user in realm.provider.list_accounts() if user.enabled}


def send_file(api: Api, path: str, content: bytes) -> Any:
    return api.call("POST", path, by=api.town.applicant(), files={"file": ("people.csv", content)})


def decide_whole_batch(api: Api, number: str) -> list[dict[str, str]]:
    """Everybody who has a stage of the batch decides his, until there is none; returns every outcome."""
    outcomes: list[dict[str, str]] = []
    for _ in range(10):
        rows = open_requests(api.town, number)
        if not rows:
            return outcomes
        stage = api.town.open_stage(rows[0])
        if api.town.compared(rows[0], stage):  # Each person is compared with his papers by himself (HH 4).
            for row in rows:
                api.town.decide(row)
            continue
        actor = api.town.holder(stage)
        tasks = api.call("GET", f"/request-batches/{number}/tasks", by=actor).json()
        stages = [{"stage_id": task["stage_id"], "digest": task["digest"]} for task in tasks]
        sent = {"verdict": "approve", "reason": "同意", "stages": stages}
        answer = api.call("POST", f"/request-batches/{number}/decisions", by=actor, json=sent)
        assert answer.status_code == 200, answer.text
        outcomes += answer.json()
    raise AssertionError("the batch is never decided")


def open_requests(town: Town, number: str) -> list[Any]:
    with town.connector.act(town.applicant()) as act:
        return [row for _, row in batches.list_lines(act, number) if row.state == "pending"]


def text_of(pdf: bytes) -> str:
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is needed"
    done = subprocess.run([tool, "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


@pytest.mark.req("B10")
def test_submit_list_makes_accounts_only_after_every_request_was_decided(api: Api, realm: RealmUnderTest) -> None:
    before = enabled(realm)
    broken = list_file(api, PEOPLE) + b"\r\nywk,=1+1,,,,,,,,,"
    problem = check_problem(send_file(api, "/request-batches/grant/sheets", broken), 422)
    assert {field["field"].split(".")[0] for field in problem["fields"]} == {str(PEOPLE + 2)}
    assert api.call("GET", "/request-batches", by=api.town.applicant()).json() == []

    content = list_file(api, PEOPLE)
    made = send_file(api, "/request-batches/grant/sheets", content).json()
    assert len(made["requests"]) == PEOPLE
    check_problem(send_file(api, "/request-batches/grant/sheets", content), 409, "same-batch")
    api.town.connector.deliver()
    assert enabled(realm) == before

    outcomes = decide_whole_batch(api, made["number"])
    assert {one["code"] for one in outcomes} == {""}
    api.town.connector.deliver()
    assert len(enabled(realm) - before) == PEOPLE


@pytest.mark.req("B9")
def test_attach_scan_is_sealed_into_decisions_and_the_account_is_printed(api: Api, realm: RealmUnderTest) -> None:
    request = api.town.submit()
    path = f"/requests/{request.number}/scans"
    check_problem(send_file(api, path, make_zip()), 422, "scan-format")
    scan = send_file(api, path, make_pdf()).json()
    stage = api.town.open_stage(request)
    sent = {"verdict": "approve", "reason": "同意", "digest": request.digest}
    late = api.call("POST", f"/stages/{stage.id}/decision", by=api.town.holder(stage), json=sent)
    check_problem(late, 409, "content-changed")
    approved = api.town.approve(request)
    api.town.connector.deliver()
    user_name = api.town.account_of(approved).user_name
    assert user_name in enabled(realm)

    kept = api.call("GET", f"{path}/{scan['sha256']}", by=api.town.applicant())
    assert kept.content == make_pdf()
    with api.town.connector.act(HOST) as act:
        bound = {decision.digest for decision in requests.decisions_of(act, request.id)}
        assert bound == {requests.get_request(act, request.id).digest}
    said = text_of(api.call("GET", f"/requests/{request.number}/paper.pdf", by=api.town.applicant()).content)
    assert "用户权限申请表" in said
    assert next(iter(bound)) in said
    file = api.town.connector.scan_intake.files.path(scan["sha256"])
    file.write_bytes(b"changed")
    check_problem(api.call("GET", f"{path}/{scan['sha256']}", by=api.town.applicant()), 500, "scan-file-changed")
