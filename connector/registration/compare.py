"""Registered documents compared with the HR directory: what differs opens a case (A6; HH 4). Reads no directory."""

from collections.abc import Sequence

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import ConnectorError, RefusedInputError
from connector.ports import DirectoryEntry
from connector.register import documents, identifiers, offices
from connector.register.tables import AccountRow, PersonRow
from connector.registration.mismatches import record_mismatch
from connector.registration.tables import MismatchRow
from connector.regulations.vocabulary import AccountStatus
from connector.storage.batches import in_batches

FEW = 5  # With more than this and more than a twentieth of those compared, the directory's attribute is suspected.
SHARE = 20
KIND = "resident_id"  # the one that a directory keeps a number of
REASON = "人事目录中的证件号码与登记的不同 / the number in the HR directory is not the registered one"


def compare_entries(act: Act, entries: Sequence[DirectoryEntry]) -> dict[str, int]:
    """Opens a case for each person whose number in the directory is none of his; summary: `compared`, `opened`, `held`.

    When so many differ that the directory must be wrong, none is opened and an alarm is raised.
    """
    given = {entry.key: entry.document_number for entry in entries if entry.document_number and not entry.departed}
    compared, differing = 0, []
    for person, account in _staff(act, list(given)):
        try:
            number = identifiers.check_document(KIND, str(given[str(person.directory_key)]), offices.office_day(act))
        except RefusedInputError:
            continue  # What is no number says nothing about a person.
        compared += 1
        if not documents.has_document(act, person.id, KIND, number):
            differing.append(account)
    if len(differing) > FEW and len(differing) * SHARE > compared:
        audit.record(
            act, Event.MISMATCH_COMPARISON_HELD, "directory:documents", alarm=True, compared=compared,
            differing=len(differing),
        )  # fmt: skip
        return {"compared": compared, "opened": 0, "held": len(differing)}
    return {"compared": compared, "opened": sum(_opened(act, account) for account in differing), "held": 0}


def _opened(act: Act, account: AccountRow) -> bool:
    try:
        record_mismatch(act, account, source="directory", fields=["document_number"], reason=REASON)
    except ConnectorError:
        return False  # A case is open already, or the account is cancelled.
    return True


def _staff(act: Act, keys: Sequence[str]) -> list[tuple[PersonRow, AccountRow]]:
    found: list[tuple[PersonRow, AccountRow]] = []
    has_case = select(MismatchRow.person_id).where(MismatchRow.closed_at.is_(None))
    for some in in_batches(keys):
        statement = (
            select(PersonRow, AccountRow)
            .join(AccountRow, AccountRow.person_id == PersonRow.id)
            .where(
                PersonRow.directory_key.in_(some),
                AccountRow.status != AccountStatus.CANCELLED.value,
                PersonRow.id.not_in(has_case),
            )
        )
        found += [(person, account) for person, account in act.session.execute(statement)]
    return found
