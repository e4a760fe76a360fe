"""Which offices may open the pages of the scheduled half: those that their routes let in. The menu asks the same."""

from collections.abc import Collection

from connector.checks.job_routes import READERS as JOBS
from connector.departures.rotation import ROTATORS
from connector.departures.routes import ROTATION_READERS as ROTATIONS
from connector.departures.scope import READERS as DEPARTURES
from connector.provenance.service import READERS as FINDINGS
from connector.reconciliation.routes import READERS as COMPARISONS
from connector.regulations.vocabulary import Office
from connector.requests.show import READERS as SCANS

RECORD = (Office.AUDITOR, Office.SECURITY_ADMINISTRATOR)
OF_A_UNIT = ("cases", "movers", "hints")  # what a unit head sees of his own people
__all__ = [
    "COMPARISONS",
    "DEPARTURES",
    "FINDINGS",
    "JOBS",
    "RECORD",
    "ROTATIONS",
    "ROTATORS",
    "SCANS",
    "departure_tabs",
]


def departure_tabs(offices: Collection[Office]) -> tuple[str, ...]:
    """The lists of the departures that these offices may open, in the order of the tabs."""
    held = frozenset(offices)
    if held & frozenset(DEPARTURES):
        return (*OF_A_UNIT, "rotations", "reads")
    return (OF_A_UNIT if Office.UNIT_HEAD in held else ()) + (("rotations",) if held & frozenset(ROTATIONS) else ())
