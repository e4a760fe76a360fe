"""Which lists of the departures an office may open, in the order of their tabs. Pure."""

from collections.abc import Collection

from connector.register.readers import DEPARTURES, ROTATIONS
from connector.regulations.vocabulary import Office

OF_A_UNIT = ("cases", "movers", "hints")  # what a unit head sees of his own people


def open_tabs(offices: Collection[Office]) -> tuple[str, ...]:
    """The lists of the departures that these offices may open, in the order of the tabs."""
    held = frozenset(offices)
    if held & frozenset(DEPARTURES):
        return (*OF_A_UNIT, "rotations", "reads")
    return (OF_A_UNIT if Office.UNIT_HEAD in held else ()) + (("rotations",) if held & frozenset(ROTATIONS) else ())
