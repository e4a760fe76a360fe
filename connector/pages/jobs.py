"""定时作业: the scheduled jobs, those in trouble first, and the history of one. Starts nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.checks import timetable
from connector.checks.timetable import JobView, RunView
from connector.errors import NotFoundError, Text
from connector.pages import errors_told
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE
from connector.register import readers
from connector.register.offices import check_holds

router = APIRouter(prefix="/pages/jobs", tags=["pages"], include_in_schema=False)

SILENT_SECONDS = 600  # No process that runs jobs has said anything for so long: none runs.
OUTCOMES: Mapping[str, Text] = {
    "running": Text("运行中", "Running"),
    "done": Text("完成", "Done"),
    "failed": Text("失败", "Failed"),
    "lost": Text("中断", "Lost"),
}
OUTCOME_TAGS: Mapping[str, str] = {"running": "info", "done": "ok", "failed": "bad", "lost": "warn"}


# What the summary of a run counts; names that are not here are shown as they are.
COUNTED: Mapping[str, Text] = {
    "steps": Text("步骤", "steps"),
    "sealed": Text("封存", "sealed"),
    "entries": Text("记录", "entries"),
    "checkpoints": Text("检查点", "checkpoints"),
    "unsealed": Text("未封存", "unsealed"),
    "counted": Text("核查账号", "counted"),
    "found": Text("发现", "found"),
    "unknown": Text("无法判断", "unknown"),
    "proposed": Text("提请", "proposed"),
    "request": Text("申请", "request"),
    "dormant": Text("长期未使用", "long unused"),
    "never_used": Text("从未使用", "never used"),
    "active": Text("正常使用", "in use"),
    "notices": Text("提醒", "notices"),
    "forced": Text("强制修改", "forced"),
    "people": Text("人员", "people"),
    "leavers": Text("离岗", "leavers"),
    "movers": Text("调动", "movers"),
    "frozen": Text("冻结", "frozen"),
    "manual": Text("人工处理", "by hand"),
    "quarantined": Text("搁置的行", "rows set aside"),
    "ended": Text("结束", "ended"),
    "told": Text("告警", "alarms"),
    "deleted": Text("清理", "deleted"),
    "finished": Text("结清", "finished"),
    "expired": Text("过期", "expired"),
    "failed": Text("失败", "failed"),
    "probes": Text("检查项", "probes"),
    "new": Text("新事件", "new events"),
    "read": Text("读取", "read"),
    "state": Text("状态", "state"),
}
STATES: Mapping[object, Text] = {
    "nothing": Text("无变化", "nothing to do"),
    "executed": Text("已执行", "carried out"),
    "released": Text("已放行", "released"),
    "held": Text("已暂停，待审批", "held"),
    "rejected": Text("未获批准", "rejected"),
    "no-directory": Text("未配置人事目录", "no directory is set"),
}


class Line(NamedTuple):
    """One job of the table; `told` says of a failure what it was and what to do."""

    job: JobView
    in_trouble: bool
    told: errors_told.Told | None


class Ran(NamedTuple):
    """One run of the history; `summary` are what it counted, apart from nothing."""

    run: RunView
    told: errors_told.Told | None
    summary: Sequence[tuple[Text, Text]]


@router.get("")
def list_jobs(request: Request, act: PageActDep) -> HTMLResponse:
    """Every job: when it is due, how it last ran, and by how much it is late; failed and late ones first."""
    _check_reader(act)
    jobs = timetable.overview(act.session, act.now)
    lines = sorted((_line(job) for job in jobs), key=lambda line: not line.in_trouble)
    newest = max((job.seen_at for job in jobs), default=None)
    silent = newest is not None and (act.now - newest).total_seconds() > SILENT_SECONDS
    return render(
        request, "jobs.html", title=_t(request, mark("定时作业")), lines=lines, silent_since=newest if silent else None,
        outcomes=OUTCOMES, tags=OUTCOME_TAGS,
    )  # fmt: skip


@router.get("/{name}")
def read(request: Request, act: PageActDep, name: str) -> HTMLResponse:
    """The last runs of one job, newest first, each with what it did or why it failed."""
    _check_reader(act)
    job = next((job for job in timetable.overview(act.session, act.now) if job.job == name), None)
    if job is None:
        raise NotFoundError(kind="作业 (job)", name=name)
    runs = timetable.show_runs(act.session, act.now, job=name, limit=ON_A_PAGE)
    return render(
        request, "job.html", title=_t(request, mark("作业 {name}"), name=name), job=job,
        runs=[Ran(run, errors_told.tell(run.error), _counted(run.summary)) for run in runs],
        outcomes=OUTCOMES, tags=OUTCOME_TAGS,
    )  # fmt: skip


def _line(job: JobView) -> Line:
    failed = job.last is not None and job.last.outcome in ("failed", "lost")
    return Line(job, failed or job.late_seconds is not None, errors_told.tell(job.last.error if job.last else None))


def _counted(summary: Mapping[str, Any]) -> list[tuple[Text, Text]]:
    """What the run counted, with words for the names; of nested summaries the parts."""
    found: list[tuple[Text, Text]] = []
    for name, value in summary.items():
        if isinstance(value, Mapping):
            found += _counted(value)
        elif isinstance(value, list):
            found += [(COUNTED.get(name, Text(name, name)), Text(*[str(len(value))] * 2))] if value else []
        elif value not in (None, "", 0, False):
            found.append((COUNTED.get(name, Text(name, name)), STATES.get(value, Text(str(value), str(value)))))
    return found


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.JOBS, doing="查看定时作业 / the scheduled jobs")


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)
