"""REST route of the duties."""

from typing import Annotated

from fastapi import APIRouter, Query

from connector.duties import service as duties
from connector.duties.service import DutyShown
from connector.http import ActDep

router = APIRouter(tags=["duties"])


@router.get("/duties")
def list_duties(
    act: ActDep, every: Annotated[bool, Query(alias="all", description="what is done in this period too")] = False
) -> list[DutyShown]:
    """待办事项日历 / what is due, for whom, by which article, until when; overdue first (JC 9, GS 17)."""
    return duties.list_duties(act, every=every)
