"""Chinese and English of the pages: the words of the templates are Chinese, one catalogue holds the English."""

import io
from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

CHINESE, ENGLISH = "zh-CN", "en"
LANGUAGES = (CHINESE, ENGLISH)
LANGUAGE_COOKIE, TEXT_COOKIE = "idp_language", "idp_text"
CATALOGUE = Path(__file__).parent / "locales" / "en" / "LC_MESSAGES" / "messages.po"

Translate = Callable[..., str]


def mark(chinese: str) -> str:
    """Names a text for the catalogue where it stands as data; it is translated where it is shown."""
    return chinese


def language_of(request: Request) -> str:
    """The language the person chose; Chinese until then."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, CHINESE)
    return chosen if chosen in LANGUAGES else CHINESE


def is_large(request: Request) -> bool:
    """Whether the person chose large text (大字)."""
    return request.cookies.get(TEXT_COOKIE) == "large"


def translator(language: str) -> Translate:
    """`t("中文{n}", n=3)`: the text in `language`, its `{names}` filled. A text without English stays Chinese."""

    def t(chinese: str, /, **values: Any) -> str:
        text = _english().gettext(chinese) if language == ENGLISH and chinese else chinese
        return text.format(**values) if values else text

    return t


@cache
def _english() -> GNUTranslations:
    """The catalogue, compiled when the first English page is asked for (some 10 ms)."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale=ENGLISH)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
