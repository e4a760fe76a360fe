"""The commands as child processes: JSON on standard output, refusals in two languages beside it, exit codes."""

import re
import sqlite3
from pathlib import Path

import pytest

from tests.factories import FOUNDING_LIST, resident_id
from tests.integration.cli.conftest import Console

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def founded(console: Console, tmp_path: Path) -> tuple[Console, list[str]]:
    """A console over a founded register, and the document numbers in it."""
    numbers = [resident_id(), resident_id()]
    file = tmp_path / "founding.toml"
    file.write_text(FOUNDING_LIST.format(*numbers), encoding="utf-8")
    assert console.json("database", "upgrade")["from"] is None
    assert console.json("founding", "load", str(file))["persons"] == 2
    return console, numbers


@pytest.mark.req("K2")
def test_commands_that_read_print_json_alone(founded: tuple[Console, list[str]]) -> None:
    console, numbers = founded
    commands = [
        ("database", "status"), ("units", "list"), ("subsystems", "list"), ("persons", "list"), ("ledger",),
        ("appointments", "list"), ("requests", "list"),
        ("requests", "overdue"), ("steps", "list"), ("departures", "cases"), ("departures", "plans"),
        ("endpoints", "list"), ("audit", "search", "--alarms"), ("audit", "seal"), ("audit", "verify"),
        ("rules", "list"), ("rules", "explain", "password"), ("jobs", "list"), ("jobs", "history"),
        ("scans", "passwords", "--dry-run"),
    ]  # fmt: skip
    printed = [console.json(*words) for words in commands]
    assert all(isinstance(each, dict | list) for each in printed)
    assert [number for number in numbers if number in repr(printed)] == []


@pytest.mark.req("J5", "K2")
def test_rotate_seals_every_value_under_the_new_key_and_loses_none(founded: tuple[Console, list[str]]) -> None:
    console, _ = founded
    database = Path(console.env["TRADING_IDP_DATA_DIR"]) / "trading-idp.db"

    def sealed() -> list[bytes]:
        with sqlite3.connect(database) as connection:
            rows = connection.execute("SELECT document_sealed, phone_sealed FROM persons ORDER BY id").fetchall()
        connection.close()
        return [value for row in rows for value in row]

    before = sealed()
    counted = {"persons": 2, "units": 0, "endpoint_secrets": 0, "stream_secrets": 0}
    assert console.json("vault", "rotate") == counted
    after = sealed()
    assert len(after) == len(before) == 4
    assert len({value[1:5] for value in before}) == len({value[1:5] for value in after}) == 1
    assert {value[1:5] for value in before} != {value[1:5] for value in after}  # Bytes 1 to 4 are the key's id.
    assert [entry["event"] for entry in console.json("audit", "search", "--event", "vault.rotated")] == [
        "vault.rotated"
    ]
    assert console.json("vault", "rotate", "--resume")["persons"] == 2
    assert sealed() == after  # Sealed under the present key already: left as they are.


@pytest.mark.req("K2")
def test_refused_commands_say_what_why_and_who_in_two_languages(
    founded: tuple[Console, list[str]], tmp_path: Path
) -> None:
    console, _ = founded
    wrong, broken = tmp_path / "wrong.json", tmp_path / "broken.json"
    wrong.write_text('{"kind": "grant", "unit_code": "jyzx", "secret": 1}', encoding="utf-8")
    broken.write_text("{", encoding="utf-8")
    for words in (
        ("requests", "show", "QX-2026-999999"),
        ("requests", "submit", str(wrong)),
        ("requests", "submit", str(broken)),
        ("requests", "inbox", "--token", "no token"),
        ("links", "issue", "nobody", "--token", ""),
        ("steps", "retry", "999"),
        ("rules", "explain", "no.such.value"),
        ("departures", "probe"),
        ("audit", "checkpoint"),
        ("jobs", "run", "no_such_job"),
        ("founding", "load", str(broken)),
        ("endpoints", "disable", "none", "--token", "x"),
    ):
        done = console.run(*words)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (words, done.stderr)
        lines = done.stderr.strip().splitlines()
        arrows = [line for line in lines if line.startswith("→")]
        assert len(arrows) == 2, (words, done.stderr)
        assert all(CHINESE.search(line) and re.search("[a-z]{3}", line) for line in arrows), (words, arrows)
        assert CHINESE.search(lines[0])


@pytest.mark.req("K2")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRADING_IDP_RETENTION_DAYS", "30"),
        ("TRADING_IDP_SUBSYSTEM_URLS", "no json"),
        ("TRADING_IDP_DATABASE_URL_FILE", "/no/such/file"),
        ("TRADING_IDP_LINK_HOURS", "0"),
    ],
)
def test_wrong_setting_is_named_with_exit_code_2(console: Console, name: str, value: str) -> None:
    done = console.run("units", "list", **{name: value})
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert (
        name.removesuffix("_FILE").removeprefix("TRADING_IDP_").lower() in done.stderr.lower() or value in done.stderr
    )
    assert "设置不正确" in done.stderr


@pytest.mark.req("K2")
def test_command_over_an_empty_database_says_how_to_make_its_tables(console: Console, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = console.run("units", "list")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "trading-idp database upgrade" in done.stderr


@pytest.mark.req("K2")
def test_script_in_a_process_of_its_own_has_exit_codes_and_help(console: Console) -> None:
    assert console.start("no-such-command").returncode == 2
    refused = console.start("rules", "explain", "no.such.value")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Traceback" not in refused.stderr
    told = console.start("--help")
    assert told.returncode == 0
    for area in ("requests", "rules", "vault", "doctor", "jobs"):
        assert area in told.stdout
