"""排查: the runs of the scans, one run with its accounts and what became of each, its clean-up list, and a dry run.

The decision itself stands among the requests. Nothing is written here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.checks import cleanup
from connector.checks import service as checks
from connector.checks.report import Outcome, ReportLine
from connector.checks.scans import PASSWORDS
from connector.errors import Text
from connector.pages import evidence, frame, owners
from connector.pages.access import PageActDep
from connector.pages.evidence import rule_words
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.owners import Owner
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.pages.visitor import get_desk
from connector.register import readers
from connector.register.offices import check_holds

router = APIRouter(prefix="/pages/scans", tags=["pages"], include_in_schema=False)

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OUTCOME_TAGS: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "info",
    Outcome.DISABLED: "ok",
    Outcome.SPARED: "warn",
    Outcome.EXCLUDED: "warn",
    Outcome.OVERTAKEN: "bad",
}


class Line(NamedTuple):
    """One account of a run or of a dry run: whose it is, what speaks for it, and what became of it."""

    user_name: str
    owner: Owner | None
    evidence: Sequence[Text]
    line: ReportLine | None = None


@router.get("")
def list_runs(request: Request, act: PageActDep, scan: str = "", page: int = 1) -> HTMLResponse:
    """The runs that found something to say, the newest first; the requests that wait stand first."""
    _check_reader(act)
    name = scan if scan in _names() else ""
    page = asked(page)
    rows = checks.list_scans(act, name=name, first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE + 1)
    return render(
        request, "scans.html", title=_t(request, mark("排查")), runs=rows[:ON_A_PAGE], more=len(rows) > ON_A_PAGE,
        page=page, scan=name, scans=checks.SCANS.values(), names=_names(), rule_words=rule_words,
    )  # fmt: skip


@router.get("/try/{name}")
def preview(request: Request, act: PageActDep, name: str, page: int = 1) -> HTMLResponse:
    """What the scan would find now; writes nothing and proposes nothing."""
    _check_reader(act)
    scan = checks.find_scan(name)
    seen = checks.preview(act, name, first=(asked(page) - 1) * ON_A_PAGE, count=ON_A_PAGE)
    place = paging(page, sum(seen.counts.get(verdict, 0) for verdict in scan.found))
    known = owners.by_user_name(act, [found.user_name for found in seen.accounts])
    lines = [Line(one.user_name, known.get(one.user_name), evidence.says(one.evidence)) for one in seen.accounts]
    return render(
        request, "scan_try.html", title=_t(request, mark("试排查")), seen=seen, lines=lines, place=place,
        paged=place if place.pages > 1 else None, rule_words=rule_words(seen.rule), whys=evidence.WHYS,
    )  # fmt: skip


@router.get("/{scan_id}")
def read(request: Request, act: PageActDep, scan_id: str, page: int = 1) -> HTMLResponse:
    """One run: its rule in words, its numbers, and every account with what became of it (GS 17)."""
    _check_reader(act)
    run, report = checks.get_scan(act, scan_id), checks.report(act, scan_id)
    place = paging(page, len(report.lines))
    shown = report.lines[place.first : place.first + ON_A_PAGE]
    known = owners.by_account(act, [line.account_id for line in shown])
    lines = [Line(one.user_name, known.get(one.account_id), evidence.says(one.evidence), one) for one in shown]
    return render(
        request, "scan.html", title=_t(request, mark("排查结果")), run=run, report=report, lines=lines, place=place,
        paged=place if place.pages > 1 else None, rule_words=rule_words(run.rule), outcomes=checks.OUTCOMES,
        tags=OUTCOME_TAGS,
    )  # fmt: skip


@router.get("/{scan_id}/list")
def show_list(request: Request, act: PageActDep, scan_id: str) -> HTMLResponse:
    """The clean-up list as the annex draws it, for the screen and for paper (JC annex 3)."""
    _check_reader(act)
    run = checks.get_scan(act, scan_id)
    rows = checks.cleanup_list(act, scan_id)
    return render(
        request, "scan_list.html", title=cleanup.TITLE, run=run, rows=rows, headings=cleanup.HEADINGS,
        systems=list(dict.fromkeys(row.system for row in rows if row.system != cleanup.NO_SYSTEM)),
    )  # fmt: skip


@router.get("/{scan_id}/list.pdf")
def print_list(request: Request, act: PageActDep, scan_id: str) -> Response:
    """The clean-up list as the annex draws it (JC annex 3)."""
    _check_reader(act)
    rows = checks.cleanup_list(act, scan_id)
    content = get_desk(request).typesetter.pdf("listing", cleanup.listing(rows), at=act.now)
    kept = {**frame.headers(get_desk(request).settings), "Content-Disposition": 'attachment; filename="list.pdf"'}
    return Response(content, media_type="application/pdf", headers=kept)


@router.get("/{scan_id}/list.xlsx")
def download_list(request: Request, act: PageActDep, scan_id: str) -> Response:
    """The clean-up list as a spreadsheet (JC annex 3)."""
    _check_reader(act)
    run = checks.get_scan(act, scan_id)
    content = checks.write_xlsx(checks.cleanup_list(act, scan_id))
    name = quote(f"{cleanup.TITLE}-{run.scan}-{run.at:%Y%m%d}.xlsx")
    kept = {**frame.headers(get_desk(request).settings), "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=SHEET, headers=kept)


def _names() -> dict[str, Text]:
    """Every scan that leaves runs, by its name."""
    return {**{scan.name: scan.title for scan in checks.SCANS.values()}, "passwords": PASSWORDS}


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.SCANS, doing="查看排查结果 / the results of scans")


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
