"""The operations of cases, sanctions and alarms, each with one right call; joined to the others by `operations`."""

from datetime import timedelta
from typing import Any

from connector.audit import service as audit
from connector.audit.events import Event
from connector.incidents import alarms, cases, closing, sanctions
from connector.incidents.alarm_tables import AlarmRow
from connector.incidents.case_tables import CaseRow
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.sanctions import SanctionForm
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.fixtures_api import Api
from tests.operations import Call, account_row, operation, simple
from tests.town import HOST, NOON

SECURITY, PRINCIPAL = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL
WORDS = {"cause": "口令被钓鱼网站骗取", "consequences": "未查到数据外泄", "corrections": "更换口令并培训"}


def case(api: Api, *answers: tuple[str, str], reported: bool = True) -> CaseRow:
    """An open case about a new account, reported up and answered so far."""
    town, account = api.town, account_row(api)
    with town.connector.act(town.actor(SECURITY)) as act:
        form = CaseForm(user_name=account.user_name, since=min(NOON, act.now), reason="口令疑似泄露")
        made = cases.open_case(act, form, alone=1000)
        if reported:
            cases.report_up(act, made.number, to="本级系统管理员", receipt="当面签收")
        for question, value in answers:
            cases.answer(act, made.number, question=question, value=value, why="查阅记录后")
    return made


def case_call(api: Api, path: str, sent: dict[str, Any] | None = None, *, by: Office = SECURITY, **fields: Any) -> Call:
    made = case(api)
    return Call(path.format(made.number), by, sent={} if sent is None else {"json": sent}, **fields)


def alarm(api: Api) -> AlarmRow:
    with api.town.connector.act(HOST) as act:
        audit.record(act, Event.LOGIN_SPRAYED, f"address:{len(api.bodies)}", alarm=True)
        act.session.flush()
        alarms.collect(act)
        return next(one.row for one in alarms.list_alarms(act, event=Event.LOGIN_SPRAYED.value))


def report(api: Api) -> tuple[CaseRow, str]:
    made = case(api)
    with api.town.connector.act(api.town.actor(SECURITY)) as act:
        return made, closing.write_report(act, made.number, ReportForm(**WORDS)).hash


simple("GET", "/incidents", by=Office.AUDITOR, refused=200)
simple("GET", "/sanctions", by=Office.AUDITOR)
simple("GET", "/alarms", by=Office.AUDITOR)


@operation("POST", "/incident-reports")
def suspect(api: Api) -> Call:
    sent = {"user_name": account_row(api).user_name, "reason": "同事账号异常登录"}
    return Call("/incident-reports", api.town.applicant("ywk"), status=204, refused=204, sent={"json": sent})


@operation("POST", "/incidents")
def open_case(api: Api) -> Call:
    sent = {"user_name": account_row(api).user_name, "since": "2026-03-01T00:00:00Z", "reason": "口令疑似泄露"}
    return Call("/incidents", SECURITY, status=201, sent={"json": sent})


@operation("GET", "/incidents/{number}")
def show_case(api: Api) -> Call:
    return case_call(api, "/incidents/{}", by=Office.AUDITOR)


@operation("GET", "/incidents/{number}/trace")
def show_trace(api: Api) -> Call:
    return case_call(api, "/incidents/{}/trace", by=Office.AUDITOR)


@operation("GET", "/incidents/{number}/created")
def preview_created(api: Api) -> Call:
    return case_call(api, "/incidents/{}/created")


@operation("POST", "/incidents/{number}/report-up")
def report_up(api: Api) -> Call:
    return case_call(api, "/incidents/{}/report-up", {"to": "上级", "receipt": "12号"})


@operation("POST", "/incidents/{number}/look-again")
def look_again(api: Api) -> Call:
    return case_call(api, "/incidents/{}/look-again")


