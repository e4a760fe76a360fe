"""Shapes of privileged use in the API, and who may see which box. Personal values never leave."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.privileged import store
from connector.privileged.record import BoxRecord, build_record
from connector.privileged.tables import BoxRow
from connector.register import offices, people, readers
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office


class ExtensionShown(BaseModel):
    request_id: str
    former_end: datetime
    new_end: datetime
    decided_at: datetime


class BoxListed(BaseModel):
    """One box. `late`: the end was not proved in time."""

    number: str
    account: str
    person: str
    reviewer: str
    permissions: list[str]
    purpose: str
    state: str
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    granted_at: datetime | None
    ended_at: datetime | None
    end_cause: str
    proved_at: datetime | None
    late: bool
    review_due_at: datetime | None
    review_overdue: bool
    reviewed_at: datetime | None
    verdict: str


class BoxShown(BoxListed):
    """A box with its extensions and the record of what was done in it."""

    proof: dict[str, int]
    note: str
    report_digest: str
    extensions: list[ExtensionShown]
    record: BoxRecord | None


class ReviewSent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["clean", "findings"]
    note: str = Field("", max_length=500)


class ReviewerSent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reviewer: str = Field(min_length=1, max_length=64, description="user name")


def list_seen(
    act: Act, *, state: str | None = None, overdue: bool = False, first: int = 0, count: int = 50
) -> list[BoxListed]:
    """Boxes, newest first: all for those who oversee, else those one uses, reviews, or heads the unit of."""
    if _oversees(act):
        rows = store.list_boxes(act, state=state, overdue=overdue, first=first, count=count)
    else:
        heads = offices.units_where(act, [Office.UNIT_HEAD])
        rows = store.list_boxes(
            act,
            person_id=act.actor.person_id or "",
            units=heads,
            state=state,
            overdue=overdue,
            first=first,
            count=count,
        )
    return [BoxListed.model_validate(_listed(act, row)) for row in rows]


def show_box(act: Act, number: str) -> BoxShown:
    """One box with its record, for those who may see it; NotFoundError for everybody else."""
    box = store.get_box(act, number)
    check_may_see(act, box)
    shown = [ExtensionShown.model_validate(row, from_attributes=True) for row in store.extensions_of(act, box.id)]
    record = BoxRecord.model_validate(box.report) if box.report else build_record(act, box)
    return BoxShown(
        **_listed(act, box), proof=box.proof, note=box.note, report_digest=box.report_digest, extensions=shown,
        record=record,
    )  # fmt: skip


def check_may_see(act: Act, box: BoxRow) -> None:
    """The user, the reviewer, the heads of the user's unit and above, and those who oversee (JC 18)."""
    if _oversees(act) or act.actor.person_id in (box.person_id, box.reviewer_id):
        return
    unit = act.session.get_one(UnitRow, box.unit_id)
    if not any(unit.path.startswith(head.path) for head in offices.units_where(act, [Office.UNIT_HEAD])):
        raise NotFoundError(kind="临时使用 (privileged use)", name=box.number)


def _oversees(act: Act) -> bool:
    return act.actor.kind in (ActorKind.HOST, ActorKind.JOB) or bool(offices.units_where(act, readers.PRIVILEGED))


def _listed(act: Act, box: BoxRow) -> dict[str, object]:
    missing = box.reviewed_at is None and box.review_due_at is not None and box.review_due_at < act.now
    names = (
        "number", "permissions", "purpose", "state", "starts_at", "ends_at", "opened_at", "granted_at", "ended_at",
        "end_cause", "proved_at", "review_due_at", "reviewed_at", "verdict",
    )  # fmt: skip
    return {name: getattr(box, name) for name in names} | {
        "account": store.account_of(act, box).user_name,
        "person": people.get_person(act, box.person_id).name,
        "reviewer": people.get_person(act, box.reviewer_id).name,
        "late": box.late_alarmed_at is not None,
        "review_overdue": missing,
    }
