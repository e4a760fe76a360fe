"""The left menu: pages by how often they are used, each shown only to those who may open it."""

from dataclasses import dataclass

from fastapi import Request

from connector.conflicts.projects import KEEPERS
from connector.incidents import alarms
from connector.incidents.scopes import ANYBODY, OWN_UNIT
from connector.pages.language import mark
from connector.pages.visitor import Visitor
from connector.register import readers
from connector.regulations.vocabulary import Office
from connector.requests.reorganise import KEEPERS as UNIT_KEEPERS

OF_THE_LEDGER = frozenset({*readers.LEDGER, Office.UNIT_HEAD})
ANY_OFFICE = frozenset(Office)
OF_REVIEWS = frozenset({*readers.REVIEWS, Office.UNIT_HEAD})
OF_FILINGS = frozenset({*readers.REVIEWS, Office.OPERATOR})
OF_REGISTRATIONS = frozenset({*readers.REQUESTS, Office.VERIFIER, Office.UNIT_HEAD})
OF_PROJECTS = frozenset({*readers.CONFLICTS, *KEEPERS})


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
    Entry("/pages/privileged", mark("临时使用"), mark("限时的系统账号权限和使用记录")),
    Entry("/pages/conflicts", mark("职责冲突"), mark("互斥职责、例外和项目登记"), OF_PROJECTS),
    Entry("/pages/deputies", mark("我的代理人"), mark("指定代理人，登记外出"), ANY_OFFICE),
    Entry(
        "/pages/overdue",
        mark("审批时限"),
        mark("超期清单、时限统计和岗位空缺"),
        frozenset(readers.REQUESTS) | {Office.UNIT_HEAD},
    ),
    Entry("/pages/ledger", mark("账号台账"), mark("全部账号及其权限、状态"), OF_THE_LEDGER),
    Entry("/pages/persons", mark("使用人名册"), mark("已登记的使用人，含没有账号的"), OF_THE_LEDGER),
    Entry("/pages/matrix", mark("账号权限对照表"), mark("每个账号持有的权限"), OF_THE_LEDGER),
    Entry(
        "/pages/matrix-checks",
        mark("对照表差异和例外"),
        mark("对照表、审批、Keycloak和子系统的差异，超出对照表的例外"),
        frozenset(readers.LEDGER) | {Office.UNIT_HEAD},
    ),
    Entry("/pages/papers", mark("登记表和交接记录"), mark("打印单位、管理员登记表和交接记录"), OF_THE_LEDGER),
    Entry("/pages/scans", mark("排查"), mark("僵尸用户、简单口令、测试和到期账号"), frozenset(readers.SCANS)),
    Entry(
        "/pages/departures",
        mark("离岗与调动"),
        mark("离岗、调动、回岗人员和人事目录"),
        frozenset(readers.ROTATIONS) | {Office.UNIT_HEAD},
    ),
    Entry(
        "/pages/registrations",
        mark("登记信息"),
        mark("登记信息不符的个案和更正，未予登记的申请"),
        OF_REGISTRATIONS,
    ),
    Entry("/pages/handovers", mark("人员变更和交接"), mark("联系人、经办和审核人员的变更，交接记录的签字")),
    Entry("/pages/unit-changes", mark("单位撤并"), mark("单位撤并、更名、划转的预览和申请"), frozenset(UNIT_KEEPERS)),
    Entry("/pages/duties", mark("待办日历"), mark("到期事项、由谁办理和依据"), ANY_OFFICE),
    Entry("/pages/reviews", mark("权限复核"), mark("逐项复核本单位人员的权限"), OF_REVIEWS),
    Entry("/pages/inspections", mark("账号抽查"), mark("抽查结果和整改"), OF_REVIEWS),
    Entry("/pages/filings", mark("季度备案"), mark("备案材料的制作、签署和回执"), OF_FILINGS),
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
