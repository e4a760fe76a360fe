"""Links a registered person to another key of the directory: the same person under a new number (LC 5(3))."""

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.staff_errors import KeyInUseError, KeyNotPresentError, KeyTakenError
from connector.departures.tables import DirectoryPersonRow
from connector.register import accounts, people
from connector.register.tables import AccountRow


def link_key(act: Act, key: str, user_name: str) -> AccountRow:
    """Gives the person of this account the directory's key; recorded with the former one.

    Raises NotFoundError, KeyNotPresentError when the directory shows nobody at work under the key, KeyTakenError when
    another person has it, KeyInUseError when the person is still at work under his former key: then the directory has
    two people, and which one he is cannot be told from here.
    """
    account = accounts.get_by_user_name(act, user_name)
    person = people.get_person(act, account.person_id)
    if not _is_at_work(act, key):
        raise KeyNotPresentError(key=key)
    holder = people.find_by_directory_key(act, key)
    if holder is not None and holder.id != person.id:
        raise KeyTakenError(key=key)
    former = person.directory_key
    if former and former != key and _is_at_work(act, former):
        raise KeyInUseError(key=former)
    if former != key:
        person.directory_key = key
        act.session.flush()
        audit.record(
            act, Event.DIRECTORY_KEY_LINKED, f"person:{person.id}", person_id=person.id, account_id=account.id,
            key=key, former=former,
        )  # fmt: skip
    return account


def _is_at_work(act: Act, key: str) -> bool:
    statement = select(DirectoryPersonRow).where(DirectoryPersonRow.key == key)
    row = act.session.scalars(statement).one_or_none()
    return row is not None and not row.departed and row.missing_since is None
