"""Mails of the checks to the persons concerned and to the heads of their units. Steps of the outbox; sends nothing."""

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.register import offices, people
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office


def tell_person_or_unit(act: Act, account_id: str, person_id: str, what: str, subject: str, text: str) -> str:
    """Mails the person, else the heads of his unit; returns who was told: "person", "unit", "nobody".

    `what` names the occasion: the same occasion is mailed once.
    """
    person = people.get_person(act, person_id)
    if person.mail:
        _mail(act, account_id, person.mail, f"{what}:person", subject, text)
        return "person"
    return "unit" if _tell_heads(act, account_id, person, what, subject, text) else "nobody"


def tell_person_and_unit(act: Act, account_id: str, person_id: str, what: str, subject: str, text: str) -> int:
    """Mails the person and the heads of his unit; returns how many mails were written."""
    person = people.get_person(act, person_id)
    if person.mail:
        _mail(act, account_id, person.mail, f"{what}:person", subject, text)
    return bool(person.mail) + _tell_heads(act, account_id, person, what, subject, text)


def _tell_heads(act: Act, account_id: str, person: PersonRow, what: str, subject: str, text: str) -> int:
    heads = [
        (head.id, head.mail)
        for head in offices.holders(act, Office.UNIT_HEAD, person.unit_id)
        if head.mail and head.id != person.id
    ]
    for head_id, mail in heads:
        _mail(act, account_id, mail, f"{what}:{head_id}", subject, text)
    return len(heads)


def _mail(act: Act, account_id: str, to: str, key: str, subject: str, text: str) -> None:
    outbox.enqueue(
        act,
        "mail",
        key=f"{key}:{account_id}",
        lane="mail",
        payload={"to": to, "subject": subject, "text": text},
        account_id=account_id,
    )
