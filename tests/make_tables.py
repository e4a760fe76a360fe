"""Writes the tables of README and docs from the code, in both languages, between markers; changes nothing else there.

What the code says in one language only, or not at all, stands in `tables.toml`: a setting, option or event without
words there is refused, and so are words for something that does not exist.
"""

import importlib
import pkgutil
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

import typer.main
from fastapi import FastAPI
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import connector
import jobs
from connector.app import create_app
from connector.audit.events import Event
from connector.cli import make_app
from connector.cli.regulations import KINDS
from connector.embedded.demo.programme import PROGRAMME
from connector.errors import ConnectorError, Text
from connector.regulations.articles import list_articles
from connector.settings import DirectorySettings, Settings
from jobs.schedule import SCHEDULE
from tests.rows import rows_proved

ROOT = Path(__file__).parents[1]
PROOFS = ROOT / "connector/regulations/proofs.toml"
WORDS = tomllib.loads(Path(__file__).with_name("tables.toml").read_text(encoding="utf-8"))
TITLE = "trading-idp"
EMPTY = "–"

Cell = str | Text
Row = tuple[Cell, ...]


class Table(NamedTuple):
    """One table. The first cell of a row is the name of the thing, in backquotes; steps of the demo have numbers."""

    heads: Row
    rows: list[Row]


class Mismatch(ValueError):
    """`tables.toml` does not fit the code; the text says where."""


def words_for(part: str, names: Collection[str]) -> dict[str, Any]:
    """The words of one part, exactly one for each name; raises Mismatch."""
    words: dict[str, Any] = WORDS[part]
    if missing := sorted(set(names) - words.keys()):
        raise Mismatch(f"tests/tables.toml [{part}] has no words for: {', '.join(missing)}")
    if strangers := sorted(words.keys() - set(names)):
        raise Mismatch(f"tests/tables.toml [{part}] has words for what is not there: {', '.join(strangers)}")
    return words


def settings_table() -> Table:
    """Every setting by its variable, and the variables that only commands read."""
    fields = dict(list_settings())
    options = dict(list_option_variables())
    words = words_for("settings", [*fields, *options])
    rows: list[Row] = [
        (f"`{name}`", _default(field), Text(words[name], _sentence(field.description or "")))
        for name, field in fields.items()
    ]
    rows += [(f"`{name}`", EMPTY, Text(words[name], _sentence(said))) for name, said in options.items()]
    return Table((Text("变量", "Variable"), Text("缺省值", "Default"), Text("含义", "Meaning")), rows)


def list_settings() -> Iterator[tuple[str, FieldInfo]]:
    """Variable and field of every setting; the directory's own stand beside the others."""
    classes: tuple[type[BaseSettings], ...] = (Settings, DirectorySettings)
    for settings in classes:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            if field.annotation is not DirectorySettings:
                yield f"{prefix}{name}".upper(), field


def list_option_variables() -> Iterator[tuple[str, str]]:
    """Variables that options of commands read, other than settings: name and help."""
    settings = dict(list_settings())
    for _, command in list_commands():
        for option in command.params:
            for name in _variables(option):
                if name not in settings:
                    yield name, str(option.help)


def commands_table() -> Table:
    rows: list[Row] = []
    for path, command in list_commands():
        needed = [_usage(p) for p in command.params if _is_needed(p)]
        options = [f"`{max(p.opts, key=len)}`" for p in command.params if not _is_needed(p)]
        said = _both(command.help or "", path)
        rows.append((f"`{' '.join([path, *needed])}`", " ".join(options) or EMPTY, said))
    return Table((Text("命令", "Command"), Text("选项", "Options"), Text("用途", "What it does")), rows)


def list_commands() -> Iterator[tuple[str, Any]]:
    """Path ("trading-idp audit verify") and command, in the order of the help."""
    yield from _walk(TITLE, typer.main.get_command(make_app()))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from _walk(f"{path} {name}", below)


def jobs_table() -> Table:
    rows: list[Row] = [(f"`{job.name}`", job.when.words(), _capital(job.does)) for job in SCHEDULE]
    return Table((Text("作业", "Job"), Text("时间", "When"), Text("用途", "What it does")), rows)


def events_table() -> Table:
    words = words_for("events", [event.value for event in Event])
    rows: list[Row] = [(f"`{event}`", Text(*words[event.value])) for event in Event]
    return Table((Text("事件", "Event"), Text("含义", "Meaning")), rows)


def errors_table() -> Table:
    rows: list[Row] = [
        (f"`{e.code}`", str(e.status), e.clause or EMPTY, _without_facts(e.says), _without_facts(e.remedy))
        for e in sorted(list_errors(), key=lambda e: e.code)
    ]
    heads = (Text("代码", "Code"), Text("状态码", "Status"), Text("条款", "Clause"))
    return Table((*heads, Text("说明", "What it says"), Text("处理办法", "What to do")), rows)


def list_errors() -> list[type[ConnectorError]]:
    """Every error of the product; all its modules are imported for it."""
    for package in (connector, jobs):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return [e for e in _below(ConnectorError) if e.__module__.split(".")[0] in ("connector", "jobs")]


