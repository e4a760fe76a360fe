"""The list of requirement rows: what it finds in test files, and how results are taken together."""

import ast
import json
import textwrap
from pathlib import Path

import pytest

from tests import rows

SAMPLE = """
import pytest
pytestmark = [pytest.mark.req("A1"), pytest.mark.slow]

@pytest.mark.req("B6")
@pytest.mark.parametrize("n", [1, 2])
def test_plain(n): ...

def no_test(): ...

@pytest.mark.req("C1", "C2")
class TestGroup:
    pytestmark = pytest.mark.req("C3")

    @pytest.mark.req("B6")
    def test_inner(self): ...

async def test_bare(): ...
"""


def make_tests(folder: Path, outcomes: dict[str, str], source: str) -> Path:
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_sample.py").write_text(textwrap.dedent(source))
    listed = "\n".join(f'[[rows]]\nid = "{row}"\ntext = "t{row}"\nclause = ""' for row in ("A1", "B6", "C1"))
    (tests / "rows.toml").write_text(listed)
    (tests / ".last-run.json").write_text(json.dumps(outcomes))
    return tests


def test_find_marks_of_function_class_and_module_gives_all() -> None:
    assert dict(rows.marked_tests(ast.parse(SAMPLE))) == {
        "test_plain": ["A1", "B6"],
        "TestGroup::test_inner": ["A1", "C3", "C1", "C2", "B6"],
        "test_bare": ["A1"],
    }


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "never"),
        (["passed", "passed"], "passed"),
        (["passed", "never"], "never"),
        (["passed", "skipped"], "never"),
        (["never", "failed", "passed"], "failed"),
    ],
)
def test_judge_outcomes_together_is_strict(outcomes: list[str], expected: str) -> None:
    assert rows.verdict(outcomes) == expected


def test_list_rows_with_a_failed_parameter_is_failed(tmp_path: Path) -> None:
    source = 'import pytest\n@pytest.mark.req("B6")\ndef test_x(): ...\n@pytest.mark.req("C1")\ndef test_y(): ...\n'
    ran = {"test_x[a]": "passed", "test_x[b]": "failed", "test_y": "passed"}
    tests = make_tests(tmp_path, {f"tests/test_sample.py::{name}": end for name, end in ran.items()}, source)
    listed = rows.list_rows(tests)
    assert {row.id: row.last for row in listed} == {"A1": "never", "B6": "failed", "C1": "passed"}
    assert rows.as_json(listed)["rows"][1] == {
        "id": "B6",
        "text": "tB6",
        "tests": ["tests/test_sample.py::test_x"],
        "last": "failed",
    }
    assert rows.as_text(listed).endswith("open (no test): A1")


def test_list_rows_with_an_unknown_row_is_refused(tmp_path: Path) -> None:
    tests = make_tests(tmp_path, {}, 'import pytest\n@pytest.mark.req("Z9")\ndef test_x(): ...\n')
    with pytest.raises(ValueError, match="Z9"):
        rows.list_rows(tests)


def test_print_json_of_the_project_has_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    rows.main(["--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() == {"rows"}
    assert [row["id"] for row in printed["rows"]][:2] == ["A1", "A2"]
    assert all(row.keys() == {"id", "text", "tests", "last"} for row in printed["rows"])
