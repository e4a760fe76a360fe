"""REST routes of the clocks: what is overdue, the monthly figures, the offices nobody could exercise."""

from fastapi import APIRouter, Query

from connector.http import ActDep
from connector.regulations.vocabulary import Office
from connector.requests import deadlines, statistics, vacancies

router = APIRouter(tags=["requests"])


@router.get("/requests/overdue")
def overdue(
    act: ActDep,
    unit: str | None = Query(None, max_length=32, description="code of a unit; the units below it count too"),
    office: Office | None = None,
) -> list[deadlines.Overdue]:
    """超期清单，按单位和岗位 / every stage past its limit, by unit and office; a unit head sees his own units."""
    return deadlines.list_overdue(act, unit_code=unit, office=office)


@router.get("/requests/statistics")
def month_figures(
    act: ActDep,
    month: str = Query(max_length=7, description="as 2026-11"),
    unit: str | None = Query(None, max_length=32, description="code of a unit; the units below it count too"),
) -> list[statistics.Figures]:
    """时限月度统计 / how many stages were decided, in time, and how long they took, by unit, office and kind."""
    return statistics.month_figures(act, month, unit_code=unit)


@router.get("/offices/vacant")
def list_vacant(act: ActDep) -> list[vacancies.Vacancy]:
    """岗位空缺 / offices that nobody could exercise today or soon."""
    return vacancies.list_vacancies(act)
