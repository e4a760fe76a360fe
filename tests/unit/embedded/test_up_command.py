"""The command `up` where it cannot start: says what is wrong and what to do, and stops what it had started."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.cli import make_app
from connector.embedded.demo.scene import StepResult
from connector.embedded.errors import ServerFileMissingError
from connector.embedded.machine import Machine
from connector.embedded.sample_subsystems import SampleSession, SampleSubsystems, Visit
from connector.storage.lock import only_instance


def run(*arguments: str) -> Any:
    return CliRunner().invoke(make_app(), ["up", *arguments])


def test_start_without_a_way_to_fetch_keycloak_says_so_and_stops_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Machine] = []

    def start(self: Machine, *_: object) -> None:
        raise ServerFileMissingError(part="org.keycloak:keycloak-quarkus-dist:26.7.4", reason="no route")

    monkeypatch.setattr(Machine, "start", start)
    monkeypatch.setattr(Machine, "stop", lambda self: stopped.append(self))
    monkeypatch.setattr("connector.embedded.place.free_port", iter(range(20000, 20100)).__next__)
    monkeypatch.setattr("connector.embedded.place.is_port_free", lambda _: True)
    done = run("--exit", "--json", "--data-dir", str(tmp_path))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "keycloak-quarkus-dist" in done.stderr
    assert "请检查网络" in done.stderr
    assert len(stopped) == 1


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_play_demonstration_ends_well_only_if_every_step_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ok: bool, code: int
) -> None:
    steps = [StepResult("甲 / a", "LC 1", True, 0.5, {"x": 1}), StepResult("乙 / b", "JC 7", ok, 0.5, {"why": "y"})]
    monkeypatch.setattr(Machine, "start", lambda *_: None)
    monkeypatch.setattr(Machine, "has_city", False)
    monkeypatch.setattr("connector.cli.up.play", lambda *_: steps)
    monkeypatch.setattr("connector.embedded.place.free_port", iter(range(20000, 20100)).__next__)
    monkeypatch.setattr("connector.embedded.place.is_port_free", lambda _: True)
    done = run("--demo", "--exit", "--json", "--data-dir", str(tmp_path))
    assert done.exit_code == code
    assert json.loads(done.stdout) == {"steps": [step.as_json() for step in steps]}


def test_start_in_a_directory_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with only_instance(tmp_path, "up"):
        done = run("--exit", "--data-dir", str(tmp_path))
    assert done.exit_code == 1
    assert "另一个up进程" in done.stderr


@pytest.fixture
def subsystems(monkeypatch: pytest.MonkeyPatch) -> SampleSubsystems:
    monkeypatch.setattr(
        "connector.embedded.sample_subsystems.ThreadingHTTPServer", lambda *_: SimpleNamespace(serve_forever=None)
    )
    around: Any = SimpleNamespace(
        ports={"subsystems": 1},
        keycloak_url="http://localhost:2",
        redirect_uris={name: f"http://localhost:1/{name}/callback" for name in ("website", "member")},
    )
    return SampleSubsystems(around)


def test_open_subsystem_sends_the_browser_to_log_in_with_a_proof_key(subsystems: SampleSubsystems) -> None:
    answer = subsystems.answer(Visit("GET", "/website/"))
    assert answer.status == 302
    address = answer.headers["location"]
    assert address.startswith("http://localhost:2/realms/trading/protocol/openid-connect/auth?client_id=website")
    assert "code_challenge_method=S256" in address


def test_return_to_subsystem_with_a_foreign_state_signs_nobody_in(subsystems: SampleSubsystems) -> None:
    begun = subsystems.answer(Visit("GET", "/website/")).headers["set-cookie"].partition(";")[0].partition("=")[2]
    for cookies in ({}, {"website-login": begun}):
        answer = subsystems.answer(Visit("GET", "/website/callback", {"state": "forged", "code": "x"}, cookies))
        assert (answer.status, "登录未完成" in answer.content) == (403, True)
    assert subsystems.sessions == {}


def test_open_unknown_subsystem_is_not_found(subsystems: SampleSubsystems) -> None:
    assert subsystems.answer(Visit("GET", "/<script>/")).status == 404
    assert "/website/" in subsystems.answer(Visit("GET", "/")).content


@pytest.mark.parametrize("body", [b"", b"<no", b"<a/>"])
def test_tell_subsystem_of_a_logout_in_nonsense_ends_nothing(subsystems: SampleSubsystems, body: bytes) -> None:
    subsystems.sessions["key"] = SampleSession("member", "index", "371500-1", "mfa", ())
    assert subsystems.answer(Visit("POST", "/member/logout", body=body)).status == 400
    assert list(subsystems.sessions) == ["key"]


def test_tell_member_of_a_logout_ends_the_session_of_that_index_alone(subsystems: SampleSubsystems) -> None:
    for index in ("one", "two"):
        subsystems.sessions[index] = SampleSession("member", index, "371500-1", "mfa", ())
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<q:LogoutRequest xmlns:q="urn:oasis:names:tc:SAML:2.0:protocol" ID="x&quot;1">'
        "<q:SessionIndex>one</q:SessionIndex></q:LogoutRequest></e:Body></e:Envelope>"
    )
    answer = subsystems.answer(Visit("POST", "/member/logout", body=body.encode()))
    assert (answer.status, list(subsystems.sessions)) == (200, ["two"])
    assert "InResponseTo='x\"1'" in answer.content
