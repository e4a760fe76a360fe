"""What the product does about each article of the five texts, as data. Enforces nothing itself."""

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# How many articles each text has, so that none can be forgotten.
ARTICLES = {"LC": 11, "JC": 30, "GS": 20, "GX": 18, "HH": 4}


class Kind(StrEnum):
    """Who sees to an article."""

    ENFORCED = "enforced"  # it cannot be done otherwise here
    SUPPORTED = "supported"  # a form, a clock, a list or a record helps people to do it
    PEOPLE = "people"  # not a machine's business
    FRAME = "frame"  # nothing to be done: purpose, scope, entry into force


Words = Annotated[str, Field(min_length=1)]


class Article(BaseModel):
    """One article, or one item of it. `does` says what the product does, or why it is left to people.

    `proofs` are the tests of its rows that passed in the build this was made from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: str = Field(pattern=r"^(LC|JC|GS|GX|HH) [0-9]+(\([0-9]+\))?$")
    kind: Kind
    does: Words
    does_en: Words
    rows: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.clause.split(" ", 1)[0]


@cache
def list_articles() -> tuple[Article, ...]:
    """Every article of the five texts, in their order."""
    folder = resources.files(__package__)
    written = tomllib.loads((folder / "articles.toml").read_text(encoding="utf-8"))["article"]
    proofs: dict[str, list[str]] = tomllib.loads((folder / "proofs.toml").read_text(encoding="utf-8"))
    return tuple(
        Article(**one, proofs=tuple(test for row in one.get("rows", ()) for test in proofs.get(row, ())))
        for one in written
    )


def find_articles(name: str) -> list[Article]:
    """The articles of a text ("LC"), an article with its items ("LC 7") or one item ("LC 7(2)"); all for ""."""
    wanted = " ".join(name.upper().split())
    return [
        article
        for article in list_articles()
        if not wanted or article.clause == wanted or article.clause.startswith((f"{wanted}(", f"{wanted} "))
    ]
