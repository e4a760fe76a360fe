"""Every text of the pages has its English, with the same names to fill in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from connector.pages.language import CATALOGUE, CHINESE, ENGLISH, translator

PAGES = Path(__file__).parents[3] / "connector" / "pages"
KEYWORDS = {"t": None, "mark": None, "_t": (2,)}
NAMES = re.compile(r"\{(\w+)\}")
CHINESE_TEXT = re.compile(r"[\u4e00-\u9fff]")
FORBIDDEN = ("账户", "帐号", "登陆", "其它", "您", "非法", "无效", "抱歉")


def texts() -> Iterator[tuple[str, int, str]]:
    """Every marked text of the room, with its place."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    found = extract_from_dir(PAGES, methods, options_map=options, keywords=KEYWORDS)
    for place, line, text, _comments, _context in found:
        if isinstance(text, str) and text:
            yield place, line, text


def english() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=ENGLISH) if m.id}


def test_read_every_text_has_its_english() -> None:
    known = english()
    assert sorted({f"{place}:{line} {text}" for place, line, text in texts() if not known.get(text)}) == []


def test_read_catalogue_holds_nothing_that_no_page_says() -> None:
    assert sorted(english().keys() - {text for _, _, text in texts()}) == []


def test_fill_english_text_takes_the_names_of_the_chinese_one() -> None:
    assert {zh for zh, en in english().items() if set(NAMES.findall(zh)) != set(NAMES.findall(en))} == set()


def test_write_template_outside_the_catalogue_holds_no_chinese() -> None:
    """A text that is not marked would stay Chinese on an English page."""
    for path in sorted((PAGES / "templates").glob("*.html")):
        source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        bare = re.sub(r"""\bt\(\s*("[^"]*"|'[^']*')""", "", source)
        left = [line for line in bare.splitlines() if CHINESE_TEXT.search(line.replace("中文", ""))]
        assert left == [], path.name


def test_read_wording_uses_none_of_the_forbidden_words() -> None:
    said = {text for _, _, text in texts()} - {"抱歉，系统出了问题"}  # The one fault that is ours alone.
    assert {text for text in said if any(word in text for word in FORBIDDEN)} == set()


@pytest.mark.parametrize(("language", "words"), [(CHINESE, "有3处需要修改"), (ENGLISH, "Please correct: 3")])
def test_translate_fills_in_the_names(language: str, words: str) -> None:
    assert translator(language)("有{count}处需要修改", count=3) == words
