"""Writes the record and searches it. An entry is written in the transaction of the change it tells of."""

from typing import Any

from connector.audit.errors import UnrecordableDataError
from connector.audit.events import Event
from connector.audit.leaf import NoCanonicalFormError, canonical_bytes
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act


def record(
    act: Act,
    event: Event,
    subject: str,
    *,
    person_id: str | None = None,
    account_id: str | None = None,
    request_id: str | None = None,
    alarm: bool = False,
    **data: Any,
) -> None:
    """Adds one entry to the act's transaction (GX 10, GS 16). If it cannot be written, the change does not happen.

    `subject` is "kind:id". `data` must be plain JSON and must hold no personal value: no document number, no phone,
    no password, no link. An `alarm` is shown in the list of alarms and mailed.
    Raises UnrecordableDataError when the data has no RFC 8785 form.
    """
    try:
        canonical_bytes(data)
    except NoCanonicalFormError as error:  # It could never be sealed, and everything after it neither.
        raise UnrecordableDataError(event=event.value) from error
    act.session.add(
        AuditEntryRow(
            at=act.now,
            event=event.value,
            actor_kind=act.actor.kind.value,
            actor=act.actor.name,
            actor_person_id=act.actor.person_id,
            subject=subject,
            person_id=person_id,
            account_id=account_id,
            request_id=request_id,
            alarm=alarm,
            data=data,
        )
    )
