"""The two orders of calls by which a user of Keycloak is taken out of use and put back. Knows no register."""

import time

from connector.ports import IdentityProvider, SessionCount
from connector.provisioning.errors import FreezeNotProvenError


def take_out(idp: IdentityProvider, user_id: str) -> dict[str, int]:
    """Disable, log out, end offline sessions, read back (GS 12-14). Raises FreezeNotProvenError: to be tried again.

    Where there is no offline session after the log-out, that reading is the proof, and nothing is left to end.
    """
    idp.set_enabled(user_id, False)
    idp.log_out(user_id)
    sessions = idp.sessions_of(user_id)
    if sessions.offline:
        idp.end_offline_sessions(user_id)
        sessions = idp.sessions_of(user_id)
    return _prove(idp.is_enabled(user_id), sessions)


def look_again(idp: IdentityProvider, user_id: str) -> dict[str, int]:
    """Reads whether the user is still out of use; takes him out once more where anything lives."""
    sessions = idp.sessions_of(user_id)
    if sessions.online or sessions.offline or idp.is_enabled(user_id):
        return take_out(idp, user_id)
    return _prove(False, sessions)


def _prove(enabled: bool, sessions: SessionCount) -> dict[str, int]:
    if enabled or sessions.online or sessions.offline:
        raise FreezeNotProvenError(enabled=enabled, sessions=sessions.online + sessions.offline)
    return {"online_sessions": sessions.online, "offline_sessions": sessions.offline}


def put_back(idp: IdentityProvider, user_id: str, pause: float) -> None:
    """Ends what may live of old sessions, waits `pause` seconds, enables.

    Sessions begun in the very second of the freeze would live again on enabling.
    """
    idp.log_out(user_id)
    idp.end_offline_sessions(user_id)
    time.sleep(pause)
    idp.set_enabled(user_id, True)
