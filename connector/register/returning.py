"""Who comes back after his account was cancelled: it is opened again under its old name, never a second one (LC 5(3)).

He is registered and verified like anybody new. Writes the register only, never Keycloak.
"""

from datetime import datetime

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.register import accounts, holds, identifiers, people, separated, units
from connector.register.errors import CancellationUnfinishedError
from connector.register.people import PersonForm
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, AccountStatus

CAUSE = "returned"


def find_former(act: Act, person: PersonRow) -> AccountRow | None:
    """The cancelled account of this person, which his new registration opens again; None when he has none.

    CancellationUnfinishedError while the user is still in Keycloak: his key is not back, or the deletion under way
    (GS 10(6)).
    """
    account = accounts.find_by_person(act, person.id)
    if account is None or account.status != AccountStatus.CANCELLED:
        return None
    if account.keycloak_id is not None:
        raise CancellationUnfinishedError(unit=units.get_unit_by_id(act, person.unit_id).name)
    return account


def reopen_account(
    act: Act, account: AccountRow, *, request_id: str, purpose: AccountPurpose, valid_until: datetime | None
) -> AccountRow:
    """Puts a cancelled account into use again, with its class and without a permission (LC 5(3), GS 10(1)).

    Raises SecondAccountError when another transaction has done so, AdministratorAloneError, SuperAndSystemError, and
    what holds the account (GS 13, GS 14).
    """
    person = people.get_person(act, account.person_id)
    separated.lock_person(act, person.id)
    account = accounts.lock_account(act, account.id)
    if find_former(act, person) is None:
        accounts.check_no_account(act, person)
    holds.check_not_held(act, account)
    account_class = AccountClass(account.account_class)
    separated.check_class_fits(act, account_class, separated.open_offices(act, person.id))
    account.purpose, account.valid_until = purpose.value, valid_until
    accounts.set_status(act, account, AccountStatus.ACTIVE, cause=CAUSE, request_id=request_id)
    return account


def renew_particulars(act: Act, person: PersonRow, form: PersonForm) -> None:
    """Phone, post and mail as a person without an account in use gives them anew (HH 1); empty ones stay."""
    phone = identifiers.check_phone(form.phone)
    changed = []
    if act.vault.digest(phone, people.PHONE_CONTEXT) != person.phone_digest:
        people.seal_phone(act, person, phone)
        changed.append("phone")
    for name, given in (("post", form.post), ("mail", form.mail)):
        if given and given != getattr(person, name):
            setattr(person, name, given)
            changed.append(name)
    if changed:
        act.session.flush()
        audit.record(
            act, Event.PERSON_CHANGED, f"person:{person.id}", person_id=person.id, fields=changed,
            source="registration",
        )  # fmt: skip
