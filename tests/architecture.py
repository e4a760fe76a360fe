"""The rules of the house that no linter knows, as pure functions on source text: each returns what breaks it."""

import ast
from collections.abc import Iterable, Iterator

FILE_LINES = 300
FUNCTION_LINES = 40
FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})
_NAIVE_CALLS = frozenset({"utcnow", "utcfromtimestamp", "today"})


def long_file(source: str) -> list[str]:
    lines = len(source.splitlines())
    return [f"{lines} lines"] if lines > FILE_LINES else []


def long_functions(source: str) -> list[str]:
    return [
        f"{node.name}: {length} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def missing_docstring(source: str) -> list[str]:
    """An empty `__init__.py` says nothing and needs to say nothing."""
    return ["no docstring"] if source.strip() and not ast.get_docstring(ast.parse(source)) else []


def forbidden_name(parts: Iterable[str]) -> list[str]:
    """`parts` are the folders and the file name, without its end, of one module."""
    return [part for part in parts if part in FORBIDDEN_NAMES]


def naive_times(source: str) -> list[str]:
    """Calls that give a time without its zone, which cannot be compared with those of the database."""
    return [f"line {call.lineno}: {ast.unparse(call)}" for call in _calls(source) if _is_naive(call)]


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _is_naive(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    if last in _NAIVE_CALLS:
        return name != last  # A function of that name is not the method.
    given = len(call.args) + len(call.keywords)
    if name.endswith("datetime.now"):
        return given == 0
    zoned = any(keyword.arg in ("tz", "tzinfo") for keyword in call.keywords)
    if name.endswith("datetime.fromtimestamp"):
        return len(call.args) < 2 and not zoned
    return last == "datetime" and 3 <= len(call.args) < 8 and not zoned


def broken_errors(errors: Iterable[type]) -> list[str]:
    """Errors without a code of their own, or that refuse a person (4xx) and cite no clause.

    The general errors (not found, conflict) carry the clause given by who raises them, and are named in `GENERAL`.
    """
    listed = list(errors)
    codes: dict[str, type] = {}
    problems = []
    for error in listed:
        code = vars(error).get("code")
        if code is None:
            problems.append(f"{error.__name__}: no code of its own")
        elif code in codes:
            problems.append(f"{error.__name__}: code {code} is that of {codes[code].__name__}")
        codes.setdefault(code, error)
        if error.status < 500 and not error.clause and error.__module__ not in GENERAL:
            problems.append(f"{error.__name__}: refuses ({error.status}) and cites no clause")
    return problems


GENERAL = frozenset({"connector.errors", "connector.ports"})
