"""HTTP routes of deputies and absences. Decides nothing itself."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from connector.http import ActDep
from connector.register import absences, deputies
from connector.register.absences import AbsenceForm
from connector.register.deputies import Deputy, DeputyForm
from connector.register.deputy_tables import AbsenceRow

router = APIRouter(tags=["register"])


class DeputyView(BaseModel):
    """A deputy: for whom, in which office, from when to when. It counts when confirmed, until it has ended."""

    id: str
    appointment_id: str
    office: str
    unit_code: str
    unit: str
    holder: str
    holder_id: str
    deputy: str
    deputy_id: str
    reason: str
    valid_from: date
    valid_to: date
    made_by: str
    made_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    end_cause: str


class AbsenceView(BaseModel):
    """Days on which a person is away."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    person_id: str
    first_day: date
    last_day: date
    reason: str
    ended_at: datetime | None


@router.get("/deputies")
def list_deputies(act: ActDep, everybody: bool = False, ended: bool = False) -> list[DeputyView]:
    """代理 / the deputies one named and those one stands for; everybody's for those who oversee."""
    return [deputy_view(one) for one in deputies.list_deputies(act, everybody=everybody, ended=ended)]


@router.post("/deputies", status_code=201)
def name_deputy(act: ActDep, form: DeputyForm) -> DeputyView:
    """指定代理人 / name a deputy for one's own office, or for an absent holder as the security administrator."""
    return deputy_view(deputies.name_deputy(act, form))


@router.post("/deputies/{deputy_id}/confirm")
def confirm_deputy(act: ActDep, deputy_id: str) -> DeputyView:
    """确认为他人指定的代理 / confirm a deputy named for an absent holder."""
    return deputy_view(deputies.confirm_deputy(act, deputy_id))


@router.post("/deputies/{deputy_id}/end")
def end_deputy(act: ActDep, deputy_id: str) -> DeputyView:
    """立即终止代理 / end a deputy at once."""
    return deputy_view(deputies.end_deputy(act, deputy_id))


@router.get("/absences")
def list_absences(act: ActDep) -> list[AbsenceView]:
    """我的外出登记 / one's own absences that are not over."""
    return [AbsenceView.model_validate(row) for row in absences.list_absences(act, str(act.actor.person_id))]


@router.post("/absences", status_code=201)
def note_absence(act: ActDep, form: AbsenceForm) -> AbsenceView:
    """登记外出 / note one's own absence, or another's as the security administrator."""
    return _absence(absences.note_absence(act, form))


@router.post("/absences/{absence_id}/end")
def end_absence(act: ActDep, absence_id: str) -> AbsenceView:
    """注销外出登记 / the person is back, or never went."""
    return _absence(absences.end_absence(act, absence_id))


def deputy_view(found: Deputy) -> DeputyView:
    """A deputy with the names of both people and of the unit."""
    own = {"id", "appointment_id", "holder_id", "deputy_id", "reason", "valid_from", "valid_to", "made_by", "made_at"}
    own |= {"confirmed_at", "ended_at", "end_cause"}
    return DeputyView(
        **{name: getattr(found.row, name) for name in own},
        office=found.appointment.office,
        unit_code=found.unit.code,
        unit=found.unit.name,
        holder=found.holder.name,
        deputy=found.deputy.name,
    )


def _absence(row: AbsenceRow) -> AbsenceView:
    return AbsenceView.model_validate(row)
