"""Lets the register follow the HR directory: what changed of a person there changes here (JC 6, 13, 15)."""

from typing import Any

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.register import people, units
from connector.register.fields import MAIL
from connector.register.tables import PersonRow

TEXT_LENGTH, MAIL_LENGTH = 64, 128


def change_from_directory(
    act: Act,
    person_id: str,
    *,
    name: str | None = None,
    phone: str | None = None,
    mail: str | None = None,
    unit_id: str | None = None,
    post: str | None = None,
) -> tuple[PersonRow, list[str]]:
    """Changes what is given and differs; returns the person and the names of the fields that changed.

    What is None stays: the directory takes nothing away. Values are those that `usable_…` and `check_phone` let
    through. Recorded once, with the names of the fields and no value (JC 15). Raises NotFoundError.
    """
    person = people.get_person(act, person_id)
    given: dict[str, Any] = {"name": name, "mail": mail, "unit_id": unit_id, "post": post}
    changed = [field for field, value in given.items() if value is not None and getattr(person, field) != value]
    for field in changed:
        setattr(person, field, given[field])
    if phone is not None and act.vault.digest(phone, people.PHONE_CONTEXT) != person.phone_digest:
        people.seal_phone(act, person, phone)
        changed.append("phone")
    if changed:
        names = sorted("unit" if field == "unit_id" else field for field in changed)
        moved: dict[str, Any] = {"unit": units.get_unit_by_id(act, person.unit_id).code} if "unit" in names else {}
        audit.record(
            act, Event.PERSON_CHANGED, f"person:{person.id}", person_id=person.id, fields=names, source="directory",
            **moved,
        )  # fmt: skip
        act.session.flush()
        return person, names
    return person, []


def usable_name(name: str) -> str | None:
    """The directory's name as the register writes it; None when it is no name of a person."""
    clean = people.clean_name(name)
    return clean if clean and clean.isprintable() and len(clean) <= TEXT_LENGTH else None


def usable_post(post: str) -> str | None:
    """The directory's post; None when it is too long to be one."""
    return post if post.isprintable() and len(post) <= TEXT_LENGTH else None


def usable_mail(mail: str) -> str | None:
    """The directory's mail address; None when it is none."""
    return mail if len(mail) <= MAIL_LENGTH and MAIL.fullmatch(mail) else None
