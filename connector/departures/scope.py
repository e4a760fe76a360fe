"""Of which units the actor may read the cases and hints of departures. Reads the register; changes nothing."""

from connector.auth.act import Act
from connector.register import reach
from connector.register.reach import Units, inside
from connector.register.readers import DEPARTURES

__all__ = ["Units", "inside", "units_in_reach"]


def units_in_reach(act: Act, *, doing: str) -> Units:
    """The units whose people the actor may see: all for the readers, his own for a unit head (LC 7(2)).

    ForbiddenError for everybody else.
    """
    return reach.units_in_reach(act, DEPARTURES, doing=doing)
