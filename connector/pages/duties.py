"""待办日历: what is due for the visitor, month by month, with the article that asks for it. Changes nothing."""

from collections.abc import Sequence
from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.duties import service as duties
from connector.duties.duty import DutyState
from connector.duties.service import DutyShown
from connector.errors import Text
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.regulations.calendar import local_day

router = APIRouter(prefix="/pages/duties", tags=["pages"], include_in_schema=False)

STATES = {
    DutyState.DONE: Text("已办", "Done"),
    DutyState.DUE: Text("待办", "To do"),
    DutyState.OVERDUE: Text("已超期", "Overdue"),
}
TAGS = {DutyState.DONE: "ok", DutyState.DUE: "info", DutyState.OVERDUE: "bad"}


@router.get("")
def list_duties(request: Request, act: PageActDep, shown: str = "open") -> HTMLResponse:
    """What is overdue first, then the months in their order, then what has no day."""
    every = shown == "all"
    found = duties.list_duties(act, every=every)
    t = translator(language_of(request))
    return render(
        request, "duties.html", title=t(mark("待办日历")), months=_months(found), every=every, states=STATES, tags=TAGS
    )


def _months(found: Sequence[DutyShown]) -> list[tuple[str, list[DutyShown]]]:
    """The duties by month of their day in China, "" for those without one."""

    def month(duty: DutyShown) -> str:
        return f"{local_day(duty.due_at):%Y-%m}" if duty.due_at else ""

    ordered = sorted(found, key=lambda duty: (duty.due_at is None, month(duty)))
    return [(name, list(group)) for name, group in groupby(ordered, key=month)]
