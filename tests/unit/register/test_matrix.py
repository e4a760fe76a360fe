"""Each unit's table of posts and permissions: versions, what is in excess, what is not known."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli import make_app
from connector.errors import NotFoundError
from connector.register import matrix
from connector.register.errors import UnknownPermissionError
from connector.register.tables import PersonRow
from tests.factories import make_account, make_person
from tests.town import HOST, Town, open_town

BY = "paper:聊公资〔2026〕9号"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path / "town")
    yield opened
    opened.close()


def test_adopt_matrix_names_what_a_post_may_hold_and_what_is_in_excess(town: Town) -> None:
    first, second = town.permissions(2)
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", first, second)
        person = act.session.get_one(PersonRow, account.person_id)
        matrix.adopt_matrix(act, "ywk", {person.post: [first]}, adopted_by=BY)
        assert matrix.allowed(act, person.unit_id, person.post) == {first}
        assert matrix.excess(act, account) == [second]


def test_excess_of_a_post_the_table_does_not_know_is_unknown_and_not_everything(town: Town) -> None:
    (first,) = town.permissions(1)
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", first, person=make_person(act, "ywk", post="司机"))
        assert matrix.excess(act, account) is None
        matrix.adopt_matrix(act, "ywk", {"科员": [first]}, adopted_by=BY)
        assert matrix.excess(act, account) is None
        assert matrix.excess(act, account, post="科员") == []


def test_adopt_matrix_again_puts_a_new_version_in_place_of_the_former(town: Town) -> None:
    first, second = town.permissions(2)
    with town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "ywk", {"科员": [first]}, adopted_by=BY)
    with town.connector.act(HOST, now=town.clock.now() + timedelta(days=1)) as act:
        row = matrix.adopt_matrix(act, "ywk", {"科长": [second, second]}, adopted_by=BY)
        assert row.version == 2
        assert matrix.current(act, row.unit_id) == {"科长": {second}}


@pytest.mark.parametrize(("unit", "permission"), [("ghost", ""), ("ywk", "website:ghost")])
def test_adopt_matrix_of_what_is_not_there_is_refused(town: Town, unit: str, permission: str) -> None:
    posts = {"科员": [permission or town.permissions(1)[0]]}
    with pytest.raises((NotFoundError, UnknownPermissionError)), town.connector.act(HOST) as act:
        matrix.adopt_matrix(act, unit, posts, adopted_by=BY)


def test_matrix_load_of_a_file_puts_it_in_force_and_a_wrong_one_is_refused(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = town.permissions(1)
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(town.connector.settings.data_dir))
    file = tmp_path / "matrix.toml"
    file.write_text(f'unit = "ywk"\npaper = "聊公资〔2026〕9号"\n[posts]\n"科员" = ["{first}"]\n', encoding="utf-8")
    assert CliRunner().invoke(make_app(), ["matrix", "load", str(file)]).exit_code == 0
    shown = CliRunner().invoke(make_app(), ["matrix", "show", "ywk", "--json"])
    assert first in shown.stdout
    file.write_text('unit = "ywk"\n', encoding="utf-8")
    assert CliRunner().invoke(make_app(), ["matrix", "load", str(file)]).exit_code == 1
