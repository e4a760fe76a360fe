"""`trading-idp up` as its users run it: the demonstration holds, a second start finds everything, a signal ends all."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.embedded.browser import FormBrowser, Person
from connector.embedded.process import answers

UP = [sys.executable, "-m", "connector.cli", "up"]
DEMO_SECONDS = 420
READY_SECONDS = 180


@dataclass
class Played:
    """What one whole demonstration left: its exit code, what it printed, its data directory."""

    code: int
    stdout: str
    stderr: str
    data_dir: Path

    @property
    def steps(self) -> list[dict[str, Any]]:
        return json.loads(self.stdout)["steps"]

    def step(self, english: str) -> dict[str, Any]:
        """Evidence of the one step whose English name holds these words."""
        (found,) = (step for step in self.steps if english in step["name"])
        return found["evidence"]

    @property
    def ports(self) -> dict[str, int]:
        return json.loads((self.data_dir / "up" / "ports.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One demonstration on a new data directory."""
    folder = tmp_path_factory.mktemp("up") / "data"
    done = subprocess.run(
        [*UP, "--demo", "--exit", "--json", "--data-dir", str(folder)],
        capture_output=True, text=True, encoding="utf-8", timeout=DEMO_SECONDS, env=clean_environment(), check=False,
    )  # fmt: skip
    return Played(done.returncode, done.stdout, done.stderr, folder)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TRADING_IDP_")}


@pytest.mark.req("A2")
@pytest.mark.req("B2")
@pytest.mark.req("B3")
@pytest.mark.req("B11")
@pytest.mark.req("B12")
@pytest.mark.req("C1")
@pytest.mark.req("C2")
@pytest.mark.req("C3")
@pytest.mark.req("D1")
@pytest.mark.req("K2")
def test_play_demonstration_on_an_empty_directory_holds_every_step(played: Played) -> None:
    assert [(step["name"], step["evidence"]) for step in played.steps if not step["ok"]] == []
    assert played.code == 0, played.stderr
    assert len(played.steps) == 28
    for step in played.steps:
        assert set(step) == {"name", "clause", "ok", "seconds", "evidence"}
        assert re.fullmatch(r"([A-Z]{2} [\d()]+(, )?)+", step["clause"]), step
        assert 0 <= step["seconds"] < DEMO_SECONDS


def test_play_demonstration_tells_what_it_saw(played: Played) -> None:
    account = played.step("after it the account is there")
    assert account["roles"] == ["bid-opening:experts.drawer", "bid-opening:hall.host", "website:notice.editor"]
    assert played.step("first login")["roles_in_token"] == ["notice.editor"]
    key = played.step("with the key it opens")
    assert (key["roles_in_token"], key["level"]) == (["experts.drawer", "hall.host"], "mfa")
    assert played.step("the HR directory marks the leaver")["sessions_before"] > 0
    assert len(played.step("nothing the leaver holds")["refused"]) == 4
    breaker = played.step("a mass departure")
    assert (breaker["frozen"], breaker["reasons"], len(breaker["waits_for"])) == (0, ["too-many-leavers"], 2)
    by_hand = played.step("made in Keycloak's console")
    assert (by_hand["enabled"], by_hand["found_after_seconds"] <= 60) == (False, True)
    assert len(played.step("a role taken by hand")["waits_for"]) == 2
    changed = played.step("one changed byte")
    assert changed["found_entry"] == changed["changed_entry"] > 0


def test_play_demonstration_keeps_secrets_out_of_its_output(played: Played) -> None:
    logins = json.loads((played.data_dir / "up" / "logins.json").read_text(encoding="utf-8"))
    admin = (played.data_dir / "servers" / "keycloak-admin-password").read_text(encoding="ascii")
    secrets = [admin, *(login["password"] for login in logins.values())]
    assert len(secrets) == 8
    assert [secret for secret in secrets if secret in played.stdout] == []


def test_end_demonstration_leaves_no_server_behind(played: Played) -> None:
    assert {name: answers(port) for name, port in played.ports.items()} == dict.fromkeys(played.ports, False)


@dataclass
class Running:
    """A second start on the same data directory, which stays up."""

    process: "subprocess.Popen[bytes]"
    log: Path


@pytest.fixture(scope="module")
def running(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The second start, ready; ended by the last test, or here."""
    log = tmp_path_factory.mktemp("again") / "up.log"
    with log.open("wb") as output:
        second = subprocess.Popen(
            [*UP, "--data-dir", str(played.data_dir)], stdout=output, stderr=output, env=clean_environment()
        )
    try:
        wait_for_text(second, log, "Ctrl-C")
        yield Running(second, log)
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(60)


@pytest.mark.req("K2")
def test_start_again_on_the_same_directory_finds_everything(played: Played, running: Running) -> None:
    listening = {name: answers(port) for name, port in played.ports.items()}
    assert listening == {"keycloak": True, "directory": True, "connector": True, "subsystems": True, "oa": False}
    assert json.loads(run_beside(played, "ledger", "--count", "1", "--json"))["total"] == 64
    frozen = json.loads(run_beside(played, "ledger", "--status", "frozen", "--json"))["rows"]
    assert [row["user_name"] for row in frozen] == [played.step("after it the account is there")["account"]]


@pytest.mark.req("K2")
def test_sign_in_on_the_command_line_gives_a_token_that_opens_the_inbox(played: Played, running: Running) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "connector.cli", "sign-in"], env=clean_environment() | settings_of(played),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    ) as command:  # fmt: skip
        assert command.stderr is not None
        asked = ""
        while "user_code=" not in asked:
            line = command.stderr.readline()
            assert line, asked
            asked += line.strip()
        with FormBrowser(f"http://localhost:{played.ports['keycloak']}", "trading", {}) as browser:
            browser.allow_device(asked[asked.index("http") :], log_in_of(played, "system_department_head"))
        token, said = command.communicate(timeout=60)
    assert command.returncode == 0, said
    waiting = json.loads(run_beside(played, "requests", "inbox", "--token", token.strip(), "--json"))
    assert sorted(task["kind"] for task in waiting) == ["release_departures", "repair_drift"]


def test_start_a_third_time_while_it_runs_is_refused(played: Played, running: Running) -> None:
    third = subprocess.run(
        [*UP, "--exit", "--data-dir", str(played.data_dir)],
        capture_output=True, text=True, encoding="utf-8", timeout=60, env=clean_environment(), check=False,
    )  # fmt: skip
    assert third.returncode == 1
    assert "数据目录" in third.stderr
    assert running.process.poll() is None


def test_end_by_a_signal_stops_every_server(played: Played, running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0, running.log.read_text(encoding="utf-8")
    assert {name: answers(port) for name, port in played.ports.items()} == dict.fromkeys(played.ports, False)


def settings_of(played: Played) -> dict[str, str]:
    """The settings that `up` left for commands beside it."""
    lines = (played.data_dir / "up" / "environment").read_text(encoding="utf-8").splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def log_in_of(played: Played, office: str) -> Person:
    """A sample log-in, as it is printed for whoever tries the system out."""
    login = json.loads((played.data_dir / "up" / "logins.json").read_text(encoding="utf-8"))[office]
    return Person(
        login["user_name"], login["password"], totp_key=login["totp_key"].encode(),
        last_totp_step=login["last_totp_step"],
    )  # fmt: skip


def run_beside(played: Played, *arguments: str) -> str:
    """Runs a command beside the servers; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "connector.cli", *arguments],
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        env=clean_environment() | settings_of(played),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for_text(process: "subprocess.Popen[bytes]", log: Path, text: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while text not in (said := log.read_text(encoding="utf-8")):
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
