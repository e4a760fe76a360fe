"""The papers of a request: stamped scans to upload and download, and the printed form. Decides nothing."""

from fastapi import APIRouter, Request, Response

from connector.errors import Text
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.frame import see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.visitor import get_desk
from connector.papers import service as papers
from connector.papers.routes import Annex, printed
from connector.requests import attachments
from connector.requests.scan_routes import Hash, get_scan_desk, scan_response
from connector.scans.errors import ScanRefusedError

router = APIRouter(prefix="/pages/requests", tags=["pages"], include_in_schema=False)


class NoFileError(ScanRefusedError):
    """The box was sent without a file."""

    code = "no-file"
    says = Text("没有选择要上传的扫描件", "No scan was chosen")
    remedy = Text("请返回，选择文件后上传", "Go back, choose the file, then upload")


@router.post("/{number}/scans")
def upload(request: Request, visitor: VisitorDep, form: FormDep, number: str) -> Response:
    """Attaches the chosen file; a refusal is a page that says what is wrong with it."""
    content = form.files.get("file", ("", b""))[1]
    if not content:
        raise NoFileError
    attachments.receive_scan(get_scan_desk(request), visitor.actor, number, content)
    said = translator(language_of(request))(mark("扫描件已上传，须重新查看后审批"))
    return see_other(request, f"/pages/requests/{number}#scans", banner=said)


@router.get("/{number}/scans/{sha256}")
def download(request: Request, act: PageActDep, number: str, sha256: Hash) -> Response:
    """One scan, to be saved."""
    return scan_response(get_scan_desk(request), attachments.get_scan(act, number, sha256))


@router.get("/{number}/paper.pdf")
def print_form(request: Request, act: PageActDep, number: str, annex: Annex = "") -> Response:
    """The form as the regulation draws it, filled; numbers of persons masked."""
    return printed(act, get_desk(request).typesetter, "form", papers.request_paper(act, number, annex=annex))
