"""A compromised account on a real Keycloak: frozen, traced into the console, its users shut out, restored, closed."""

from datetime import timedelta
from typing import Any

import pytest

from connector.auth.actor import Actor, person_actor
from connector.incidents import alarms, cases, closing
from connector.incidents.case_tables import CaseRow
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.errors import CreatedBySubjectError, OwnCaseError, WrongAnswerError
from connector.register import accounts, people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office, RequestKind
from jobs import ingest_events
from tests.factories import make_appointment
from tests.fixtures_key_holders import Holder
from tests.integration.provenance.conftest import GateTown
from tests.town import HOST

SECURITY, PRINCIPAL = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL
WORDS = ReportForm(cause="口令被钓鱼网站骗取", consequences="在控制台新建两个用户", corrections="更换口令并培训全员")


def do(town: GateTown, what: Any, *given: Any, by: Office | Actor = SECURITY, **named: Any) -> Any:
    actor = town.town.actor(by) if isinstance(by, Office) else by
    with town.town.connector.act(actor) as act:
        return what(act, *given, **named)


def open_case(town: GateTown, account: AccountRow, *console_ids: str) -> CaseRow:
    form = CaseForm(
        user_name=account.user_name, since=town.town.clock.now() - timedelta(hours=1), reason="口令疑似泄露",
        console_ids=console_ids,
    )  # fmt: skip
    case: CaseRow = do(town, cases.open_case, form, alone=3)
    town.settle()
    return case


def answer(town: GateTown, case: CaseRow, question: str, value: str) -> None:
    do(town, cases.answer, case.number, question=question, value=value, why="查阅记录后")
    town.settle()


def left(town: GateTown, case: CaseRow) -> list[str]:
    with town.town.connector.act(HOST) as act:
        return [step.en for step in closing.open_steps(act, cases.get_case(act, case.number))]


def make_administrator(town: GateTown, who: Holder) -> None:
    """He administers by office, in a department of his own."""
    with town.town.connector.act(HOST) as act:
        person = people.get_person(act, accounts.get_account(act, who.account.id).person_id)
        make_appointment(act, person, "ywk", Office.OPERATOR)


def restore(town: GateTown, who: Holder) -> list[str]:
    form = town.town.form(kind=RequestKind.ENABLE, account=who.account.user_name, reason="处置完毕，恢复使用")
    request, offices = town.town.submit(form), []
    while request.state == "pending":
        offices.append(town.town.open_stage(request).office)
        request = town.town.decide(request)
    town.settle()
    return offices


@pytest.mark.req("I1", "I4")
def test_administrator_who_created_users_in_the_console_is_found_with_all_of_them(town: GateTown) -> None:
    who = town.newcomer()
    make_administrator(town, who)
    for name in ("ghost-one", "ghost-two"):
        town.by_hand.post("/users", {"username": name, "enabled": True, "groups": ["/accounts"]})
    found = {one.keycloak_id: one for one in town.judge() if one.kind == "user_created"}
    administrator = next(iter(found.values())).actor_id
    case = open_case(town, who.account, str(administrator))
    assert not town.realm.provider.get_user(who.user_id).enabled
    with town.town.connector.act(HOST) as act:
        created = cases.list_created(act, case)
        seen = cases.trace_of(act, case)
    assert {one.user_id for one in created} == set(found)
    assert {one.name for one in created} == {"ghost-one", "ghost-two"}
    assert {"CREATE:USER"} <= {item.what for item in seen.items if item.found_in == "console"}
    do(town, cases.report_up, case.number, to="省局系统管理员", receipt="电话记录12号")
    with pytest.raises(WrongAnswerError):
        answer(town, case, "created", "no")
    answer(town, case, "created", "yes")
    shown = do(town, cases.preview_created, case.number, alone=3)
    do(town, cases.freeze_created, case.number, plan_hash=shown.freeze.hash, alone=3)
    town.settle()
    assert [town.by_hand.get(f"/users/{user_id}")["enabled"] for user_id in found] == [False, False]
    answer(town, case, "leaked_after_creating", "no")
    answer(town, case, "key", "no")
    assert "Delete the users it created" in left(town, case)
    for user_id in found:
        town.by_hand.delete(f"/users/{user_id}")
    ingest_events.run(town.town.connector, town.town.clock.now())
    assert left(town, case) == ["Restore the account", "sign the report"]
    assert "principal" in restore(town, who)
    assert town.realm.provider.get_user(who.user_id).enabled
    assert not who.may_log_in("website")  # The old password is void: he needs a link of his own.
    report = do(town, closing.write_report, case.number, WORDS)
    assert {one["name"] for one in report.facts["created"]} == {"ghost-one", "ghost-two"}
    do(town, closing.sign_report, case.number, version=1, shown_hash=report.hash, by=PRINCIPAL)
    assert do(town, closing.close_case, case.number).state == "closed"


@pytest.mark.req("I2")
def test_user_is_frozen_answered_by_his_own_tree_and_restored_with_a_new_password(town: GateTown) -> None:
    who = town.newcomer()
    who.log_in("website")
    case = open_case(town, who.account)
    assert (case.article, who.sessions().online, who.may_log_in("website")) == ("user", 0, False)
    ingest_events.run(town.town.connector, town.town.clock.now())
    with town.town.connector.act(HOST) as act:
        assert "LOGIN" in {item.what for item in cases.trace_of(act, case).items if item.found_in == "login"}
    do(town, cases.report_up, case.number, to="本级系统管理员", receipt="当面签收")
    answer(town, case, "leaked", "no")
    answer(town, case, "key", "no")
    do(town, closing.tell_outcome, case.number, outcome="clean_data", note="已清理两条", receipt="业务科3号")
    assert "Change the password" not in left(town, case)
    assert "principal" in restore(town, who)
    assert left(town, case) == ["sign the report"]


@pytest.mark.req("I1")
def test_nobody_handles_a_case_about_himself_or_his_maker(town: GateTown) -> None:
    maker = town.newcomer()
    with town.town.connector.act(HOST) as act:
        person = people.get_person(act, accounts.get_account(act, maker.account.id).person_id)
        make_appointment(act, person, "jyzx", PRINCIPAL)
    case = open_case(town, town.town.centre.accounts[town.town.centre.person(Office.OPERATOR).id])
    made = person_actor(maker.account.person_id, maker.account.user_name, account_id=maker.account.id, acr="mfa")
    with pytest.raises(CreatedBySubjectError):  # The operator's decision had opened his account.
        do(town, cases.report_up, case.number, to="上级", receipt="12号", by=made)
    own = open_case(town, maker.account)
    with pytest.raises(OwnCaseError):
        do(town, cases.get_case, own.number, by=made)


@pytest.mark.req("I6")
def test_unknown_administrator_and_locked_account_become_alarms_on_a_real_keycloak(town: GateTown) -> None:
    who = town.newcomer()
    town.by_hand.post("/users", {"username": "ghost-three", "enabled": True})
    town.judge()
    with town.town.connector.act(HOST) as act:
        alarms.collect(act)
        kinds = {one.row.event for one in alarms.list_alarms(act)}
    assert {"administrator.unknown_found", "provenance.found"} <= kinds
    assert who.account.status == "active"
