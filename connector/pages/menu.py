"""The left menu: pages by how often they are used, each shown only to those who may open it."""

from dataclasses import dataclass

from fastapi import Request

from connector.incidents import alarms
from connector.incidents.scopes import ANYBODY, OWN_UNIT
from connector.pages.language import mark
from connector.pages.visitor import Visitor
from connector.register import readers
from connector.regulations.vocabulary import Office

OF_THE_LEDGER = frozenset({*readers.LEDGER, Office.UNIT_HEAD})
ANY_OFFICE = frozenset(Office)


@dataclass(frozen=True)
class Entry:
    """One line of the menu. `offices`: who sees it; empty means everybody. `counts`: carries the number of tasks.

    `hint` stands beside it on the first page.
    """

    path: str
    words: str
    hint: str
    offices: frozenset[Office] = frozenset()
    counts: bool = False


@dataclass(frozen=True)
class Line:
    path: str
    words: str
    hint: str
    count: int
    is_here: bool


ENTRIES = (
    Entry("/pages/apply", mark("我要申请"), mark("申请账号、权限和密钥，重置口令")),
    Entry("/pages/requests", mark("我的申请"), mark("查看申请的进度和结果")),
    Entry("/pages/account", mark("我的账号"), mark("查看权限、口令天数和密钥")),
    Entry("/pages/inbox", mark("待我审批"), mark("由本人审批的申请"), ANY_OFFICE, counts=True),
    Entry("/pages/ledger", mark("账号台账"), mark("全部账号及其权限、状态"), OF_THE_LEDGER),
    Entry("/pages/persons", mark("使用人名册"), mark("已登记的使用人，含没有账号的"), OF_THE_LEDGER),
    Entry("/pages/matrix", mark("账号权限对照表"), mark("每个账号持有的权限"), OF_THE_LEDGER),
    Entry("/pages/scans", mark("排查"), mark("僵尸用户、简单口令、测试和到期账号"), frozenset(readers.SCANS)),
    Entry(
        "/pages/departures",
        mark("离岗与调动"),
        mark("离岗、调动、回岗人员和人事目录"),
        frozenset(readers.ROTATIONS) | {Office.UNIT_HEAD},
    ),
    Entry("/pages/findings", mark("来源核查"), mark("没有申请可说明的更改，以及对账"), frozenset(readers.FINDINGS)),
    Entry("/pages/jobs", mark("定时作业"), mark("定时作业的时间、结果和延误"), frozenset(readers.JOBS)),
    Entry("/pages/keys", mark("硬件密钥"), mark("密钥的发放、归还和挂失"), frozenset(readers.KEYS)),
    Entry(
        "/pages/freezes",
        mark("冻结账号"),
        mark("按使用人、单位、系统或密钥批次冻结"),
        frozenset({*ANYBODY, *OWN_UNIT, Office.KEY_CUSTODIAN, Office.AUDITOR}),
    ),
    Entry(
        "/pages/incidents",
        mark("安全事件"),
        mark("账号信息泄露的处置步骤和分析报告"),
        frozenset({*readers.OVERSEERS, *OWN_UNIT}),
    ),
    Entry("/pages/alarms", mark("告警"), mark("未确认的告警"), frozenset(alarms.READERS)),
    Entry(
        "/pages/sanctions",
        mark("违规处理"),
        mark("违规的暂停、禁用及其期限"),
        frozenset({*readers.OVERSEERS, *OWN_UNIT}),
    ),
    Entry("/pages/audit", mark("审计记录"), mark("登录、审批和操作的记录"), frozenset(readers.RECORD)),
)


def lines(request: Request, visitor: Visitor) -> list[Line]:
    """The menu of this visitor: what he may open and what is there."""
    mounted: frozenset[str] = request.app.state.page_paths
    here = request.url.path
    return [
        Line(entry.path, entry.words, entry.hint, visitor.waiting if entry.counts else 0, here.startswith(entry.path))
        for entry in ENTRIES
        if entry.path in mounted
        and (not entry.offices or entry.offices & visitor.offices or (entry.counts and visitor.stands_in))
    ]
