"""The commands of the papers, and a decision beyond the table of posts by command."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from connector.cli import papers as paper_commands
from connector.cli import requests as request_commands
from connector.regulations.vocabulary import Office, Verdict
from connector.requests.entitlement_tables import OverrideRow
from tests.fixtures_matrix import WHY, adopt, check_of, to_department
from tests.town import HOST, Town, open_town
from tests.unit.papers.test_handovers import hand_over

Run = Callable[..., Result]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command over the town, signed in as the head of the system department."""

    @contextmanager
    def opened() -> Iterator[object]:
        yield town.connector

    for module in (paper_commands, request_commands):
        monkeypatch.setattr(module, "opened", opened)
    monkeypatch.setattr(town.connector, "actor_of", lambda _: town.actor(Office.SYSTEM_DEPARTMENT_HEAD), raising=False)

    def call(app: object, *words: str) -> Result:
        return CliRunner().invoke(app, words)  # type: ignore[arg-type]

    return call


@pytest.mark.req("B9")
def test_print_by_command_writes_every_paper(town: Town, run: Run, tmp_path: Path) -> None:
    change, *_ = hand_over(town)
    request = town.submit()
    for words in (("print", request.number), ("unit", "ywk"), ("matrix", "ywk"), ("handover", change)):
        out = tmp_path / f"{words[0]}.pdf"
        done = run(paper_commands.app, *words, str(out))
        assert done.exit_code == 0, done.output
        assert out.read_bytes().startswith(b"%PDF-1.7")


@pytest.mark.req("B5")
def test_decide_by_command_overrides_what_is_named_with_its_reason_and_nothing_else(town: Town, run: Run) -> None:
    allowed, beyond = town.permissions(2)
    adopt(town, allowed)
    request = to_department(town, town.submit(town.form(permissions=(allowed, beyond))))
    check = check_of(town, request)
    decide = ("decide", town.open_stage(request).id, Verdict.APPROVE.value, "--digest", request.digest, "--json")
    named = ("--override", beyond, "--entitlement", check.digest)
    for wrong in ((), named, ("--override", beyond, "--override-reason", WHY), ("--override-reason", WHY)):
        assert run(request_commands.app, *decide, *wrong).exit_code != 0, wrong
    assert town.open_stage(request).office == Office.SYSTEM_DEPARTMENT_HEAD
    done = run(request_commands.app, *decide, *named, "--override-reason", WHY)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["number"] == request.number
    with town.connector.act(HOST) as act:
        row = act.session.scalars(select(OverrideRow)).one()
    assert (row.permissions, row.reason) == ([beyond], WHY)
    assert row.person_id == town.actor(Office.SYSTEM_DEPARTMENT_HEAD).person_id
