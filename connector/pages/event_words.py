"""What each event of the record is called, as people read it. Data beside it in event_words.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from connector.errors import Text

FILE = Path(__file__).with_suffix(".toml")


@cache
def event_words() -> Mapping[str, Text]:
    """Words by the name of the event."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Text(*words) for name, words in found.items()}


def event_name(event: str) -> Text:
    """The words of an event; its own name where nobody gave it any."""
    return event_words().get(event, Text(event, event))
