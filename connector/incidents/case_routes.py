"""REST routes of cases, sanctions and alarms: what the pages and commands offer too."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from connector.http import ActDep, TypesetterDep
from connector.incidents import alarms, case_schemas, cases, closing, paper, privilege_watch, sanctions, suspicion
from connector.incidents.case_schemas import (
    Acknowledgement,
    AdministratorForm,
    AlarmShown,
    CaseListed,
    CaseShown,
    CreatedPreviewShown,
    GivenAnswer,
    PlanHash,
    Receipt,
    ReportShown,
    ReportUp,
    SanctionShown,
    Signature,
    Suspicion,
    ToldOutcome,
    TraceShown,
)
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.routes import SettingsDep
from connector.incidents.sanctions import SanctionForm
from connector.incidents.schemas import OrderListed, list_order
from connector.papers.routes import PRINTED, printed

router = APIRouter(tags=["incidents"])
Number = Annotated[str, Path(max_length=36)]


def get_names(request: Request) -> paper.Names:
    """What events are called is the pages' to say; the application hands it down."""
    names: paper.Names = request.app.state.event_names
    return names


NamesDep = Annotated[paper.Names, Depends(get_names)]


@router.post("/incident-reports", status_code=204)
def suspect(act: ActDep, form: Suspicion) -> None:
    """报告账号可能泄露 / report that an account may be compromised; freezes nothing."""
    suspicion.suspect(act, form.user_name, reason=form.reason)


@router.post("/incidents", status_code=201)
def open_case(act: ActDep, settings: SettingsDep, form: CaseForm) -> CaseShown:
    """立案并立即冻结 / open a case, and freeze the account at once."""
    return case_schemas.show_case(act, cases.open_case(act, form, alone=settings.freeze_alone))


@router.get("/incidents")
def list_cases(act: ActDep, state: Annotated[str, Query(max_length=8)] = "") -> list[CaseListed]:
    """案件清单 / the cases the caller may read, the newest first."""
    return [case_schemas.list_case(act, case) for case in cases.list_cases(act, state=state)]


@router.get("/incidents/{number}")
def show_case(act: ActDep, number: Number) -> CaseShown:
    """一个案件及下一步 / one case, and what is next."""
    return case_schemas.show_case(act, cases.get_case(act, number))


@router.post("/incidents/{number}/report-up")
def report_up(act: ActDep, number: Number, form: ReportUp) -> CaseShown:
    """登记向上级报告 / enter whom the case was reported to, with the receipt."""
    return case_schemas.show_case(act, cases.report_up(act, number, to=form.to, receipt=form.receipt))


@router.get("/incidents/{number}/trace")
def show_trace(act: ActDep, number: Number) -> TraceShown:
    """涉案账号所做的一切及缺口 / everything the account did, and what may be missing."""
    return case_schemas.show_trace(act, cases.get_case(act, number))


@router.get("/incidents/{number}/created")
def preview_created(act: ActDep, settings: SettingsDep, number: Number) -> CreatedPreviewShown:
    """新建用户名单，冻结前查看 / the users it created, before they are frozen."""
    return case_schemas.show_created_preview(cases.preview_created(act, number, alone=settings.freeze_alone))


@router.post("/incidents/{number}/look-again")
def look_again(act: ActDep, number: Number) -> CaseShown:
    """重新查找新建用户 / look for created users again."""
    cases.look_again(act, number)
    return case_schemas.show_case(act, cases.get_case(act, number))


@router.post("/incidents/{number}/freeze-created")
def freeze_created(act: ActDep, settings: SettingsDep, number: Number, form: PlanHash) -> OrderListed | None:
    """冻结新建用户 / freeze exactly the created users that were shown."""
    order = cases.freeze_created(act, number, plan_hash=form.plan_hash, alone=settings.freeze_alone)
    return list_order(act, order) if order else None


@router.post("/incidents/{number}/answers")
def answer(act: ActDep, number: Number, form: GivenAnswer) -> CaseShown:
    """回答处置问题 / answer the open question of the tree."""
    case = cases.answer(act, number, question=form.question, value=form.answer, why=form.why)
    return case_schemas.show_case(act, case)