def _below(error: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    yield error
    for one in error.__subclasses__():
        yield from _below(one)


def routes_table() -> Table:
    schema = make_api().openapi()
    rows: list[Row] = []
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            rows.append((f"`{method.upper()} {path}`", _both(said.get("description", ""), path)))
    return Table((Text("接口", "Call"), Text("用途", "What it does")), rows)


def demo_table() -> Table:
    rows: list[Row] = [(str(n), _capital(step.name), step.clause) for n, step in enumerate(PROGRAMME, 1)]
    return Table((Text("步骤", "Step"), Text("内容", "What is shown"), Text("条款", "Clause")), rows)


def regulations_table() -> Table:
    """Every article: who sees to it, what the product does, its rows and how many tests, and where it is found."""
    rows: list[Row] = []
    for article in list_articles():
        where = " ".join(f"`{place}`" for place in (*article.commands, *article.pages)) or EMPTY
        rows_and_tests = " ".join(article.rows) + (f" ({len(article.proofs)})" if article.proofs else "")
        does = Text(article.does, _sentence(article.does_en))
        rows.append((article.clause, Text(*KINDS[article.kind].split(" / ")), does, rows_and_tests or EMPTY, where))
    heads = (Text("条款", "Article"), Text("方式", "How"), Text("内容", "What"), Text("要求（测试数）", "Rows (tests)"))
    return Table((*heads, Text("命令、页面", "Where")), rows)


def proofs_text() -> str:
    """The tests of each row, for `trading-idp regulations --tests`: the installed product has no tests beside it."""
    lines = ["# Written by tests.make_tables: the tests of each row."]
    for row, tests in sorted(rows_proved(Path(__file__).parent).items()):
        lines += [f"{row} = [", *(f'    "{test}",' for test in sorted(tests)), "]"]
    return "\n".join(lines) + "\n"


def make_api() -> FastAPI:
    """The application without a connector: enough to list what it answers to, not to answer."""
    absent: Any = None
    return create_app(absent)


TABLES = {
    "demo": demo_table,
    "commands": commands_table,
    "settings": settings_table,
    "jobs": jobs_table,
    "events": events_table,
    "errors": errors_table,
    "routes": routes_table,
    "regulations": regulations_table,
}
FILES = {
    "README.md": ("en", ("demo", "commands", "settings", "jobs", "events")),
    "README.zh-CN.md": ("zh", ("demo", "commands", "settings", "jobs", "events")),
    "docs/errors.md": ("en", ("errors",)),
    "docs/errors.zh-CN.md": ("zh", ("errors",)),
    "docs/api.md": ("en", ("routes",)),
    "docs/api.zh-CN.md": ("zh", ("routes",)),
    "docs/regulations.md": ("en", ("regulations",)),
    "docs/regulations.zh-CN.md": ("zh", ("regulations",)),
}


def rendered(table: Table, language: str) -> str:
    lines = [table.heads, tuple("---" for _ in table.heads), *table.rows]
    return "\n".join("| " + " | ".join(_cell(cell, language) for cell in line) + " |" for line in lines)


def _cell(cell: Cell, language: str) -> str:
    text = getattr(cell, language) if isinstance(cell, Text) else cell
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def replaced(text: str, name: str, table: str) -> str:
    """`text` with the table put between its two markers; raises Mismatch where they are not there once each."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise Mismatch(f"the markers {begin} and {end} must stand once each")
    return text[: text.index(begin) + len(begin)] + f"\n{table}\n" + text[text.index(end) :]


def new_texts() -> dict[Path, str]:
    """Every documented file as it should be."""
    tables = {name: make() for name, make in TABLES.items()}
    found = {PROOFS: proofs_text()}
    for file, (language, names) in FILES.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        for name in names:
            text = replaced(text, name, rendered(tables[name], language))
        found[ROOT / file] = text
    return found


def _variables(option: Any) -> Iterable[str]:
    named = getattr(option, "envvar", None) or ()
    return (named,) if isinstance(named, str) else named


def _is_needed(parameter: Any) -> bool:
    return parameter.param_type_name == "argument" or parameter.required


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return f"{max(parameter.opts, key=len)} {parameter.name.upper()}"
    name = str(parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _both(said: str, where: str) -> Text:
    """The first sentence of "中文 / English", apart."""
    chinese, slash, english = " ".join(said.split("\n\n")[0].split()).partition("/ ")
    if not slash:
        raise Mismatch(f"{where}: the description is not in both languages: {said!r}")
    return Text(chinese.strip(), _sentence(english))


def _capital(said: Text) -> Text:
    return Text(said.zh, _sentence(said.en))


def _sentence(english: str) -> str:
    english = english.strip().rstrip(".")
    first = english.split(" ", 1)[0]
    return english if first != first.lower() or "://" in first else english[:1].upper() + english[1:]


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        value = ",".join(value)
    return EMPTY if value in (None, "", {}) else f"`{value}`"


def _without_facts(said: Text) -> Text:
    """`{names}` of facts are shown as dots."""
    return Text(*("".join(words + ("…" if name else "") for words, name, _, _ in Formatter().parse(s)) for s in said))


def main() -> None:
    for file, text in new_texts().items():
        if file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
