"""What a row keeps as JSON, as lines of name and value for a page. Pure; knows no names of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.pages.wording import Words

YES = {True: "√", False: "×"}


def flat(data: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """One line for each value, the parts of nested ones with the name of the whole before theirs."""
    found: list[tuple[str, str]] = []
    for name, value in data.items():
        place = f"{above}{name}"
        if isinstance(value, Mapping):
            found += flat(value, f"{place}.")
        else:
            listed = [said(each) for each in value] if isinstance(value, list) else [said(value)]
            found.append((place, "\n".join(listed)))
    return found


def said(value: Any) -> str:
    """One value: a moment in China's time, a yes or no as its sign, anything else as it is."""
    if isinstance(value, bool):
        return YES[value]
    if isinstance(value, str) and value[10:11] == "T" and len(value) > 18:
        try:
            return Words.second(datetime.fromisoformat(value))
        except ValueError:
            return value
    return "" if value is None else str(value)
