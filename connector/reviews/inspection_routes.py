"""REST routes of sampling inspections and quarterly filings."""

from datetime import date
from typing import Annotated, Protocol

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from connector.http import ActDep
from connector.ports import NoteSigner
from connector.register import offices
from connector.register.readers import REVIEWS
from connector.reviews import filings, findings, inspection_views, inspections
from connector.reviews.findings import ItemAnswer, Proof
from connector.reviews.inspection_views import FilingListed, InspectionListed, InspectionShown

Number = Annotated[str, Path(pattern=r"^CJ-\d{4}-\d{6}$")]
FilingNumber = Annotated[str, Path(pattern=r"^BA-\d{4}-Q[1-4]$")]
ZIP = "application/zip"
router = APIRouter(tags=["inspections"])


class Desk(Protocol):
    """The part of the composition root that signs."""

    signer: NoteSigner


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class InspectionOrder(Sent):
    """A unit with all below it (default: everything), and further inspectors by user name."""

    unit_code: str = Field("", max_length=32)
    inspectors: list[str] = Field(default_factory=list, max_length=50)


class Conclusion(Sent):
    conclusion: str = Field(max_length=500)


class Quarter(Sent):
    period: str = Field("", max_length=12, description="2026-Q3; by default the last quarter")


class Signature(Sent):
    """The hash of the manifest that the signer was shown."""

    manifest_sha256: str = Field(min_length=64, max_length=64)


class Receipt(Sent):
    receipt: str = Field(max_length=64)
    received_on: date


@router.get("/inspections")
def list_inspections(act: ActDep) -> list[InspectionListed]:
    """抽查 / sampling inspections, the newest first (JC 9, GS 17)."""
    return inspection_views.list_inspections(act)


@router.post("/inspections", status_code=201)
def open_inspection(act: ActDep, order: InspectionOrder) -> InspectionShown:
    """发起抽查 / fix and record what is drawn from, before the seed exists (JC 9)."""
    row = inspections.open_inspection(act, order.unit_code, tuple(order.inspectors))
    return inspection_views.show_inspection(act, row.number)


@router.get("/inspections/{number}")
def show_inspection(act: ActDep, number: Number) -> InspectionShown:
    """一次抽查 / one inspection with what was drawn and what was found (JC 9, GS 17)."""
    return inspection_views.show_inspection(act, number)


@router.post("/inspections/{number}/draw")
def draw_inspection(act: ActDep, number: Number) -> InspectionShown:
    """抽取 / draw, as soon as the checkpoint that gives the seed is signed (JC 9)."""
    offices.check_holds(act, *inspections.INSPECTORS, doing="抽取 / draw")
    inspections.draw_inspection(act, number)
    return inspection_views.show_inspection(act, number)


@router.get("/inspections/{number}/population")
def show_population(act: ActDep, number: Number) -> list[str]:
    """抽查总体 / everything that was drawn from, for whoever wants to draw again (JC 9)."""
    return inspection_views.population_of(act, number)


@router.get("/inspections/{number}/verification")
def verify_inspection(act: ActDep, request: Request, number: Number) -> list[Proof]:
    """核验抽样 / draw again from what was recorded, and compare (JC 9)."""
    offices.check_holds(act, *REVIEWS, doing="核验抽样 / verify a sample")
    return findings.verify_inspection(act, number, _signer(request).verifier_key())


@router.post("/inspections/{number}/items", status_code=204)
def answer_item(act: ActDep, number: Number, sent: ItemAnswer) -> None:
    """登记检查结果 / in order, or a finding with who puts it right and until when (GS 17)."""
    findings.answer_item(act, number, sent)


@router.post("/inspections/{number}/report")
def report_inspection(act: ActDep, number: Number, sent: Conclusion) -> InspectionShown:
    """出具抽查报告 / end an inspection: all answered, all corrections checked (GS 17)."""
    findings.report_inspection(act, number, conclusion=sent.conclusion)
    return inspection_views.show_inspection(act, number)


@router.get("/filings")
def list_filings(act: ActDep) -> list[FilingListed]:
    """季度备案 / quarterly filings, the newest first (JC 19)."""
    return inspection_views.list_filings(act)


@router.post("/filings", status_code=201)
def make_filing(act: ActDep, sent: Quarter) -> FilingListed:
    """制作备案材料 / prepare the package of a quarter that is over (JC 19, annex 3)."""
    return inspection_views.show_filing(act, filings.make_filing(act, sent.period))


@router.post("/filings/{number}/signature")
def sign_filing(act: ActDep, request: Request, number: FilingNumber, sent: Signature) -> FilingListed:
    """签署备案材料 / the principal signs; not whoever prepared it (JC 19, JC 7)."""
    row = filings.sign_filing(act, number, _signer(request), manifest_hash=sent.manifest_sha256)
    return inspection_views.show_filing(act, row)


@router.post("/filings/{number}/receipt")
def note_receipt(act: ActDep, number: FilingNumber, sent: Receipt) -> FilingListed:
    """登记备案回执 / note the number under which the authority took it (JC 19)."""
    row = filings.note_receipt(act, number, receipt=sent.receipt, received_on=sent.received_on)
    return inspection_views.show_filing(act, row)


@router.get("/filings/{number}/package.zip", response_class=Response, responses={200: {"content": {ZIP: {}}}})
def download_package(act: ActDep, number: FilingNumber) -> Response:
    """下载备案材料 / the package, with the signature once there is one (JC 19)."""
    inspection_views.check_filing_reader(act)
    content = filings.signed_package(filings.get_filing(act, number))
    headers = {"Content-Disposition": f'attachment; filename="{number}.zip"'}
    return Response(content, media_type=ZIP, headers=headers)


def _signer(request: Request) -> NoteSigner:
    desk: Desk = request.app.state.connector
    return desk.signer
