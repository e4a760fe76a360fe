"""REST routes of the printed forms. Decides nothing itself."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from connector.auth.act import Act
from connector.http import ActDep, TypesetterDep
from connector.papers import service
from connector.papers.forms import Drawn
from connector.ports import Typesetter

PDF = "application/pdf"
router = APIRouter(tags=["papers"])
PRINTED: dict[int | str, dict[str, Any]] = {200: {"content": {PDF: {}}, "description": "PDF/A"}}
ChangeId = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]
Annex = Literal["", "lc1", "lc2", "lc3", "jc2", "plain"]


class FullPaper(BaseModel):
    """Asks for a form with the whole numbers of the person; the reason goes into the record."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=4, max_length=200)
    annex: Annex = ""


@router.get("/requests/{request_id}/paper.pdf", response_class=Response, responses=PRINTED)
def print_request(
    act: ActDep,
    typesetter: TypesetterDep,
    request_id: str,
    annex: Annotated[Annex, Query(description="lc1, lc2, lc3, jc2, plain")] = "",
) -> Response:
    """打印申请表 / the request's form as the regulation draws it, filled; numbers masked (LC 6(1), 7; JC 10)."""
    return printed(act, typesetter, "form", service.request_paper(act, request_id, annex=annex))


@router.post("/requests/{request_id}/paper", response_class=Response, responses=PRINTED)
def print_request_whole(act: ActDep, typesetter: TypesetterDep, request_id: str, sent: FullPaper) -> Response:
    """打印含完整号码的申请表 / the form with whole numbers, for those who may read them; it is recorded (LC 5(5))."""
    drawn = service.request_paper(act, request_id, annex=sent.annex, reason=sent.reason)
    return printed(act, typesetter, "form", drawn)


@router.get("/accounts/{user_name}/administrator-form.pdf", response_class=Response, responses=PRINTED)
def print_administrator(act: ActDep, typesetter: TypesetterDep, user_name: str) -> Response:
    """系统管理员登记表 / the registration of a system administrator (GS 9)."""
    return printed(act, typesetter, "form", service.administrator_paper(act, user_name))


@router.get("/units/{unit_code}/register.pdf", response_class=Response, responses=PRINTED)
def print_unit(act: ActDep, typesetter: TypesetterDep, unit_code: str) -> Response:
    """账号注册登记表 / the register of a unit and its handlers (HH 1)."""
    return printed(act, typesetter, "form", service.unit_paper(act, unit_code))


@router.get("/units/{unit_code}/matrix.pdf", response_class=Response, responses=PRINTED)
def print_matrix(act: ActDep, typesetter: TypesetterDep, unit_code: str) -> Response:
    """账号权限对照表 / a unit's table of posts and permissions (JC annex 1)."""
    return printed(act, typesetter, "listing", service.matrix_paper(act, unit_code))


@router.get("/contact-changes/{change_id}/handover.pdf", response_class=Response, responses=PRINTED)
def print_handover(act: ActDep, typesetter: TypesetterDep, change_id: ChangeId) -> Response:
    """账号交接记录 / the handover record of a change, with its signatures (HH 3)."""
    return printed(act, typesetter, "form", service.handover_paper(act, change_id))


def printed(act: Act, typesetter: Typesetter, template: str, drawn: Drawn) -> Response:
    """The answer with the file, made by the moment of the act."""
    content = typesetter.pdf(template, drawn, at=act.now)
    return Response(content, media_type=PDF, headers={"Content-Disposition": 'attachment; filename="paper.pdf"'})
