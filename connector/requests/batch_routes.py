"""REST routes of requests that come in one file. Decides nothing itself."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from connector.http import ActDep
from connector.regulations.vocabulary import Verdict
from connector.requests import batches
from connector.requests.batch_tables import BatchRow
from connector.requests.schemas import RequestListed

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
router = APIRouter(tags=["requests"])
Sheet = Literal["grant", "change", "password_reset", "suspend", "disable", "enable", "cancel"]
Number = str


class BatchListed(BaseModel):
    """A batch: its number and how many requests it made."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    kind: str
    lines: int
    times: int
    submitted_at: datetime


class BatchLine(BaseModel):
    """One line of the file and the request it became."""

    line: int
    request: RequestListed


class BatchShown(BatchListed):
    """A batch with the requests of it that the caller may see."""

    requests: list[BatchLine]


class BatchChecked(BaseModel):
    """How many requests the file would make."""

    lines: int


class BatchTask(BaseModel):
    """A stage of the batch that waits for the caller, with the content to decide on."""

    stage_id: str
    number: str
    office: str
    digest: str


class StageSent(BaseModel):
    """A stage with the digest of the content that was shown (B12)."""

    model_config = ConfigDict(extra="forbid")

    stage_id: str = Field(max_length=36)
    digest: str = Field(min_length=64, max_length=64)


class BatchDecision(BaseModel):
    """One opinion on stages of one batch; each of them is decided by itself."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: str = Field("", max_length=500)
    stages: list[StageSent] = Field(min_length=1, max_length=1000)


class BatchOutcome(BaseModel):
    """What became of one stage; `code` is empty when it was decided."""

    model_config = ConfigDict(from_attributes=True)

    stage_id: str
    number: str
    code: str
    says: str
    says_en: str


@router.post("/request-batches/{kind}/sheets", status_code=201)
def submit(
    act: ActDep,
    kind: Sheet,
    file: UploadFile,
    again: Annotated[bool, Query(description="the same list was submitted before, and is meant again")] = False,
) -> BatchShown:
    """批量申请 / every line of a .xlsx or .csv becomes a request, or none does (LC 3)."""
    return shown(act, batches.submit_batch(act, kind, file.file.read(), again=again))


@router.post("/request-batches/{kind}/check/sheets")
def check(act: ActDep, kind: Sheet, file: UploadFile) -> BatchChecked:
    """批量申请试算 / tries every line, reports what is wrong, stores nothing."""
    return BatchChecked(lines=batches.check_batch(act, kind, file.file.read()))


@router.get("/request-batches")
def list_own(act: ActDep, count: Annotated[int, Query(ge=1, le=200)] = 50) -> list[BatchListed]:
    """我的批量申请 / the caller's batches, newest first."""
    return [BatchListed.model_validate(row) for row in batches.list_batches(act, count=count)]


@router.get("/request-batches/{number}")
def read(act: ActDep, number: Number) -> BatchShown:
    """查看一批申请 / one batch with its requests."""
    return shown(act, batches.get_batch(act, number))


@router.get("/request-batches/{number}/tasks")
def list_tasks(act: ActDep, number: Number) -> list[BatchTask]:
    """此批中待我审批 / the stages of the batch that the caller may decide."""
    return [
        BatchTask(stage_id=stage.id, number=row.number, office=stage.office, digest=row.digest)
        for stage, row in batches.list_tasks(act, number)
    ]


@router.post("/request-batches/{number}/decisions")
def decide(act: ActDep, number: Number, sent: BatchDecision) -> list[BatchOutcome]:
    """逐一审批此批申请 / decides the named stages one after another, each under every rule (JC 7)."""
    pairs = [(one.stage_id, one.digest) for one in sent.stages]
    done = batches.decide_batch(act, number, pairs, sent.verdict, sent.reason)
    return [BatchOutcome.model_validate(one) for one in done]


@router.get("/request-templates/{kind}/{suffix}", response_class=Response)
def download_template(act: ActDep, kind: Sheet, suffix: Literal["csv", "xlsx"]) -> Response:
    """下载批量申请模板 / the empty list of a kind."""
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{suffix}"'}
    return Response(batches.template(act, kind, f".{suffix}"), media_type=MEDIA[suffix], headers=headers)


def shown(act: ActDep, batch: BatchRow) -> BatchShown:
    """The batch as the API shows it."""
    lines = [
        BatchLine(line=line, request=RequestListed.model_validate(row))
        for line, row in batches.list_lines(act, batch.number)
    ]
    return BatchShown(**BatchListed.model_validate(batch).model_dump(), requests=lines)
