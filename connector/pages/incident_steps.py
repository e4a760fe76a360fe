"""The steps of a case as a person goes through them: what is done, what is next, and who does it. Reads only."""

from dataclasses import dataclass

from connector.auth.act import Act
from connector.errors import Text
from connector.incidents import closing, outcomes, store
from connector.incidents.case_tables import CaseRow
from connector.incidents.cases import tree_of
from connector.regulations.incidents import Outcome

OFFICERS = Text("安全管理员、中心主要负责人或本单位负责人", "security administrator, principal or head of the unit")
SIGNERS = Text("信息技术科负责人或中心主要负责人", "head of the system department or the principal")
APPLICANTS = Text("申请单位提交，各环节审批人审批", "the unit applies, the approvers decide")
KEYS = Text("密钥保管员", "key custodian")
MACHINE = Text("系统自动办理", "done by the system")
WHO = {
    Outcome.FREEZE_CREATED: OFFICERS,
    Outcome.CHANGE_PASSWORD: MACHINE,
    Outcome.REISSUE_KEY: KEYS,
    Outcome.CLEAN_DATA: OFFICERS,
    Outcome.REFER_UNIT: OFFICERS,
    Outcome.REFER_AUTHORITY: OFFICERS,
}
ARTICLES = {
    "administrator": Text("系统管理员账号信息泄露（GS 13）", "Compromised administrator (GS 13)"),
    "user": Text("系统用户账号信息泄露（GS 14）", "Compromised user (GS 14)"),
}
STATES = {"open": Text("处理中", "Open"), "closed": Text("已结案", "Closed")}
STATE_TAGS = {"open": "bad", "closed": "ok"}
PLACES = {
    "record": Text("审计记录", "the record"),
    "requests": Text("申请和审批", "requests and decisions"),
    "login": Text("登录事件", "login events"),
    "console": Text("Keycloak 管理事件", "admin events of Keycloak"),
}


NOTHING = Text("", "")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `form`: which form the page shows for it, "" where there is only to wait for others."""

    key: str
    name: Text
    who: Text
    clause: str
    done: bool
    form: str = ""
    to_do: Text = NOTHING


def steps_of(act: Act, case: CaseRow) -> list[Step]:
    """Every step in its order; the first one that is not done is next."""
    tree = tree_of(case)
    order = store.get_order(act, case.freeze_order_id) if case.freeze_order_id else None
    asked = tree.ask(case.question)
    report = closing.newest_report(act, case)
    return [
        Step(
            key="freeze", name=Text("冻结账号", "Freeze the account"), who=OFFICERS, clause=tree.clause,
            done=order is None or order.started_at is not None,
            to_do=Text("冻结指令须另一人确认", "A second person confirms the freeze order"),
        ),
        Step(
            key="report_up", name=Text(f"报告{tree.report_to}", f"Report to {tree.report_to_en}"), who=OFFICERS,
            clause=tree.clause, done=case.reported_at is not None, form="report_up",
        ),
        Step(
            key="answer", name=Text("查看操作并回答处置问题", "Look at what it did, then answer"), who=OFFICERS,
            clause=asked.clause if asked else tree.clause, done=not case.question, form="answer",
        ),
        *_outcome_steps(act, case),
        Step(
            key="report", name=Text("编写分析报告", "Write the analysis report"), who=OFFICERS, clause="GS 15",
            done=report is not None, form="report",
        ),
        Step(
            key="sign", name=Text("签发并归档分析报告", "Sign and file the report"), who=SIGNERS, clause="GS 15",
            done=report is not None and report.signed_at is not None, form="sign",
        ),
        Step(
            key="close", name=Text("结案", "Close the case"), who=OFFICERS, clause="GS 15", done=case.state == "closed",
            form="close",
        ),
    ]  # fmt: skip


def next_step(steps: list[Step]) -> Step | None:
    return next((step for step in steps if not step.done), None)


def _outcome_steps(act: Act, case: CaseRow) -> list[Step]:
    tree = tree_of(case)
    return [
        Step(
            key=f"outcome-{one.outcome}", name=outcomes.NAMES[one.outcome],
            who=WHO.get(one.outcome, APPLICANTS), clause=tree.clause, done=one.done,
            form="told" if one.told else "created" if one.outcome is Outcome.FREEZE_CREATED else "",
            to_do=outcomes.TO_DO[one.outcome],
        )
        for one in outcomes.states_of(act, case)
    ]  # fmt: skip
