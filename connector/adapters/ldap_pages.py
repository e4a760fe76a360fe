"""Reads people by pages (RFC 2696), to the last one: result code 0 on each, an empty cookie at the end."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ldap3 import LEVEL, SUBTREE

from connector.adapters.ldap_connection import ANYTHING, Link, answer_seconds
from connector.adapters.ldap_rows import Row, changed_attribute, mapped_attributes
from connector.departures import errors
from connector.settings import DirectorySettings

_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_ANSWERS_PER_READ = 60  # A whole read may last this many times the limit of one answer.


def read_attributes(settings: DirectorySettings) -> list[str]:
    """Every attribute that is asked for of a person."""
    return sorted({name for _, name in mapped_attributes(settings)} | {changed_attribute(settings)})


def read_pages(
    link: Link,
    settings: DirectorySettings,
    text: str,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    page_size: int | None = None,
) -> Iterator[Row]:
    """The rows below the base that `text` selects. Raises the error of departures.errors that names the case."""
    deadline = monotonic() + _ANSWERS_PER_READ * answer_seconds(settings)
    attributes, cookie = read_attributes(settings), b""
    while True:
        link.send(
            settings.base,
            text,
            attributes,
            search_scope=SUBTREE,
            paged_size=page_size or settings.page_size,
            paged_criticality=True,
            paged_cookie=cookie or None,
        )
        page = link.answers()
        link.count += len(page)
        link.judge()
        yield from ((row["dn"], row["raw_attributes"]) for row in page)
        cookie = _next_cookie(link.result)
        if not cookie:
            return
        if monotonic() > deadline:
            raise errors.AnswerTimeoutError(seconds=_ANSWERS_PER_READ * answer_seconds(settings))


def refuse_empty(link: Link, settings: DirectorySettings) -> NoReturn:
    """Tells a directory without entries from a filter that selects none; LDAP calls both success."""
    link.send(settings.base, ANYTHING, ["1.1"], search_scope=LEVEL, size_limit=1)
    raise errors.FilterMatchesNothingError if link.answers() else errors.EmptyDirectoryError


def _next_cookie(result: dict[str, Any]) -> bytes:
    """The cookie of the next page, empty after the last; no control in the answer means that nothing was paged."""
    control = (result.get("controls") or {}).get(_PAGED_RESULTS)
    if control is None:
        raise errors.PagingRefusedError
    return bytes(control["value"]["cookie"] or b"")
