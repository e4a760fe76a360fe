"""The front door of the checks: what pages, routes, commands and jobs call."""

from connector.checks.cleanup import CleanUpRow, write_xlsx
from connector.checks.proposal import propose, settle_findings
from connector.checks.report import OUTCOMES, Outcome, Report, ReportLine
from connector.checks.scan import Found
from connector.checks.scans import SCANS, find_scan
from connector.checks.views import (
    Preview,
    ScanView,
    cleanup_list,
    get_scan,
    list_scans,
    preview,
    report,
)

__all__ = [
    "OUTCOMES",
    "SCANS",
    "CleanUpRow",
    "Found",
    "Outcome",
    "Preview",
    "Report",
    "ReportLine",
    "ScanView",
    "cleanup_list",
    "find_scan",
    "get_scan",
    "list_scans",
    "preview",
    "propose",
    "report",
    "settle_findings",
    "write_xlsx",
]
