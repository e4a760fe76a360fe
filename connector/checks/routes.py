"""REST routes of the scans: runs, one run with its report, its clean-up list. For those who oversee."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from connector.auth.act import Act
from connector.checks import service as checks
from connector.checks.cleanup import listing
from connector.checks.schemas import ScanListed, ScanShown
from connector.http import ActDep, TypesetterDep
from connector.register.offices import check_holds
from connector.register.readers import SCANS

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
router = APIRouter(prefix="/scans", tags=["scans"])


def get_reader(act: ActDep) -> Act:
    """The act of somebody who oversees (JC 9, GS 16)."""
    check_holds(act, *SCANS, doing="查看检查结果 / the results of the scans")
    return act


ReaderDep = Annotated[Act, Depends(get_reader, scope="function")]


@router.get("")
def list_scans(
    act: ReaderDep,
    scan: Annotated[str, Query(max_length=16, description="one scan only")] = "",
    first: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[ScanListed]:
    """检查记录 / runs of the scans, newest first."""
    return [ScanListed.model_validate(view) for view in checks.list_scans(act, name=scan, first=first, count=count)]


@router.get("/{scan_id}")
def show_scan(act: ReaderDep, scan_id: str) -> ScanShown:
    """一次检查及其处理结果 / one run with its accounts and what became of each (LC 7(2), GS 17)."""
    return ScanShown.of(checks.get_scan(act, scan_id), checks.report(act, scan_id))


@router.get("/{scan_id}/cleanup-list.xlsx", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def download_cleanup_list(act: ReaderDep, scan_id: str) -> Response:
    """信息系统账号清理清单 / the clean-up list of one run, as a spreadsheet (JC annex 3)."""
    content = checks.write_xlsx(checks.cleanup_list(act, scan_id))
    return Response(
        content, media_type=XLSX, headers={"Content-Disposition": 'attachment; filename="cleanup-list.xlsx"'}
    )


@router.get("/{scan_id}/cleanup-list.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}})
def print_cleanup_list(act: ReaderDep, typesetter: TypesetterDep, scan_id: str) -> Response:
    """打印账号清理清单 / the clean-up list of one run as the annex draws it (JC annex 3)."""
    content = typesetter.pdf("listing", listing(checks.cleanup_list(act, scan_id)), at=act.now)
    return Response(content, media_type=PDF, headers={"Content-Disposition": 'attachment; filename="cleanup-list.pdf"'})
