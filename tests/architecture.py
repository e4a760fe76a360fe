"""The rules of the house that no linter knows, as pure functions on source text: each returns what breaks it."""

import ast
from collections.abc import Collection, Iterable, Iterator

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


def broken_errors(errors: Iterable[type], without_clause: Collection[str] = ()) -> list[str]:
    """Errors without a code of their own, and refusals of a person (4xx) that cite no clause.

    `without_clause` names the refusals no regulation speaks of; a name there that is not needed is told as well.
    """
    codes: dict[str, str] = {}
    clauseless: set[str] = set()
    problems = []
    for error in errors:
        code = vars(error).get("code", "")
        if code in codes or not code:
            problems.append(f"{error.__name__}: code {code!r} is missing, or that of {codes.get(code)}")
        codes.setdefault(code, error.__name__)
        if error.status < 500 and not error.clause:
            clauseless.add(error.__name__)
    problems += [f"{name}: refuses and cites no clause" for name in sorted(clauseless - set(without_clause))]
    return problems + [
        f"{name}: listed as without clause, needlessly" for name in sorted(set(without_clause) - clauseless)
    ]
