"""REST routes of the units' tables of posts and permissions, their drafts, and the overrides of the check."""

from pathlib import PurePath
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from connector.http import ActDep
from connector.register import matrix_drafts
from connector.register.matrix_drafts import Draft
from connector.register.matrix_lines import MOST_LINES, MatrixLine
from connector.requests import matrix_desk, overrides, show
from connector.requests.matrix_desk import Version
from connector.requests.overrides import OverrideView
from connector.requests.schemas import RequestShown

router = APIRouter(tags=["matrix"])
MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Code = Annotated[str, Path(max_length=32, description="code of the unit")]


class DraftSent(BaseModel):
    """A draft as it is sent. `revision` is that of the draft that was read, 0 where there was none."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=0, le=10**6)
    lines: list[MatrixLine] = Field(max_length=MOST_LINES)


class DraftSubmitted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1, le=10**6)
    reason: str = Field("", max_length=500)


@router.get("/matrices/{unit}")
def in_force(act: ActDep, unit: Code) -> Version:
    """现行账号权限对照表 / the unit's table in force, who signed it, and what it changed (JC 4, 5)."""
    return matrix_desk.show_version(act, unit)


@router.get("/matrices/{unit}/versions")
def versions(act: ActDep, unit: Code) -> list[Version]:
    """对照表全部版本 / every version of the unit's table, the newest first (JC 15)."""
    return matrix_desk.show_versions(act, unit)


@router.get("/matrices/{unit}/versions/{version}")
def version(act: ActDep, unit: Code, version: Annotated[int, Path(ge=1, le=10**6)]) -> Version:
    """对照表的一个版本 / one version, with its difference to the one before."""
    return matrix_desk.show_version(act, unit, version)


@router.get("/matrices/{unit}/sheet/{kind}")
def sheet(act: ActDep, unit: Code, kind: Literal["csv", "xlsx"]) -> Response:
    """下载现行对照表 / the table in force as a file with the columns of JC annex 1."""
    content = matrix_desk.write_sheet(act, unit, f".{kind}")
    return Response(
        content, media_type=MEDIA[kind], headers={"Content-Disposition": f"attachment; filename=matrix.{kind}"}
    )


@router.get("/matrices/{unit}/draft")
def draft(act: ActDep, unit: Code) -> Draft:
    """对照表草稿 / the draft and its difference to the table in force; for the unit head."""
    return matrix_drafts.get_draft(act, unit)


@router.put("/matrices/{unit}/draft")
def save_draft(act: ActDep, unit: Code, sent: DraftSent) -> Draft:
    """保存对照表草稿 / store the draft; it changes nothing that is in force."""
    return matrix_drafts.save_draft(act, unit, sent.lines, revision=sent.revision)


@router.post("/matrices/{unit}/draft/sheet")
def upload_draft(
    act: ActDep, unit: Code, file: Annotated[UploadFile, File()], revision: Annotated[int, Form(ge=0, le=10**6)] = 0
) -> Draft:
    """上传 .xlsx 或 .csv 作为草稿 / an .xlsx or .csv becomes the draft."""
    lines = matrix_desk.read_sheet(act, file.file.read(), PurePath(file.filename or "").suffix)
    return matrix_drafts.save_draft(act, unit, lines, revision=revision)


@router.delete("/matrices/{unit}/draft", status_code=204)
def discard_draft(act: ActDep, unit: Code) -> None:
    """删除对照表草稿 / throw the draft away."""
    matrix_drafts.discard_draft(act, unit)


@router.post("/matrices/{unit}/draft/submit", status_code=201)
def submit_draft(act: ActDep, unit: Code, sent: DraftSubmitted) -> RequestShown:
    """提交对照表 / the unit head applies, the leader in charge signs, the system department files (JC 5)."""
    request = matrix_desk.submit_draft(act, unit, revision=sent.revision, reason=sent.reason)
    return show.show_request(act, request.id)


@router.get("/matrix-overrides")
def list_overrides(
    act: ActDep,
    unit: Annotated[str, Query(max_length=32)] = "",
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[OverrideView]:
    """超出对照表的例外 / every permission approved beyond a table, by whom and why (JC 11)."""
    return overrides.list_overrides(act, unit_code=unit, first=first, count=count)
