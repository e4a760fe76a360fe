"""What every command shares: opening the connector, showing results, turning refusals into messages."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from getpass import getuser
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from connector.auth.actor import Actor, host_actor
from connector.bootstrap import Connector, build
from connector.errors import ConnectorError, Text, UnavailableError
from connector.settings import Settings

Token = Annotated[
    str,
    typer.Option(envvar="TRADING_IDP_TOKEN", help="access token of the person; `trading-idp sign-in` gets one"),
]


class DatabaseUnusableError(UnavailableError):
    """The database does not answer, or has no tables of this version."""

    code = "database-unusable"
    says = Text("数据库不可用（{reason}）", "The database cannot be used ({reason})")
    remedy = Text(
        "请运行 trading-idp doctor；表结构过旧时运行 trading-idp database upgrade",
        "Run trading-idp doctor; for old tables, trading-idp database upgrade",
    )


out = Console()
err = Console(stderr=True)


def load_settings() -> Settings:
    """The settings of the environment; a wrong one ends the command with its name and reason (exit code 2)."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [("_".join(map(str, item["loc"])).upper() or "?", item["msg"]) for item in error.errors()]
    except SettingsError as error:
        wrong = [("*", str(error))]
    except OSError as error:  # A secret is named by its file, and the file cannot be read.
        wrong = [("*_FILE", f"{error.filename}: {error.strerror}")]
    err.print("[bold red]设置不正确[/bold red] / wrong settings", highlight=False)
    for name, reason in wrong:
        err.print(f"  TRADING_IDP_{name}: {reason}", highlight=False, markup=False)
    err.print("→ 请对照 README 的设置表改正 / correct them by the table of settings in README", highlight=False)
    raise typer.Exit(2)


@contextmanager
def refusals() -> Iterator[None]:
    """Prints a refusal as what, why (clause), what to do, who can do it; exit code 1."""
    try:
        yield
    except ConnectorError as error:
        print_problem(error)
        raise typer.Exit(1) from error
    except DBAPIError as error:
        print_problem(DatabaseUnusableError(reason=type(error.orig).__name__))
        raise typer.Exit(1) from error


@contextmanager
def opened() -> Iterator[Connector]:
    """The connector of the environment's settings, closed at the end of the block."""
    with refusals():
        connector = build(load_settings())
        try:
            yield connector
        finally:
            connector.close()


def operator() -> Actor:
    """The one at the machine: host:USER. He may run what belongs to the machine, and decides nothing."""
    return host_actor(getuser())


def show(data: Any, as_json: bool = False, columns: Sequence[str] = ()) -> None:
    """Prints one thing or a list of things: JSON for machines, a table for people."""
    plain = _plain(data)
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
    elif isinstance(plain, list):
        _show_rows(plain, columns)
    elif isinstance(plain, dict):
        _show_rows([{"": key, " ": value} for key, value in plain.items()], ())
    else:
        out.print(plain, highlight=False)


def print_problem(error: ConnectorError) -> None:
    problem = error.problem()
    why = f"（{problem['clause']}）" if problem["clause"] else ""
    err.print(f"[bold red]{problem['title']}[/bold red]{why}", highlight=False)
    err.print(f"{problem['en']['title']}", highlight=False)
    for field in problem.get("fields", ()):
        err.print(f"  {field['field']}: {field['zh']} / {field['en']} {field['clause']}", highlight=False)
    err.print(f"→ {problem['remedy']} / {problem['en']['remedy']}", highlight=False)
    err.print(f"→ {problem['who']} / {problem['en']['who']}", highlight=False)


def is_terminal() -> bool:
    return sys.stderr.isatty()


def _show_rows(rows: list[Any], columns: Sequence[str]) -> None:
    if not rows:
        out.print("（无 / none）")
        return
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names, show_lines=False, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    out.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "--"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _plain(data: Any) -> Any:
    if isinstance(data, BaseModel):
        return data.model_dump(mode="json")
    if is_dataclass(data) and not isinstance(data, type):
        return _plain(asdict(data))
    if isinstance(data, tuple) and hasattr(data, "_asdict"):
        return _plain(data._asdict())
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [_plain(item) for item in data]
    return data.isoformat() if isinstance(data, datetime) else data if _is_json(data) else str(data)


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
