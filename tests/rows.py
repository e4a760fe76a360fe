"""Prints every row of the requirements with the tests that prove it and their last result.

Reads the test files as text (they are parsed, not imported) and the last run's result file; it starts nothing.
"""

import argparse
import ast
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One row: what must be true, the clause that asks for it, its tests by node id, and how they last ended."""

    id: str
    text: str
    clause: str
    tests: tuple[str, ...]
    last: str  # passed, failed, never


def list_rows(tests: Path = TESTS) -> list[Row]:
    """Every row of rows.toml in its order; raises ValueError when a test names a row that does not exist."""
    written = tomllib.loads((tests / "rows.toml").read_text(encoding="utf-8"))["rows"]
    results = tests / ".last-run.json"
    outcomes = fold(json.loads(results.read_text(encoding="utf-8")) if results.exists() else {})
    marked = rows_proved(tests)
    if strangers := marked.keys() - {row["id"] for row in written}:
        raise ValueError(f"no such row: {', '.join(sorted(strangers))}")
    return [_row(row, tuple(marked.get(row["id"], ())), outcomes) for row in written]


def _row(written: dict[str, str], tests: tuple[str, ...], outcomes: dict[str, str]) -> Row:
    last = verdict(outcomes.get(test, "never") for test in tests)
    return Row(written["id"], written["text"], written["clause"], tests, last)


def verdict(outcomes: Iterable[str]) -> str:
    """failed if any failed, else passed if every one passed, else never; a skipped test has proved nothing."""
    seen = set(outcomes)
    if "failed" in seen:
        return "failed"
    return "passed" if seen == {"passed"} else "never"


def fold(outcomes: dict[str, str]) -> dict[str, str]:
    """Outcomes by test, the parametrized runs of one test taken together."""
    runs: dict[str, list[str]] = defaultdict(list)
    for node_id, outcome in outcomes.items():
        runs[node_id.split("[", 1)[0]].append(outcome)
    return {test: verdict(ended) for test, ended in runs.items()}


def rows_proved(folder: Path) -> dict[str, list[str]]:
    """Node ids of the marked tests by row id, in the order of the files."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        node_prefix = file.relative_to(folder.parent).as_posix()
        for name, rows in marked_tests(tree):
            for row in rows:
                found[row].append(f"{node_prefix}::{name}")
    return found


def marked_tests(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Name (`test_x` or `TestX::test_y`) and row ids of every test; marks of its class and module count."""
    yield from _marked_in(tree.body, "", _pytestmark(tree.body))


def _marked_in(body: list[ast.stmt], prefix: str, inherited: list[str]) -> Iterator[tuple[str, list[str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            rows = [*inherited, *_pytestmark(node.body), *_rows_in(node.decorator_list)]
            yield from _marked_in(node.body, f"{prefix}{node.name}::", rows)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield prefix + node.name, list(dict.fromkeys([*inherited, *_rows_in(node.decorator_list)]))


def _pytestmark(body: list[ast.stmt]) -> list[str]:
    """Rows in `pytestmark = pytest.mark.req(…)` or a list of marks."""
    for node in body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            value = node.value
            return _rows_in(value.elts if isinstance(value, ast.List | ast.Tuple) else [value])
    return []


def _rows_in(marks: Iterable[ast.expr]) -> list[str]:
    """Row ids of those marks that are `pytest.mark.req("…")`; one mark may name several rows."""
    return [
        argument.value
        for mark in marks
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.req"
        for argument in mark.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def as_json(rows: Iterable[Row]) -> dict[str, Any]:
    return {"rows": [{"id": r.id, "text": r.text, "tests": list(r.tests), "last": r.last} for r in rows]}


def as_text(rows: Iterable[Row]) -> str:
    """Row by row, its tests below it; then the rows without a test."""
    lines = [line for row in rows for line in _lines(row)]
    still_open = [row.id for row in rows if not row.tests]
    return "\n".join([*lines, "", f"open (no test): {' '.join(still_open) or 'none'}"])


def _lines(row: Row) -> list[str]:
    clause = f" [{row.clause}]" if row.clause else ""
    return [f"{row.id:4}{row.last if row.tests else 'open':7} {row.text}{clause}", *(f"{'':12}{t}" for t in row.tests)]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.rows", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    asked = parser.parse_args(arguments)
    rows = list_rows()
    sys.stdout.write((json.dumps(as_json(rows), ensure_ascii=False, indent=1) if asked.json else as_text(rows)) + "\n")


if __name__ == "__main__":
    main()
