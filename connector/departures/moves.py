"""What the HR directory says otherwise than the register of a person who has an account. Pure; changes nothing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.errors import RefusedInputError
from connector.ports import DirectoryEntry, Vault
from connector.register import identifiers
from connector.register.following import usable_mail, usable_name, usable_post
from connector.register.people import PHONE_CONTEXT

MARK_CONTEXT = "departures.move"
MOVING = frozenset({"unit", "post"})  # what decides which permissions a person may hold


class Staff(NamedTuple):
    """A person with an account and a key in the directory, as the register has him; `cause` of a frozen account."""

    key: str
    person_id: str
    name: str
    phone_digest: str
    mail: str | None
    unit_id: str
    post: str
    account_id: str
    account_class: str
    status: str
    cause: str | None


@dataclass(frozen=True, kw_only=True)
class Move:
    """What is to change of one person; None stays as it is. `mark` is the keyed digest of exactly this change."""

    person_id: str
    account_id: str
    key: str
    fields: tuple[str, ...]
    mark: str
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    mail: str | None = field(default=None, repr=False)
    unit_id: str | None = None
    post: str | None = None

    def as_json(self) -> dict[str, object]:
        """As a plan keeps it: names of fields, no values."""
        return {
            "account_id": self.account_id,
            "key": self.key,
            "cause": "move",
            "manual": False,
            "fields": list(self.fields),
            "mark": self.mark,
        }


class Found(NamedTuple):
    """The moves of a reading, and entries of people whose unit code the register does not know."""

    moves: list[Move]
    unknown_units: list[DirectoryEntry]


def find_moves(
    entries: Iterable[DirectoryEntry], staff: Mapping[str, Staff], units: Mapping[str, str], vault: Vault
) -> Found:
    """Compares each person with an account with his entry (JC 6, 13).

    `staff` is by key, `units` maps codes in lower case to ids. What the directory does not have, or what cannot be used
    as it is (a phone that is none, a post too long), stays; an unknown unit code moves nobody.
    """
    found = Found([], [])
    for entry in entries:
        person = staff.get(entry.key)
        if person is None or entry.departed:
            continue
        # This much for each of a hundred thousand; the rest only for the few who changed.
        _, _, name, phone_digest, mail, home, post, *_ = person
        unit_id = units.get(entry.unit_code.lower()) if entry.unit_code else home
        if unit_id is None:
            found.unknown_units.append(entry)
        if (
            entry.name == name
            and unit_id == home
            and entry.post in (None, post)
            and entry.mail in (None, mail)
            and (not entry.phone or vault.digest(entry.phone, PHONE_CONTEXT) == phone_digest)
        ):
            continue
        move = _compare(entry, person, unit_id, vault)
        if move is not None:
            found.moves.append(move)
    return found


def _compare(entry: DirectoryEntry, person: Staff, unit_id: str | None, vault: Vault) -> Move | None:
    new = {
        "name": _new(usable_name(entry.name) if entry.name != person.name else None, person.name),
        "phone": _new_phone(entry.phone, person.phone_digest, vault),
        "mail": _new(usable_mail(entry.mail) if entry.mail else None, person.mail),
        "unit_id": _new(unit_id, person.unit_id),
        "post": _new(usable_post(entry.post) if entry.post else None, person.post),
    }
    changed = {name: value for name, value in new.items() if value is not None}
    if not changed:
        return None
    text = json.dumps([person.account_id, changed], ensure_ascii=True, sort_keys=True)
    return Move(
        person_id=person.person_id,
        account_id=person.account_id,
        key=person.key,
        fields=tuple(sorted("unit" if name == "unit_id" else name for name in changed)),
        mark=vault.digest(text, MARK_CONTEXT),
        **changed,
    )


def _new(value: str | None, former: str | None) -> str | None:
    return value if value != former else None


def _new_phone(phone: str | None, digest: str, vault: Vault) -> str | None:
    """The normalised phone when it is another one than that of the digest; None for what is no phone."""
    if not phone or vault.digest(phone, PHONE_CONTEXT) == digest:
        return None
    try:
        normal = identifiers.check_phone(phone)
    except RefusedInputError:
        return None
    return normal if vault.digest(normal, PHONE_CONTEXT) != digest else None
