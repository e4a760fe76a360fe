"""REST routes of the stamped scans of a request. Decides nothing itself."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict

from connector.http import ActDep, ActorDep
from connector.requests import attachments
from connector.requests.attachments import ScanDesk
from connector.scans.recognise import JPEG, PDF, PNG, SUFFIXES
from connector.scans.tables import ScanRow

router = APIRouter(tags=["requests"])
Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class ScanShown(BaseModel):
    """A scan: what it is, its hash, and at which stage it came; `stage_id` is null for the applicant's."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    media_type: str
    size: int
    version: int
    stage_id: str | None
    attached_at: datetime


def get_scan_desk(request: Request) -> ScanDesk:
    desk: ScanDesk = request.app.state.connector
    return desk


@router.post("/requests/{request_id}/scans", status_code=201)
def attach(request: Request, actor: ActorDep, request_id: str, file: UploadFile) -> ScanShown:
    """上传盖章扫描件 / attach a stamped scan: PDF, JPEG or PNG, by its content (LC 6(1), 7)."""
    row = attachments.receive_scan(get_scan_desk(request), actor, request_id, file.file.read())
    return ScanShown.model_validate(row)


@router.get("/requests/{request_id}/scans")
def list_scans(act: ActDep, request_id: str) -> list[ScanShown]:
    """申请的扫描件 / the scans of a request, of every version."""
    return [ScanShown.model_validate(row) for row in attachments.list_scans(act, request_id)]


@router.get(
    "/requests/{request_id}/scans/{sha256}",
    response_class=Response,
    responses={200: {"content": {PDF: {}, JPEG: {}, PNG: {}}}},
)
def download(request: Request, act: ActDep, request_id: str, sha256: Hash) -> Response:
    """下载扫描件 / one scan, compared with its hash before it is sent."""
    row = attachments.get_scan(act, request_id, sha256)
    return scan_response(get_scan_desk(request), row)


def scan_response(desk: ScanDesk, row: ScanRow) -> Response:
    """The answer with the file, always to be saved and never shown in a page of ours."""
    content = desk.scan_intake.files.get(row.sha256)
    name = f"scan-{row.sha256[:12]}.{SUFFIXES[row.media_type]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=row.media_type, headers=headers)
