"""Which offices may open the pages of the scheduled half: those that their routes let in. The menu asks the same."""

from connector.checks.job_routes import READERS as JOBS
from connector.departures.rotation import ROTATORS
from connector.departures.routes import READERS as DEPARTURES
from connector.departures.routes import ROTATION_READERS as ROTATIONS
from connector.provenance.service import READERS as FINDINGS
from connector.reconciliation.routes import READERS as COMPARISONS
from connector.regulations.vocabulary import Office
from connector.requests.show import READERS as SCANS

RECORD = (Office.AUDITOR, Office.SECURITY_ADMINISTRATOR)
__all__ = ["COMPARISONS", "DEPARTURES", "FINDINGS", "JOBS", "RECORD", "ROTATIONS", "ROTATORS", "SCANS"]
