"""REST routes of projects, conflicts of duty and exceptions. An exception itself is a request, `except_conflict`."""

from typing import Annotated

from fastapi import APIRouter, Query

from connector.auth.act import Act
from connector.conflicts import schemas, service
from connector.conflicts.forms import AssignmentForm, ProjectForm
from connector.conflicts.projects import KEEPERS
from connector.conflicts.schemas import (
    ExceptionShown,
    FindingShown,
    ImportedRow,
    ImportSent,
    ProjectListed,
    ProjectShown,
)
from connector.http import ActDep
from connector.register.offices import check_holds
from connector.register.readers import CONFLICTS

router = APIRouter(tags=["conflicts"])
First = Annotated[int, Query(ge=0, le=10**9)]
Count = Annotated[int, Query(ge=1, le=200)]


def _check_reader(act: Act) -> None:
    check_holds(act, *CONFLICTS, *KEEPERS, doing="查看项目和职责冲突 / read projects and conflicts of duty")


@router.get("/projects")
def list_projects(act: ActDep, every: bool = False, first: First = 0, count: Count = 50) -> list[ProjectListed]:
    """项目清单 / tender projects, the next opening of bids first (HH 3)."""
    _check_reader(act)
    return schemas.list_of_projects(act, open_only=not every, first=first, count=count)


@router.post("/projects")
def register_project(act: ActDep, form: ProjectForm) -> ProjectShown:
    """登记或更改项目 / register a project, or give it new times and phases (HH 3)."""
    return schemas.show_project(act, service.register_project(act, form).number)


@router.post("/projects/import")
def import_projects(act: ActDep, sent: ImportSent) -> list[ImportedRow]:
    """批量导入项目 / take a CSV list, with the outcome of every row (HH 3)."""
    check_holds(act, *KEEPERS, doing="导入项目 / import projects")
    return [ImportedRow(**row._asdict()) for row in service.import_projects(act, sent.text)]


@router.get("/projects/{number}")
def read_project(act: ActDep, number: str) -> ProjectShown:
    """一个项目 / one project: phases, who acts in them, its blackout (HH 3, LC 8)."""
    _check_reader(act)
    return schemas.show_project(act, number)


@router.post("/projects/{number}/assignments", status_code=201)
def assign(act: ActDep, number: str, form: AssignmentForm) -> ProjectShown:
    """登记项目人员职责 / note who acts in which charge; refused where charges exclude each other (HH 3, JC 7)."""
    service.assign(act, number, form)
    return schemas.show_project(act, number)


@router.post("/projects/{number}/close")
def close_project(act: ActDep, number: str) -> ProjectShown:
    """项目办结 / close a project: its charges and its blackout count no more."""
    return schemas.show_project(act, service.close_project(act, number).number)


@router.post("/assignments/{assignment_id}/end", status_code=204)
def end_assignment(act: ActDep, assignment_id: str) -> None:
    """结束项目人员职责 / end an assignment."""
    service.end_assignment(act, assignment_id)


@router.get("/conflicts")
def list_conflicts(act: ActDep, every: bool = False, first: First = 0, count: Count = 50) -> list[FindingShown]:
    """职责冲突清单 / conflicts that exist and no exception covers, to be withdrawn (HH 3, JC 7)."""
    _check_reader(act)
    return schemas.list_of_findings(act, open_only=not every, first=first, count=count)


@router.get("/conflicts/exceptions")
def list_exceptions(act: ActDep, every: bool = False) -> list[ExceptionShown]:
    """职责冲突例外 / exceptions with their ends (HH 3)."""
    _check_reader(act)
    return schemas.list_of_exceptions(act, open_only=not every)
