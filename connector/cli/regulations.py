"""trading-idp regulations: what the product does about each article of the five texts. Needs no database."""

from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from connector.cli.session import out, refusals, show
from connector.errors import NotFoundError
from connector.regulations.articles import Article, Kind, find_articles

app = typer.Typer()

KINDS = {
    Kind.ENFORCED: "系统强制 / enforced",
    Kind.SUPPORTED: "系统支持 / supported",
    Kind.PEOPLE: "由人负责 / left to people",
    Kind.FRAME: "无须执行 / nothing to do",
}


@app.command()
def regulations(
    clause: Annotated[str, typer.Argument(help="条款，如 LC、LC 7 或 “LC 7(2)” / a text, an article or an item")] = "",
    tests: Annotated[bool, typer.Option("--tests", help="同时列出测试 / list the tests too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """逐条说明系统做了什么、在哪里 / say, article by article, what the system does about it and where."""
    with refusals():
        found = find_articles(clause)
        if not found:
            raise NotFoundError(kind="条款 / article", name=clause)
    if as_json:
        show([article.model_dump(mode="json") for article in found], as_json=True)
        return
    for article in found:
        _print(article, tests)


def _print(article: Article, with_tests: bool) -> None:
    """A block for each article: a table would break its sentences into narrow columns."""
    rows = " ".join(article.rows)
    out.print(f"[bold]{article.clause}[/]  {KINDS[article.kind]}  {rows}", highlight=False)
    lines = [article.does, article.does_en, *(f"trading-idp {name}" for name in article.commands), *article.pages]
    for line in [*lines, *(article.proofs if with_tests else ())]:
        out.print(Padding(Text(line), (0, 0, 0, 4)))
