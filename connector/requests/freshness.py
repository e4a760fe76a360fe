"""Whether the mirror of Keycloak's events is fresh enough to decide on what it says. Reads only."""

from datetime import timedelta

from connector.activity.coverage import login_coverage
from connector.auth.act import Act
from connector.requests.errors import MirrorBehindError

# The events are read every 15 seconds: four turns missed are no delay but a stop. What a person does within the last
# turn is not seen yet; the report of the scan finds it afterwards and raises an alarm.
FRESH = timedelta(seconds=60)


def check_mirror_is_read(act: Act) -> None:
    """Raises MirrorBehindError unless the login events were read within the last minute (LC 7(2))."""
    read_at = login_coverage(act).read_at
    if read_at is None or act.now - read_at > FRESH:
        raise MirrorBehindError(seconds=int((act.now - read_at).total_seconds()) if read_at else "∞")
