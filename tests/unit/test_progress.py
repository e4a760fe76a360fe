"""The bar of long commands: what is done and what is left for people, nothing for machines."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from connector.cli.progress import bar, parts
from connector.errors import Text

WORDS = Text("读取", "reading")


def make_console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=160, no_color=True)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_tell_on_a_terminal_shows_words_count_and_what_is_left() -> None:
    console = make_console(terminal=True)
    with bar(WORDS, total=2000, console=console) as tell:
        tell(1500)
    assert "读取 / reading" in printed(console)
    assert "1,500/2,000" in printed(console)
    assert "剩余 / left" in printed(console)


def test_tell_a_total_found_on_the_way_counts_against_it() -> None:
    console = make_console(terminal=True)
    with bar(WORDS, console=console) as tell:
        tell(7)
        tell(8, 3000)
        tell(9)
    assert "9/3,000" in printed(console)


def test_name_a_part_on_a_terminal_shows_it() -> None:
    console = make_console(terminal=True)
    with parts(WORDS, console=console) as tell:
        tell("clients")
    assert "reading: clients" in printed(console)


def draw_bar(console: Console, as_json: bool) -> None:
    with bar(WORDS, total=3, as_json=as_json, console=console) as tell:
        tell(1)
        tell(3, 3)


def draw_parts(console: Console, as_json: bool) -> None:
    with parts(WORDS, as_json=as_json, console=console) as tell:
        tell("clients")


@pytest.mark.parametrize("draw", [draw_bar, draw_parts])
@pytest.mark.parametrize(("terminal", "as_json"), [(False, False), (True, True)])
def test_tell_a_machine_prints_nothing(draw: Callable[[Console, bool], None], terminal: bool, as_json: bool) -> None:
    console = make_console(terminal=terminal)
    draw(console, as_json)
    assert printed(console).strip() == ""


def test_fail_under_a_bar_ends_the_bar_and_keeps_the_error() -> None:
    console = make_console(terminal=True)
    with pytest.raises(ZeroDivisionError), bar(WORDS, console=console):
        raise ZeroDivisionError
