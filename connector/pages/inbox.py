"""待我审批: what waits for the person, the most urgent first, and what he has decided. Decides nothing."""

from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.requests import subject_name
from connector.pages.wording import Due, Words
from connector.register import catalogue, people, units
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.tables import RequestRow, StageRow

router = APIRouter(prefix="/pages/inbox", tags=["pages"], include_in_schema=False)

ON_A_PAGE = 50


class Task(NamedTuple):
    """One line of the inbox."""

    stage: StageRow
    request: RequestRow
    name: str
    unit: str
    added: int
    sensitive: bool
    due: Due | None
    stands_for: str = ""  # name of the office holder in whose place he would decide


@router.get("")
def waiting(request: Request, act: PageActDep, q: str = "", kind: str = "") -> HTMLResponse:
    """What waits for the person's decision; `q` is part of a number, a name or a unit."""
    words = Words(language_of(request))
    person_id = str(act.actor.person_id)
    in_place = {stage.id: name for stage, _, name in requests.list_tasks_in_place(act, person_id)}
    tasks = [
        _task(act, words, stage, row)._replace(stands_for=in_place.get(stage.id, ""))
        for stage, row in requests.list_inbox(act, person_id)
    ]
    found = [task for task in tasks if (not kind or task.request.kind == kind) and _holds(task, q.strip())]
    title = translator(language_of(request))(mark("待我审批（{count}件）"), count=len(tasks))
    return render(
        request, "inbox.html", title=title, tasks=found, total=len(tasks), q=q.strip(), kind=kind,
        kinds=[one.value for one in RequestKind], overdue=sum(1 for t in tasks if t.due and t.due.kind == "bad"),
    )  # fmt: skip


@router.get("/decided")
def decided(request: Request, act: PageActDep, page: int = 1) -> HTMLResponse:
    """What the person has decided, newest first."""
    page = min(max(page, 1), 10_000)
    person_id = str(act.actor.person_id)
    rows = requests.list_decided(act, person_id, first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE + 1)
    found = [(decision, row, subject_name(act, row)) for decision, row in rows[:ON_A_PAGE]]
    return render(
        request, "inbox_decided.html", title=translator(language_of(request))(mark("我已审批")), found=found,
        total=len(requests.list_inbox(act, person_id)), page=page, more=len(rows) > ON_A_PAGE,
    )  # fmt: skip


def _task(act: Act, words: Words, stage: StageRow, row: RequestRow) -> Task:
    added = catalogue.check_permissions(act, row.form.get("permissions", ()))
    person = people.get_person(act, row.person_id) if row.person_id else None
    return Task(
        stage=stage,
        request=row,
        name=person.name if person else "",
        unit=units.get_unit_by_id(act, person.unit_id if person else row.unit_id).name,
        added=len(added),
        sensitive=any(permission.sensitive for permission in added),
        due=words.due(stage.due_at, act.now, act.rulebook.calendar),
    )


def _holds(task: Task, text: str) -> bool:
    return any(text.lower() in part.lower() for part in (task.request.number, task.name, task.unit))