@router.post("/incidents/{number}/outcomes/{outcome}")
def tell_outcome(
    act: ActDep, number: Number, outcome: Annotated[str, Path(max_length=32)], form: ToldOutcome
) -> CaseShown:
    """登记处置结果 / enter an outcome that only people know."""
    closing.tell_outcome(act, number, outcome=outcome, note=form.note, receipt=form.receipt)
    return case_schemas.show_case(act, cases.get_case(act, number))


@router.post("/incidents/{number}/reports", status_code=201)
def write_report(act: ActDep, number: Number, form: ReportForm) -> ReportShown:
    """编写分析报告 / write the next version of the analysis report."""
    return case_schemas.show_report(act, closing.write_report(act, number, form))


@router.get("/incidents/{number}/reports/{version}")
def show_report(act: ActDep, number: Number, version: int) -> ReportShown:
    """分析报告的一个版本 / one version of the report."""
    return case_schemas.show_report(act, closing.get_report(act, cases.get_case(act, number), version))


@router.get("/incidents/{number}/report.pdf", response_class=Response, responses=PRINTED)
def print_report(
    act: ActDep, typesetter: TypesetterDep, names: NamesDep, number: Number, version: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """打印分析报告 / the report as a PDF of A4 pages, the newest version without one (GS 15)."""
    return printed(act, typesetter, "form", paper.report_paper(act, number, names, version=version))


@router.post("/incidents/{number}/sign")
def sign_report(act: ActDep, number: Number, form: Signature) -> ReportShown:
    """签发分析报告 / sign exactly the version that was shown, which files it."""
    row = closing.sign_report(act, number, version=form.version, shown_hash=form.hash)
    return case_schemas.show_report(act, row)


@router.post("/incidents/{number}/close")
def close_case(act: ActDep, number: Number) -> CaseShown:
    """结案 / close the case; refused while anything is open."""
    return case_schemas.show_case(act, closing.close_case(act, number))


@router.post("/sanctions", status_code=201)
def propose_sanction(act: ActDep, form: SanctionForm) -> SanctionShown:
    """提请违规处理 / propose a sanction: a request with its chain and the term of its impact."""
    row = sanctions.propose(act, form)
    return case_schemas.show_sanction(sanctions.get_sanction(act, row.id))


@router.get("/sanctions")
def list_sanctions(act: ActDep, account: Annotated[str, Query(max_length=64)] = "") -> list[SanctionShown]:
    """违规处理登记 / the register of sanctions."""
    return [case_schemas.show_sanction(one) for one in sanctions.list_sanctions(act, user_name=account)]


@router.post("/sanctions/{sanction_id}/informed")
def inform(act: ActDep, sanction_id: Number, form: Receipt) -> SanctionShown:
    """登记已告知本人 / enter that the notice was handed over."""
    sanctions.inform(act, sanction_id, receipt=form.receipt)
    return case_schemas.show_sanction(sanctions.get_sanction(act, sanction_id))


@router.get("/alarms")
def list_alarms(act: ActDep, with_closed: bool = False) -> list[AlarmShown]:
    """告警清单 / the alarms, the worst first; open ones unless closed ones are asked for."""
    return [case_schemas.show_alarm(one) for one in alarms.list_alarms(act, open_only=not with_closed)]


@router.post("/alarms/{alarm_id}/ack")
def acknowledge(act: ActDep, alarm_id: Number, form: Acknowledgement) -> AlarmShown:
    """确认告警 / acknowledge an alarm with a note."""
    row = alarms.acknowledge(act, alarm_id, note=form.note, seen=form.seen)
    return case_schemas.show_alarm(alarms.get_alarm(act, row.id))


@router.post("/console-administrators", status_code=204)
def register_administrator(act: ActDep, form: AdministratorForm) -> None:
    """登记 Keycloak 管理员 / make an administrator of Keycloak known."""
    privilege_watch.register_administrator(act, form.user_id, label=form.label)
