"""The keys over HTTP and by command: who may read and do what, and the ledger that shows serial numbers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.app import create_app
from connector.cli import make_app
from connector.keys import sheets
from connector.regulations.vocabulary import Office
from tests.fixtures_api import Api, check_problem
from tests.fixtures_keys import MODEL, KeyDesk
from tests.operations import OPERATIONS, key_issued

OWN = [each for each in OPERATIONS if each[1].startswith(("/key", "/ledger"))]


@pytest.fixture
def api(desk: KeyDesk) -> Api:
    return Api(desk.town, create_app(desk.town.connector))


@pytest.mark.parametrize(("method", "path"), OWN)
def test_call_each_operation_answers_the_holder_and_refuses_others(api: Api, method: str, path: str) -> None:
    call = OPERATIONS[method, path](api)
    assert api.call(method, call.path, by=api.nobody, **call.sent).status_code == call.refused
    answer = api.call(method, call.path, by=call.by, **call.sent)
    assert answer.status_code == call.status, answer.text


def test_import_over_http_names_each_wrong_cell(api: Api) -> None:
    rows = [
        {"serial": "K-1", "model": "UK-1", "aaguid": MODEL},
        {"serial": "K-1", "model": "UK-1", "cert_serial": "zz"},
    ]
    sent = {"json": {"paper": "RK-1", "batch": "B1", "rows": rows}}
    problem = check_problem(api.call("POST", "/keys", by=Office.KEY_CUSTODIAN, **sent), 422, "refused-input")
    assert [field["field"] for field in problem["fields"]] == ["2.cert_serial"]
    rows.pop()
    added = api.call("POST", "/keys", by=Office.KEY_CUSTODIAN, **sent)
    assert (added.status_code, added.json()["serials"]) == (201, ["K-1"])
    page = api.call("GET", "/keys", by=Office.AUDITOR, params={"status": "in_stock"}).json()
    assert (page["total"], page["rows"][0]["status_zh"], page["rows"][0]["batch"]) == (1, "在库", "B1")


def test_key_is_shown_with_its_holder_and_its_history(api: Api) -> None:
    serial = key_issued(api)
    shown = api.call("GET", f"/keys/{serial.lower()}", by=Office.AUDITOR).json()
    assert (shown["status"], bool(shown["account"])) == ("issued", True)
    listed = api.call("GET", "/keys", by=Office.AUDITOR, params={"account": shown["account"]}).json()
    assert [row["serial"] for row in listed["rows"]] == [serial]
    history = api.call("GET", f"/keys/{serial}/history", by=Office.AUDITOR).json()
    assert [(row["status_zh"], row["account"]) for row in history] == [("在库", None), ("已发放", shown["account"])]
    check_problem(api.call("GET", "/keys/NONE-1", by=Office.AUDITOR), 404)


def test_ledger_shows_the_key_held_then(api: Api, desk: KeyDesk) -> None:
    before = desk.town.clock.now()
    desk.settle()
    name = api.call("GET", f"/keys/{key_issued(api)}", by=Office.AUDITOR).json()["account"]

    def key_at(**query: str) -> list[str | None]:
        page = api.call("GET", "/ledger", by=Office.AUDITOR, params={"text": name, **query}).json()
        return [row["key_serial"] for row in page["rows"]]

    (serial,) = key_at()
    assert serial is not None
    desk.give_back(serial)
    assert key_at() == [None]
    assert key_at(as_of=before.isoformat()) == []


def test_templates_are_downloaded_by_name(api: Api) -> None:
    answer = api.call("GET", "/key-templates/csv", by=api.nobody)
    assert answer.headers["content-disposition"] == 'attachment; filename="keys.csv"'
    assert answer.text.startswith("\ufeff序列号,型号")
    check_problem(api.call("GET", "/key-templates/pdf", by=api.nobody), 422)


def test_commands_read_the_inventory_and_refuse_stock_work_without_a_token(
    desk: KeyDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.stock("K-1", "K-2")
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(desk.town.connector.settings.data_dir))
    run, app = CliRunner(), make_app()

    def call(*words: str) -> str:
        answer = run.invoke(app, ["keys", *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    assert json.loads(call("list", "--json", "--text", "k-"))["total"] == 2
    assert json.loads(call("show", "K-1", "--json"))["history"][0]["status"] == "in_stock"
    assert json.loads(call("findings", "--json")) == []
    call("template", str(tmp_path / "keys.xlsx"))
    assert sheets.read_sheet(tmp_path / "keys.xlsx") == []
    refused = run.invoke(app, ["keys", "issue", "K-1", desk.custodian.name, "--receipt", "1"])
    assert refused.exit_code == 1
    assert desk.key("K-1").status == "in_stock"
