"""REST routes of the registration: refused registrations, documents, untrue data, changes of contact, handovers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from connector.http import ActDep
from connector.register import documents, people
from connector.register.documents import DocumentForm, DocumentView
from connector.register.offices import check_holds
from connector.register.schemas import RevealedView
from connector.register.unit_changes import UnitChange, UnitPlan
from connector.registration import service
from connector.registration.contact_lists import ChangeView
from connector.registration.contacts import ChangeForm, SuccessorForm
from connector.registration.corrections import CorrectionForm, CorrectionView, VerdictForm
from connector.registration.handovers import HandoverView, ItemForm, SignatureForm
from connector.registration.mismatch_lists import MismatchView
from connector.registration.mismatches import MismatchForm
from connector.requests import disclosure, registrations, reorganise
from connector.requests.registrations import RefusedRegistration

router = APIRouter(tags=["registration"])
Every = Annotated[bool, Query(alias="all", description="closed ones too")]
Overdue = Annotated[bool, Query(description="only past the limit")]
Id = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]
First = Annotated[int, Query(ge=0, le=10**9)]
Count = Annotated[int, Query(ge=1, le=200)]


@router.get("/registrations/refused")
def refused(
    act: ActDep, text: Annotated[str, Query(max_length=64)] = "", first: First = 0, count: Count = 50
) -> list[RefusedRegistration]:
    """未予登记的申请 / registrations that were refused; they keep their record and opened nothing (HH 4)."""
    return registrations.list_refused(act, within=service.units_of(act), text=text, first=first, count=count)


@router.post("/registrations/{request_id}/numbers")
def show_numbers(act: ActDep, request_id: Id) -> RevealedView:
    """查看待核验人员的完整号码（核验人，逐次记录）/ full numbers, for who verifies them; recorded each time (J5)."""
    return RevealedView.model_validate(disclosure.show_numbers(act, request_id))


@router.post("/units/{unit_code}/changes/preview")
def preview_unit_change(act: ActDep, unit_code: Annotated[str, Path(max_length=32)], form: UnitChange) -> UnitPlan:
    """预览单位撤并、更名、划转 / what a change of a unit would do; its hash goes into the request (HH 1, GS 3)."""
    return reorganise.preview_change(act, unit_code, form)


@router.get("/persons/{person_id}/documents")
def list_documents(act: ActDep, person_id: Id) -> list[DocumentView]:
    """使用人的证件 / every document of a person, masked (LC 5(3))."""
    check_holds(act, *service.WHOLE, doing="查看证件清单 / the documents of a person")
    return documents.list_documents(act, person_id)


@router.post("/persons/{person_id}/documents", status_code=201)
def add_document(act: ActDep, person_id: Id, form: DocumentForm) -> list[DocumentView]:
    """登记同一人的另一证件 / another document of the same person; refused when it is somebody else's (LC 5(3))."""
    documents.add_document(act, people.get_person(act, person_id).id, form)
    return documents.list_documents(act, person_id)


@router.get("/mismatches")
def mismatches(act: ActDep, every: Every = False, overdue: Overdue = False) -> list[MismatchView]:
    """信息不符个案 / cases of untrue data, the most urgent first (HH 4)."""
    within = service.units_of(act)
    return service.list_mismatches(act, open_only=not every, overdue_only=overdue, within=within)


@router.post("/mismatches", status_code=201)
def open_mismatch(act: ActDep, form: MismatchForm) -> dict[str, str]:
    """发起信息不符个案 / open a case of untrue data: suspension asked, person and unit told (HH 4)."""
    case = service.open_mismatch(act, form)
    return {"case_id": case.id, "due_at": case.due_at.isoformat(), "problem": case.problem}


@router.post("/mismatches/{case_id}/corrections", status_code=201)
def send_correction(act: ActDep, case_id: Id, form: CorrectionForm) -> dict[str, str]:
    """提交更正 / send the right particulars; they count when verified (HH 4)."""
    row = service.send_correction(act, case_id, form)
    return {"correction_id": row.id, "state": row.state}


@router.get("/mismatches/corrections/{correction_id}")
def show_correction(act: ActDep, correction_id: Id) -> CorrectionView:
    """查看待核验的更正（核验人，逐次记录）/ a correction in full, for its verifier; recorded each time."""
    return service.show_correction(act, correction_id)


@router.post("/mismatches/corrections/{correction_id}/verdict")
def verify_correction(act: ActDep, correction_id: Id, form: VerdictForm) -> dict[str, str]:
    """核验更正 / verify a correction; the case goes on (HH 4)."""
    case = service.verify_correction(act, correction_id, form)
    return {"case_id": case.id, "outcome": case.outcome, "problem": case.problem}


@router.get("/contact-changes")
def contact_changes(act: ActDep, every: Every = False, overdue: Overdue = False) -> list[ChangeView]:
    """联系人、经办和审核人员变更 / changes of contact, handler, reviewer (HH 3, GX 12)."""
    return service.list_changes(act, open_only=not every, overdue_only=overdue, within=service.units_of(act))


@router.post("/contact-changes", status_code=201)
def announce_change(act: ActDep, form: ChangeForm) -> HandoverView:
    """提前通知人员变更 / announce a change ahead of its day (GX 12)."""
    return service.show(act, service.announce_change(act, form))


@router.get("/contact-changes/{change_id}")
def handover(act: ActDep, change_id: Id) -> HandoverView:
    """交接记录 / the handover record of a change, with its signatures (HH 3)."""
    change = service.get_change(act, change_id)
    service.check_may_read(act, change)
    return service.show(act, change)


@router.post("/contact-changes/{change_id}/successor")
def name_successor(act: ActDep, change_id: Id, form: SuccessorForm) -> HandoverView:
    """指定接任人员 / name who takes over (HH 3)."""
    return service.show(act, service.name_successor(act, change_id, form))


@router.post("/contact-changes/{change_id}/items", status_code=201)
def add_item(act: ActDep, change_id: Id, form: ItemForm) -> HandoverView:
    """补充交接事项 / add what is handed over; signatures become void (HH 3)."""
    change = service.get_open(act, change_id)
    service.add_item(act, change, form)
    return service.show(act, change)


@router.post("/contact-changes/{change_id}/signatures", status_code=201)
def sign(act: ActDep, change_id: Id, form: SignatureForm) -> HandoverView:
    """签署交接记录 / sign one's own side of the record (HH 3)."""
    return service.sign(act, service.get_open(act, change_id), form)


@router.post("/contact-changes/{change_id}/withdraw", status_code=204)
def withdraw_change(act: ActDep, change_id: Id) -> None:
    """撤回人员变更 / take back a change that is not effective yet."""
    service.withdraw_change(act, change_id)
