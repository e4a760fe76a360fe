"""The left menu: pages by how often they are used, each shown only to those who may open it."""

from dataclasses import dataclass

from fastapi import Request

from connector.pages.language import mark
from connector.pages.visitor import Visitor
from connector.regulations.vocabulary import Office

OVERSEERS = frozenset({Office.PRINCIPAL, Office.SYSTEM_DEPARTMENT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.AUDITOR})
ANY_OFFICE = frozenset(Office)


@dataclass(frozen=True)
class Entry:
    """One line of the menu. `offices`: who sees it; empty means everybody. `counts`: carries the number of tasks."""

    path: str
    words: str
    offices: frozenset[Office] = frozenset()
    counts: bool = False


@dataclass(frozen=True)
class Line:
    path: str
    words: str
    count: int
    is_here: bool


ENTRIES = (
    Entry("/pages/apply", mark("我要申请")),
    Entry("/pages/requests", mark("我的申请")),
    Entry("/pages/account", mark("我的账号")),
    Entry("/pages/inbox", mark("待我审批"), ANY_OFFICE, counts=True),
    Entry("/pages/ledger", mark("账号台账"), OVERSEERS | {Office.UNIT_HEAD}),
    Entry("/pages/matrix", mark("账号权限对照表"), OVERSEERS | {Office.UNIT_HEAD}),
    Entry("/pages/scans", mark("排查"), OVERSEERS | {Office.OPERATOR}),
    Entry("/pages/keys", mark("硬件密钥"), OVERSEERS | {Office.KEY_CUSTODIAN}),
    Entry("/pages/freezes", mark("冻结账号"), OVERSEERS | {Office.UNIT_HEAD, Office.OPERATOR}),
    Entry("/pages/audit", mark("审计记录"), OVERSEERS),
)


def lines(request: Request, visitor: Visitor) -> list[Line]:
    """The menu of this visitor: what he may open and what is there."""
    mounted: frozenset[str] = request.app.state.page_paths
    here = request.url.path
    return [
        Line(entry.path, entry.words, visitor.waiting if entry.counts else 0, here.startswith(entry.path))
        for entry in ENTRIES
        if entry.path in mounted and (not entry.offices or entry.offices & visitor.offices)
    ]
