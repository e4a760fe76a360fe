"""审批时限: what is overdue, the figures of a month, the offices nobody could exercise. Reads only (B6)."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from connector.errors import FieldProblem, NotFoundError, RefusedInputError, Text
from connector.pages import entries
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.sheets import CSV, XLSX, csv_bytes, xlsx_bytes
from connector.pages.wording import Words
from connector.register import units
from connector.register.offices import office_day
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from connector.requests import statistics, vacancies

router = APIRouter(prefix="/pages/overdue", tags=["pages"], include_in_schema=False)

PROBLEMS = {
    "vacant": Text("没有任职人员", "nobody holds it"),
    "out_of_use": Text("任职人员的账号均未启用", "no holder's account is in use"),
    "too_few": Text("人员不足，不同环节须由不同人员办理", "too few people: stages need different ones"),
    "away": Text("任职人员均外出且没有代理人", "every holder is away without a deputy"),
    "ending": Text("任期即将届满", "the last appointment ends soon"),
}
HEADS = (
    "单位代码",
    "单位",
    "岗位",
    "类别",
    "办结数",
    "按时办结",
    "超期办结",
    "用时中位数（工作小时）",
    "最长用时（工作小时）",
)
MAKERS = {"csv": CSV, "xlsx": XLSX}


@router.get("")
def list_overdue(request: Request, act: PageActDep, unit: str = "", office: str = "") -> Response:
    """Every stage past its limit, by unit and office."""
    unknown = bool(unit) and units.find_unit(act, unit) is None
    problems = [FieldProblem("unit", "没有此单位", "There is no such unit")] if unknown else []
    wanted = Office(office) if office in set(Office) else None
    found = requests.list_overdue(act, unit_code=unit or None, office=wanted) if not problems else []
    words = Words(language_of(request))
    return render(
        request, "overdue.html", title=_t(request, mark("超期清单")), status=422 if problems else 200, found=found,
        unit=unit, office=office, offices=[(one.value, words.office(one.value)) for one in Office],
        problems=entries.said(words, problems),
    )  # fmt: skip


@router.get("/statistics")
def show_figures(request: Request, act: PageActDep, month: str = "") -> Response:
    """The figures of a month, this one unless another is asked for."""
    wanted = month or f"{office_day(act):%Y-%m}"
    problems: list[FieldProblem] = []
    try:
        figures = statistics.month_figures(act, wanted)
    except RefusedInputError as refused:
        figures, problems = [], refused.fields
    return render(
        request, "overdue_statistics.html", title=_t(request, mark("时限统计")), status=422 if problems else 200,
        figures=figures, month=wanted, earlier=f"{office_day(act).replace(day=1) - timedelta(days=1):%Y-%m}",
        problems=entries.said(Words(language_of(request)), problems),
    )  # fmt: skip


@router.get("/statistics/{month}.{kind}")
def download_figures(act: PageActDep, month: str, kind: str) -> Response:
    """The figures of a month as a file."""
    if kind not in MAKERS:
        raise NotFoundError(kind="文件 (file)", name=f"{month}.{kind}")
    found = statistics.month_figures(act, month)
    rows = [[getattr(one, column) for column in statistics.COLUMNS] for one in found]
    content = xlsx_bytes(month, HEADS, rows) if kind == "xlsx" else csv_bytes(HEADS, rows)
    attached = {"Content-Disposition": f'attachment; filename="statistics-{month}.{kind}"'}
    return Response(content, media_type=MAKERS[kind], headers=attached)


@router.get("/vacancies")
def list_vacancies(request: Request, act: PageActDep) -> Response:
    """The offices that nobody could exercise today or soon."""
    found = vacancies.list_vacancies(act)
    return render(
        request, "vacancies.html", title=_t(request, mark("岗位空缺")), found=found, said=PROBLEMS,
        grave=vacancies.GRAVE, problems=[],
    )  # fmt: skip


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
