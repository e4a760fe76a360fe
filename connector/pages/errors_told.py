"""What a stored error means and what to do about it, by the code that stands in its row. Reads no database."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from connector.errors import ConnectorError, FaultError, Text

# Facts are not stored with the code: what stands in brackets for one goes with it.
ASIDE = re.compile(r"（[^（）]*\{[^}]*\}[^（）]*）| ?\([^()]*\{[^}]*\}[^()]*\)")
FACT = re.compile(r"\{[^}]*\}")


class Told(NamedTuple):
    """An error in words. `code` is what it is called; empty when only the name of a library's error is known."""

    code: str
    says: Text
    remedy: Text
    who: Text
    clause: str = ""


def tell(stored: str | None) -> Told | None:
    """Tells of "code: message", of a code alone, or of the name of a library's error; None of nothing."""
    if not stored:
        return None
    code, _, message = stored.partition(":")
    error = _by_code().get(code)
    if error is None:
        return Told(
            "", Text(f"程序内部错误（{stored}）", f"an internal error ({stored})"), FaultError.remedy, FaultError.who
        )
    says = _without_facts(error.says)
    return Told(
        code,
        says._replace(en=message.strip() or says.en),
        _without_facts(error.remedy),
        _without_facts(error.who),
        error.clause,
    )


def _without_facts(text: Text) -> Text:
    return Text(*(FACT.sub("…", ASIDE.sub("", each)) for each in text))


@cache
def _by_code() -> dict[str, type[ConnectorError]]:
    """Every error of the product by its code; the rooms are imported before a page is served."""
    return {error.code: error for error in _below(ConnectorError)}


def _below(error: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    for each in error.__subclasses__():
        yield each
        yield from _below(each)
