"""The handover record of a change: what is handed over, drawn from the system and completed by people (A8; HH 3).

Each side signs the record as it stands with his own account and second factor; what changes it makes signatures void.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level, proof_words
from connector.errors import FieldProblem, ForbiddenError, NotFoundError, NotSignedInError, RefusedInputError
from connector.keys import service as keys
from connector.register import accounts, offices, people, units
from connector.register.tables import AccountRow, PersonRow
from connector.registration.errors import (
    ChangeClosedError,
    OtherSideError,
    RecordChangedError,
    StillHereError,
    SuccessorMissingError,
)
from connector.registration.tables import ContactChangeRow, HandoverItemRow, HandoverSignatureRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.requests.forms import number_problems
from connector.requests.tables import RequestRow

CLAUSE = "HH 3"
LEAST_REASON = 4  # characters
KEEPERS = (Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)

Kind = Literal["request", "office", "key", "secret", "list", "other"]


class ItemForm(BaseModel):
    """One more thing that is handed over."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Kind
    name: str = Field(min_length=2, max_length=200)
    note: str = Field("", max_length=500)


class SignatureForm(BaseModel):
    """A signature, bound to the record that was shown. `reason` where a unit head signs for one who has left."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    side: Literal["giver", "taker"]
    digest: str = Field(min_length=64, max_length=64)
    reason: str = Field("", max_length=500)


@dataclass(frozen=True, kw_only=True)
class SignatureView:
    """One signature under the record as it stands; `signed_by` differs from `person` for one who has left."""

    side: str
    person: str
    signed_by: str
    reason: str
    proof: str
    signed_at: datetime


@dataclass(frozen=True, kw_only=True)
class HandoverView:
    """The record as it is signed; `digest` is what a signature binds to."""

    change_id: str
    state: str
    digest: str
    items: list[dict[str, str]]
    signatures: list[SignatureView]


def draw(act: Act, change: ContactChangeRow) -> int:
    """Draws what the one who hands over has open, as far as it is not in the record yet; returns how many."""
    if change.giver_id is None:
        return 0
    giver = people.get_person(act, change.giver_id)
    return add_drawn(act, change, _holdings(act, giver, change))


def add_drawn(act: Act, change: ContactChangeRow, found: Iterable[tuple[str, str]]) -> int:
    """Adds (kind, name) of what the system knows; what stands there already is left."""
    there = {(item.kind, item.name) for item in items_of(act, change.id)}
    new = [(kind, name[:200]) for kind, name in found if (kind, name[:200]) not in there]
    act.session.add_all(
        HandoverItemRow(
            change_id=change.id, kind=kind, name=name, drawn=True, added_by=act.actor.name, added_at=act.now
        )
        for kind, name in dict.fromkeys(new)
    )
    act.session.flush()
    return len(new)


def add_item(act: Act, change: ContactChangeRow, form: ItemForm) -> HandoverItemRow:
    """Adds what the system does not know. By either side, the unit head or an operator; signatures become void."""
    _check_writer(act, change)
    if problems := [*number_problems("name", form.name), *number_problems("note", form.note)]:
        raise RefusedInputError(problems, clause="LC 5(5)")
    row = HandoverItemRow(
        change_id=change.id, **form.model_dump(), drawn=False, added_by=act.actor.name, added_at=act.now
    )
    act.session.add(row)
    act.session.flush()
    _record(act, Event.HANDOVER_CHANGED, change, kind=form.kind)
    return row


def sign(act: Act, change: ContactChangeRow, form: SignatureForm) -> HandoverView:
    """Signs one side of the record as it was shown (HH 3).

    Each side signs himself with a second factor. For one who has left, his unit head signs and says why. Raises
    OtherSideError, StillHereError, SuccessorMissingError, RecordChangedError, StepUpNeededError.
    """
    signer = act.actor.person_id
    if signer is None:
        raise NotSignedInError
    check_level(act.actor)
    if change.taker_id is None:
        raise SuccessorMissingError
    person_id = change.giver_id if form.side == "giver" else change.taker_id
    if person_id is None:
        raise NotFoundError(kind="移交人 (giver)", name=change.id)
    if person_id != signer:
        _check_stands_in(act, change, form, signer)
    digest = digest_of(act, change)
    if not hmac.compare_digest(digest, form.digest):
        raise RecordChangedError
    row = HandoverSignatureRow(
        change_id=change.id,
        side=form.side,
        person_id=person_id,
        signed_by=signer,
        reason=form.reason if person_id != signer else "",
        digest=digest,
        proof=proof_words(act.actor),
        signed_at=act.now,
    )
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError:
        raise ChangeClosedError from None
    _record(act, Event.HANDOVER_SIGNED, change, side=form.side, stands_in=person_id != signer, digest=digest)
    file_if_signed(act, change)
    return show(act, change)


def file_if_signed(act: Act, change: ContactChangeRow) -> bool:
    """Files the record of a change that is effective and signed by both sides as it stands; returns whether it did."""
    needed = {"taker"} | ({"giver"} if change.giver_id else set())
    if change.state != "effective" or not needed <= signed_sides(act, change):
        return False
    change.state, change.filed_at = "filed", act.now
    act.session.flush()
    _record(act, Event.HANDOVER_FILED, change, digest=digest_of(act, change), late=change.late)
    return True


def signed_sides(act: Act, change: ContactChangeRow) -> set[str]:
    """The sides that have signed the record as it stands now."""
    statement = select(HandoverSignatureRow.side).where(
        HandoverSignatureRow.change_id == change.id, HandoverSignatureRow.digest == digest_of(act, change)
    )
    return set(act.session.scalars(statement))


def show(act: Act, change: ContactChangeRow) -> HandoverView:
    """The record with its valid signatures. Whoever shows it checks that the actor may read it."""
    digest = digest_of(act, change)
    signatures = select(HandoverSignatureRow).where(
        HandoverSignatureRow.change_id == change.id, HandoverSignatureRow.digest == digest
    )
    return HandoverView(
        change_id=change.id,
        state=change.state,
        digest=digest,
        items=[{"kind": item.kind, "name": item.name, "note": item.note} for item in items_of(act, change.id)],
        signatures=[
            SignatureView(
                side=row.side,
                person=people.get_person(act, row.person_id).name,
                signed_by=people.get_person(act, row.signed_by).name,
                reason=row.reason,
                proof=row.proof,
                signed_at=row.signed_at,
            )
            for row in act.session.scalars(signatures.order_by(HandoverSignatureRow.id))
        ],
    )


def check_may_read(act: Act, change: ContactChangeRow) -> None:
    """Both sides, the unit head, and those who keep the register; ForbiddenError for everybody else."""
    if act.actor.person_id is not None and act.actor.person_id in (change.giver_id, change.taker_id):
        return
    if not offices.units_where(act, (*KEEPERS, Office.AUDITOR, Office.PRINCIPAL, Office.SECURITY_ADMINISTRATOR)):
        offices.check_holds(act, Office.UNIT_HEAD, unit_id=change.unit_id, doing="查看交接记录 / read the handover")


def digest_of(act: Act, change: ContactChangeRow) -> str:
    """SHA-256 (hex) of everything that is signed."""
    content = {
        "change": [change.id, change.unit_id, change.duty, change.giver_id, change.taker_id],
        "effective_on": change.effective_on.isoformat(),
        "items": [[item.kind, item.name, item.note] for item in items_of(act, change.id)],
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def items_of(act: Act, change_id: str) -> list[HandoverItemRow]:
    """What the record lists, in one order."""
    statement = select(HandoverItemRow).where(HandoverItemRow.change_id == change_id)
    return list(act.session.scalars(statement.order_by(HandoverItemRow.kind, HandoverItemRow.name, HandoverItemRow.id)))


def _check_stands_in(act: Act, change: ContactChangeRow, form: SignatureForm, signer: str) -> None:
    if form.side == "taker" or signer == change.taker_id:
        raise OtherSideError
    try:
        offices.check_holds(act, Office.UNIT_HEAD, unit_id=change.unit_id, doing="代签 / sign for one who left")
    except ForbiddenError:
        raise OtherSideError from None
    account = accounts.find_by_person(act, str(change.giver_id))
    if account is not None and account.status == AccountStatus.ACTIVE:
        raise StillHereError
    problems = number_problems("reason", form.reason)
    if len(form.reason) < LEAST_REASON:
        problems.append(FieldProblem("reason", "请说明本人不能签字的理由", "say why he cannot sign himself", CLAUSE))
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)


def _check_writer(act: Act, change: ContactChangeRow) -> None:
    if act.actor.person_id in (change.giver_id, change.taker_id) and act.actor.person_id is not None:
        return
    if not offices.units_where(act, KEEPERS):
        offices.check_holds(act, Office.UNIT_HEAD, unit_id=change.unit_id, doing="填写交接记录 / fill in the handover")


def _holdings(act: Act, giver: PersonRow, change: ContactChangeRow) -> list[tuple[str, str]]:
    open_requests = (
        select(RequestRow.number)
        .where(RequestRow.applicant_id == giver.id, RequestRow.state.in_(["pending", "returned"]))
        .order_by(RequestRow.number)
    )
    found = [("request", number) for number in act.session.scalars(open_requests)]
    found += [("office", f"{office.value}@{unit.code}") for office, unit in offices.offices_of(act, giver.id)]
    account = accounts.find_by_person(act, giver.id)
    found += [("key", serial) for serial in keys.serials_out(act, [account.id] if account else []).values()]
    unit = units.get_unit_by_id(act, change.unit_id)
    of_unit = select(func.count(AccountRow.id)).join(PersonRow, PersonRow.id == AccountRow.person_id)
    count = act.session.scalar(of_unit.where(PersonRow.unit_id == unit.id))
    return [*found, ("list", f"{unit.code} 账号清单，共{count}个账号 / accounts of the unit: {count}")]


def _record(act: Act, event: Event, change: ContactChangeRow, **data: Any) -> None:
    audit.record(
        act, event, f"contact-change:{change.id}", person_id=act.actor.person_id, duty=change.duty, clause=CLAUSE,
        **data,
    )  # fmt: skip
