"""Every article of the five texts has its answer, and what the answers name is there."""

import re
import tomllib
from pathlib import Path

from fastapi.routing import APIRoute
from typer.testing import CliRunner

from connector.cli import make_app
from connector.cli.regulations import KINDS
from connector.pages.mount import ROUTERS
from connector.regulations.articles import ARTICLES, Kind, find_articles, list_articles
from tests import make_tables
from tests.rows import list_rows

ROOT = Path(__file__).parents[3]
CITED = re.compile(r"\b(LC|JC|GS|GX|HH) (\d+)")


def test_every_article_of_the_five_texts_has_an_answer() -> None:
    there = {tuple(re.match(CITED, article.clause).groups()) for article in list_articles()}  # type: ignore[union-attr]
    assert there == {(text, str(number)) for text, last in ARTICLES.items() for number in range(1, last + 1)}


def test_no_article_is_answered_twice() -> None:
    clauses = [article.clause for article in list_articles()]
    assert len(clauses) == len(set(clauses))


def test_what_is_enforced_or_supported_has_a_row_and_what_is_not_has_none() -> None:
    rows = {row.id for row in list_rows()}
    for article in list_articles():
        assert set(article.rows) <= rows, article.clause
        assert bool(article.rows) == (article.kind in (Kind.ENFORCED, Kind.SUPPORTED)), article.clause


def test_what_is_said_to_be_enforced_has_tests() -> None:
    assert not [a.clause for a in list_articles() if a.kind is Kind.ENFORCED and not a.proofs]


def test_the_proofs_are_those_of_the_tests() -> None:
    assert make_tables.PROOFS.read_text(encoding="utf-8") == make_tables.proofs_text()


def test_commands_and_pages_named_are_there() -> None:
    commands = {path.removeprefix("trading-idp ") for path, _ in make_tables.list_commands()}
    pages = {route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    for article in list_articles():
        assert set(article.commands) <= commands, article.clause
        assert set(article.pages) <= pages, article.clause


def test_every_article_that_a_row_cites_names_that_row_or_is_one_of_its_items() -> None:
    written = tomllib.loads((ROOT / "tests/rows.toml").read_text(encoding="utf-8"))["rows"]
    for row in written:
        for text, number in CITED.findall(row["clause"]):
            rows = {name for article in find_articles(f"{text} {number}") for name in article.rows}
            assert rows, f"{row['id']} cites {text} {number}, which says that nothing is done"


def test_find_articles_gives_an_article_with_its_items_and_no_other() -> None:
    assert [article.clause for article in find_articles("lc 7")] == ["LC 7(1)", "LC 7(2)", "LC 7(3)"]
    assert [article.clause for article in find_articles("JC 8")] == ["JC 8", "JC 8(1)", "JC 8(2)", "JC 8(3)"]
    assert len(find_articles("HH")) == 4
    assert find_articles("LC 12") == []


def test_regulations_command_prints_an_article_and_refuses_an_unknown_one() -> None:
    shown = CliRunner().invoke(make_app(), ["regulations", "LC 7(2)", "--json", "--tests"])
    assert shown.exit_code == 0
    assert '"clause": "LC 7(2)"' in shown.stdout
    assert CliRunner().invoke(make_app(), ["regulations", "LC 99"]).exit_code != 0
    assert set(KINDS) == set(Kind)
