"""A user's case whose key is taken back and issued anew (GS 14), and a sanction for a violation (LC 7(3))."""

from datetime import timedelta

import pytest

from connector.embedded.browser import LoginRefusedError
from connector.embedded.soft_key import SoftKey
from connector.incidents import cases, closing, sanctions
from connector.incidents.sanctions import SanctionForm
from connector.keys import service as keys
from connector.provisioning import service as provisioning
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind
from connector.requests.tables import RequestRow
from tests.fixtures_key_holders import Holder
from tests.integration.incidents.test_compromised import (
    PRINCIPAL,
    SECURITY,
    WORDS,
    answer,
    do,
    left,
    open_case,
    restore,
)
from tests.integration.provenance.conftest import GateTown
from tests.town import HOST


def report_up(town: GateTown, number: str) -> None:
    do(town, cases.report_up, number, to="本级系统管理员", receipt="当面签收")


def exchange_key(town: GateTown, who: Holder, old: str, new: str) -> None:
    """The key is taken back as lost, another is applied for, approved, and given out."""
    town.lose(old)
    town.town.approve(town.ask(RequestKind.REPLACE_KEY, who.account, key=old, cause="lost"))
    town.stock(new)
    town.issue(new, who.account)
    town.settle()


@pytest.mark.req("I2", "I4")
def test_user_whose_key_may_have_leaked_gets_another_and_a_new_password_before_he_is_restored(town: GateTown) -> None:
    who = town.newcomer()
    who.log_in("website")
    town.reconcile()
    old_key, old_password = who.key, who.copy()
    (serial,) = [key.serial for key in town.keys_of(who.account)]
    case = open_case(town, who.account)
    assert (case.article, who.sessions().online, who.may_log_in("website")) == ("user", 0, False)
    report_up(town, case.number)
    answer(town, case, "leaked", "no")
    do(town, closing.tell_outcome, case.number, outcome="clean_data", note="已清理两条", receipt="业务科3号")
    answer(town, case, "key", "yes")
    assert "Take the key back and issue another" in left(town, case)
    exchange_key(town, who, serial, f"{serial}-2")
    assert not town.realm.provider.get_user(who.user_id).enabled  # The case holds him, a new key notwithstanding.
    assert left(town, case) == ["Restore the account", "sign the report"]
    assert "principal" in restore(town, who)
    assert not who.may_log_in("website", old_password)
    who.open_link()
    assert who.person is not None
    who.person.key = SoftKey.make()
    who.log_in("website")
    town.reconcile()
    assert who.log_in()[1].level == "mfa"
    assert not who.may_log_in(person=who.copy(key=old_key))
    report = do(town, closing.write_report, case.number, WORDS)
    assert {one["outcome"]: one["done"] for one in report.facts["outcomes"]}["reissue_key"]
    do(town, closing.sign_report, case.number, version=1, shown_hash=report.hash, by=PRINCIPAL)
    assert do(town, closing.close_case, case.number).state == "closed"


def punish(town: GateTown, account: AccountRow, impact: str) -> RequestRow:
    with town.town.connector.act(town.town.actor(SECURITY)) as act:
        form = SanctionForm(user_name=account.user_name, impact=impact, violation="将账号借给他人使用")
        request = act.session.get_one(RequestRow, sanctions.propose(act, form).request_id)
    approved = town.town.approve(request)
    town.settle()
    return approved


@pytest.mark.req("C5", "I5")
def test_violation_shuts_the_account_for_a_term_by_impact_and_only_the_principal_lifts_it(town: GateTown) -> None:
    who = town.newcomer()
    browser, tokens = who.log_in("website")
    punish(town, who.account, "moderate")
    with town.town.connector.act(HOST) as act:
        (shown,) = sanctions.list_sanctions(act, user_name=who.account.user_name)
    assert (shown.row.measure, shown.row.days, shown.row.counted_as) == ("suspend", 30, "moderate")
    assert (who.sessions().online, town.realm.provider.get_user(who.user_id).enabled) == (0, False)
    with pytest.raises(LoginRefusedError):
        browser.refresh(tokens)
    assert not who.may_log_in("website")
    town.town.clock.advance(timedelta(days=31))
    with town.town.connector.act(HOST) as act:
        assert provisioning.end_suspensions(act, keys.keeps_out) == 0
    town.settle()
    assert not who.may_log_in("website")  # The term is over, and nothing comes back by itself.
    assert "principal" in restore(town, who)
    assert who.may_log_in("website")
    punish(town, who.account, "moderate")
    with town.town.connector.act(HOST) as act:
        second = max(sanctions.list_sanctions(act, user_name=who.account.user_name), key=lambda one: one.row.earlier)
    assert (second.row.counted_as, second.row.days) == ("serious", 90)
    assert not who.may_log_in("website")
