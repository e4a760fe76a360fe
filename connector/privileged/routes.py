"""REST routes of privileged use. The application itself is a request of kind `use_privileged`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from connector.http import ActDep
from connector.privileged import service
from connector.privileged.schemas import BoxListed, BoxShown, ReviewerSent, ReviewSent

router = APIRouter(tags=["privileged"])


@router.get("/privileged")
def list_boxes(
    act: ActDep,
    state: Literal["planned", "running", "ended"] | None = None,
    overdue: bool = False,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[BoxListed]:
    """系统账号权限的临时使用 / boxes of privileged use, newest first; `overdue`: reviews past their limit (JC 18)."""
    return service.list_seen(act, state=state, overdue=overdue, first=first, count=count)


@router.get("/privileged/{number}")
def read(act: ActDep, number: str) -> BoxShown:
    """一次临时使用及其使用记录 / one box with the record of what was done in it (JC 18)."""
    return service.show_box(act, number)


@router.post("/privileged/{number}/return")
def give_back(act: ActDep, number: str) -> BoxShown:
    """提前交回或收回 / give the permissions back before the end, or take them (JC 18)."""
    return service.show_box(act, service.give_back(act, number).number)


@router.post("/privileged/{number}/review")
def review(act: ActDep, number: str, sent: ReviewSent) -> BoxShown:
    """复核使用记录并签字 / sign the record, as the reviewer who was named (JC 18)."""
    return service.show_box(act, service.sign_record(act, number, sent.verdict, sent.note).number)


@router.put("/privileged/{number}/reviewer")
def name_reviewer(act: ActDep, number: str, sent: ReviewerSent) -> BoxShown:
    """更换复核人 / name another reviewer (JC 18)."""
    return service.show_box(act, service.name_reviewer(act, number, sent.reviewer).number)
