"""HTTP routes of the record: search, alarms, the latest checkpoint. For auditors and security administrators only.

They stand beside the register because who may read is a question of offices, which `audit` does not know.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from connector.audit import search
from connector.audit.seal import find_last_checkpoint
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.register.readers import RECORD

router = APIRouter(prefix="/audit", tags=["record"])


class EntryView(BaseModel):
    """One entry of the record; `position` is null until it is sealed."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    event: str
    actor_kind: str
    actor: str
    actor_person_id: str | None
    subject: str
    person_id: str | None
    account_id: str | None
    request_id: str | None
    alarm: bool
    data: dict[str, Any]
    position: int | None


class EntryFilter(BaseModel):
    """Conditions on entries, all of which must fit. For the next page: `before_id` = the last entry's id."""

    model_config = ConfigDict(extra="forbid")

    person_id: str | None = None
    account_id: str | None = None
    request_id: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    event: str | None = None
    before_id: int | None = Field(None, ge=1, le=2**63 - 1)
    count: int = Field(50, ge=1, le=search.MOST_AT_ONCE)


def get_reader(act: ActDep) -> Act:
    """The act of somebody who may read the record (GS 16)."""
    check_holds(act, *RECORD, doing="查阅审计记录 / reading the record")
    return act


ReaderDep = Annotated[Act, Depends(get_reader, scope="function")]
FilterDep = Annotated[EntryFilter, Query()]


@router.get("/entries")
def list_entries(act: ReaderDep, wanted: FilterDep) -> list[EntryView]:
    """查找审计记录 / entries that fit, newest first."""
    return [EntryView.model_validate(entry) for entry in search.list_entries(act, **wanted.model_dump())]


@router.get("/alarms")
def list_alarms(act: ReaderDep, wanted: FilterDep) -> list[EntryView]:
    """告警 / entries that raised an alarm, newest first."""
    found = search.list_entries(act, alarms_only=True, **wanted.model_dump())
    return [EntryView.model_validate(entry) for entry in found]


@router.get("/checkpoints/latest", response_class=PlainTextResponse)
def read_latest_checkpoint(act: ReaderDep) -> str:
    """最新检查点，请另存他处 / the newest signed checkpoint (C2SP note), to be kept on another machine."""
    last = find_last_checkpoint(act.session)
    if last is None:
        raise NotFoundError(kind="checkpoint", name="latest")
    return last.note
