"""Which Debian packages the machine lacks, told by programs and files."""

from pathlib import Path

import pytest

from tests import setup_machine


def test_look_for_packages_with_every_program_and_file_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_machine, "find_program", lambda name, _folders: Path(name))
    for pattern in setup_machine.NEEDED_FILES.values():
        file = tmp_path / pattern.replace("**", "opentype/noto").replace("*", "x86_64-linux-gnu")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert setup_machine.missing_packages(tmp_path) == []


def test_look_for_packages_without_programs_and_files_names_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_machine, "find_program", lambda *_: None)
    assert set(setup_machine.missing_packages(tmp_path)) == {*setup_machine.NEEDED, *setup_machine.NEEDED_FILES}


def test_look_for_packages_with_one_of_two_programs_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_machine, "find_program", lambda name, _folders: None if name == "slapadd" else Path(name))
    assert setup_machine.missing_packages(tmp_path) == ["slapd", *setup_machine.NEEDED_FILES]