@operation("POST", "/incidents/{number}/freeze-created")
def freeze_created(api: Api) -> Call:
    made = case(api)
    shown = api.call("GET", f"/incidents/{made.number}/created", by=SECURITY).json()
    sent = {"plan_hash": shown["accounts"]["hash"]}
    return Call(f"/incidents/{made.number}/freeze-created", SECURITY, sent={"json": sent})


@operation("POST", "/incidents/{number}/answers")
def answer(api: Api) -> Call:
    sent = {"question": "leaked", "answer": "yes", "why": "查到数据外发"}
    return case_call(api, "/incidents/{}/answers", sent)


@operation("POST", "/incidents/{number}/outcomes/{outcome}")
def tell_outcome(api: Api) -> Call:
    made = case(api, ("leaked", "no"))
    sent = {"note": "已清理两条", "receipt": "业务科3号"}
    return Call(f"/incidents/{made.number}/outcomes/clean_data", SECURITY, sent={"json": sent})


@operation("POST", "/incidents/{number}/reports")
def write_report(api: Api) -> Call:
    return case_call(api, "/incidents/{}/reports", dict(WORDS), status=201)


@operation("GET", "/incidents/{number}/reports/{version}")
def show_report(api: Api) -> Call:
    return Call(f"/incidents/{report(api)[0].number}/reports/1", Office.AUDITOR)


@operation("GET", "/incidents/{number}/report.pdf")
def print_report(api: Api) -> Call:
    return Call(f"/incidents/{report(api)[0].number}/report.pdf", Office.AUDITOR)


@operation("POST", "/incidents/{number}/sign")
def sign_report(api: Api) -> Call:
    made, shown = report(api)
    return Call(f"/incidents/{made.number}/sign", PRINCIPAL, sent={"json": {"version": 1, "hash": shown}})


@operation("POST", "/incidents/{number}/close")
def close_case(api: Api) -> Call:
    """A case in which everything is done: the leader had the account cancelled, the report is signed."""
    made = case(api, ("leaked", "yes"), ("leader", "cancel"))
    with api.town.connector.act(HOST) as act:
        row = act.session.get_one(AccountRow, made.account_id)
        row.status = "cancelled"
    with api.town.connector.act(api.town.actor(SECURITY)) as act:
        closing.tell_outcome(act, made.number, outcome="refer_unit", note="已上报", receipt="报告3号")
        shown = closing.write_report(act, made.number, ReportForm(**WORDS)).hash
    with api.town.connector.act(api.town.actor(PRINCIPAL)) as act:
        closing.sign_report(act, made.number, version=1, shown_hash=shown)
    api.town.connector.deliver(now=api.town.clock.now() + timedelta(seconds=10))
    return Call(f"/incidents/{made.number}/close", SECURITY, sent={})


def sanction_form(api: Api) -> dict[str, str]:
    return {"user_name": account_row(api).user_name, "impact": "minor", "violation": "将账号借给他人使用"}


@operation("POST", "/sanctions")
def propose_sanction(api: Api) -> Call:
    return Call("/sanctions", SECURITY, status=201, sent={"json": sanction_form(api)})


@operation("POST", "/sanctions/{sanction_id}/informed")
def inform(api: Api) -> Call:
    form = SanctionForm(**sanction_form(api))
    with api.town.connector.act(api.town.actor(SECURITY)) as act:
        row = sanctions.propose(act, form)
    return Call(f"/sanctions/{row.id}/informed", SECURITY, sent={"json": {"receipt": "当面签收"}})


@operation("POST", "/alarms/{alarm_id}/ack")
def acknowledge(api: Api) -> Call:
    row = alarm(api)
    return Call(f"/alarms/{row.id}/ack", SECURITY, sent={"json": {"note": "已核实", "seen": row.count}})


@operation("POST", "/console-administrators")
def register_administrator(api: Api) -> Call:
    sent = {"user_id": "7f1c", "label": "省平台管理员"}
    return Call("/console-administrators", SECURITY, status=204, sent={"json": sent})
