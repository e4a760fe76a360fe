"""Anybody may say that an account seems compromised (GS 14): an alarm for those who may act. Freezes nothing."""

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.incidents.cases import check_text
from connector.register import accounts


def suspect(act: Act, user_name: str, *, reason: str) -> None:
    """Raises an alarm about the account; NotFoundError, RefusedInputError without a reason."""
    account = accounts.get_by_user_name(act, user_name)
    check_text("reason", reason)
    audit.record(
        act, Event.INCIDENT_SUSPECTED, f"account:{account.id}", alarm=True, account_id=account.id,
        person_id=account.person_id, reason=reason.strip(),
    )  # fmt: skip
