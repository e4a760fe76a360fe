"""A review, an inspection and a quarter's filing on a real Keycloak: what is withdrawn there, when, and by whom."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.auth.act import Act
from connector.auth.actor import host_actor, person_actor
from connector.realm_config import load_catalogue
from connector.register import accounts, people
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.reviews import answers, campaigns, carry_on, corrections, filings, findings, inspections, package, views
from connector.reviews.answers import Answer
from connector.reviews.errors import CampaignOpenError
from connector.reviews.findings import ItemAnswer
from connector.reviews.periods import before, period_of
from connector.reviews.sampling import draw
from connector.reviews.verified import verify_package
from jobs import carry_reviews, ingest_events, seal_record
from tests.integration.checks.conftest import City, city
from tests.integration.departures.test_leavers import approve

__all__ = ["city"]
HOST = host_actor("tests")
KEPT, LOST = [entry for entry in load_catalogue() if not entry.sensitive][:2]
KEPT_ID, LOST_ID = (f"{each.subsystem}:{each.role}" for each in (KEPT, LOST))


def employed(city: City) -> AccountRow:
    """An account with two permissions, in the register by paper and in Keycloak."""
    account = city.open_account()
    with city.connector.act(HOST) as act:
        accounts.add_grants(act, accounts.get_account(act, account.id), [KEPT_ID, LOST_ID], granted_by="paper:T-1")
    for each in (KEPT, LOST):
        city.connector.idp.grant_roles(str(account.keycloak_id), each.subsystem, [each.role])
    return account


def roles(city: City, account: AccountRow) -> set[str]:
    held = city.connector.idp.roles_of(str(account.keycloak_id))
    return {f"{subsystem}:{role}" for subsystem, names in held.items() for role in names}


def answered(city: City, number: str, account: AccountRow, *withdraw: str) -> str | None:
    given = [Answer(permission=p, answer="withdraw" if p in withdraw else "keep") for p in (KEPT_ID, LOST_ID)]
    with city.connector.act(city.centre.actor(Office.UNIT_HEAD, "ywk")) as act:
        return answers.answer(act, number, account.user_name, given).request_id


@pytest.mark.req("F6")
def test_review_withdraws_in_keycloak_what_was_decided_and_closes_only_then(city: City) -> None:
    loses, refused, silent = employed(city), employed(city), employed(city)
    city.log_in(loses)
    city.run(ingest_events)
    with city.connector.act(city.centre.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        number = campaigns.open_campaign(act, ["ywk"], working_days=5).number
    request_id, other = answered(city, number, loses, LOST_ID), answered(city, number, refused, LOST_ID)
    assert roles(city, loses) == {KEPT_ID, LOST_ID}  # An answer alone takes nothing.

    approve(city, request_id)
    assert city.run(carry_reviews)["closed"] == 0
    with city.connector.act(city.centre.actor(Office.LEADER_IN_CHARGE, "ywk")) as act:
        request = requests.get_request(act, str(other))
        stage = next(s for s in requests.stages_of(act, request) if s.state == "open")
        requests.decide(act, stage_id=stage.id, verdict=Verdict.REJECT, reason="仍需使用", digest=request.digest)
    city.connector.deliver()
    assert roles(city, loses) == {KEPT_ID}
    assert roles(city, refused) == {KEPT_ID, LOST_ID}

    with city.connector.act(HOST) as act:
        campaign = campaigns.get_campaign(act, number)
    late = campaign.listed_at + timedelta(minutes=1)
    done = city.run(carry_reviews, late)
    assert (done["settled"], done["raised"], done["closed"]) == (2, 1, 0)
    assert roles(city, silent) == {KEPT_ID, LOST_ID}  # Silence withdraws nothing.
    ender = city.centre.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    with city.connector.act(ender, now=late) as act:
        carry_on.close_campaign(act, number, note="一人无人答复，权限保持不变")
    with city.connector.act(city.centre.actor(Office.AUDITOR)) as act:
        (unit,) = views.report(act, number).units
    assert (unit.answered, unit.unanswered, unit.withdrawn, unit.refused) == (2, 1, 1, 1)


@pytest.mark.req("F6")
def test_review_stays_open_while_keycloak_is_not_reached(city: City) -> None:
    loses = employed(city)
    with city.connector.act(city.centre.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        number = campaigns.open_campaign(act, ["ywk"], working_days=5).number
    approve(city, answered(city, number, loses, LOST_ID))
    with city.connector.act(HOST) as act:
        campaign = campaigns.get_campaign(act, number)
    late = campaign.listed_at + timedelta(minutes=1)
    ender = city.centre.actor(Office.PRINCIPAL)
    with pytest.raises(CampaignOpenError), city.connector.act(ender, now=late) as act:
        carry_on.close_campaign(act, number, note="尚未收回")
    city.connector.deliver()
    with city.connector.act(ender, now=late) as act:
        carry_on.close_campaign(act, number, note="已收回")
    assert roles(city, loses) == {KEPT_ID}


@pytest.mark.req("F5")
def test_inspection_is_drawn_by_the_sealed_record_and_can_be_drawn_again(city: City) -> None:
    used = employed(city)
    city.log_in(used)
    city.run(ingest_events)
    with city.connector.act(city.centre.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        number = inspections.open_inspection(act, "ywk").number
    assert city.run(carry_reviews)["drawn"] == 0  # Nothing is sealed yet: there is no seed.
    city.run(seal_record)
    assert city.run(carry_reviews)["drawn"] == 1
    with city.connector.act(HOST) as act:
        proofs = findings.verify_inspection(act, number, city.connector.signer.verifier_key())
        row = inspections.get_inspection(act, number)
        items = inspections.items_of(act, row)
    assert all(proof.ok for proof in proofs), proofs
    rule = {name: row.rule[name] for name in ("share_percent", "least", "most")}
    assert [item.key for item in items] == draw(row.population, row.seed, **rule)
    shown = next(item for item in items if item.key == f"account:{used.user_name}").shown
    assert shown["last_used_at"] is not None
    assert {each["permission"] for each in shown["permissions"]} == {KEPT_ID, LOST_ID}

    inspector, head = city.centre.actor(Office.SECURITY_ADMINISTRATOR), city.centre.actor(Office.UNIT_HEAD, "ywk")
    with city.connector.act(inspector) as act:
        for item in items:
            wrong = item.key == f"account:{used.user_name}"
            given = ItemAnswer(
                key=item.key, result="finding" if wrong else "in_order", finding="无依据" if wrong else ""
            )
            findings.answer_item(act, number, given)
        (correction,) = corrections.open_of(act, "inspection", row.id)
    with city.connector.act(head) as act:
        corrections.do_correction(act, correction.id, "已补办申请")
    with city.connector.act(inspector) as act:
        corrections.check_correction(act, correction.id, accepted=True)
        assert findings.report_inspection(act, number, conclusion="发现一项，已整改").state == "reported"


@pytest.mark.req("F8")
def test_filing_holds_the_quarter_with_its_clean_up_and_is_signed_by_two_people(city: City) -> None:
    present = period_of(city.connector.clock.now(), 3)
    kept, gone = employed(city), employed(city)
    form = {"kind": "disable", "unit_code": "ywk", "account": gone.user_name, "reason": "长期不用", "cause": "other"}
    clerk = employed(city)
    who = person_actor(clerk.person_id, clerk.user_name, account_id=clerk.id, acr="mfa")
    with city.connector.act(who) as act:
        request_id = requests.submit_request(act, RequestForm.model_validate(form)).id
    approve(city, request_id)
    city.connector.deliver()
    assert not city.connector.idp.get_user(str(gone.keycloak_id)).enabled

    over = present.end + timedelta(days=3)
    assert before(period_of(over, 3), 3) == present
    with city.connector.act(city.centre.actor(Office.OPERATOR), now=over) as act:
        row = filings.make_filing(act)
        again = filings.build(act, present)
    assert again.archive == row.archive
    with city.connector.act(city.centre.actor(Office.PRINCIPAL), now=over) as act:
        filings.sign_filing(act, row.number, city.connector.signer, manifest_hash=row.manifest_hash)
        whole = filings.signed_package(filings.get_filing(act, row.number))
    assert all(ok for _, ok in verify_package(whole, city.connector.signer.verifier_key()))
    files = package.unpack(whole)
    cleanup = {line["使用账户"]: line["处理方式"] for line in package.rows_of(files, "cleanup")}
    assert (cleanup[gone.user_name], kept.user_name in cleanup) == ("禁用", False)
    assert {line["user_name"] for line in package.rows_of(files, "accounts_added")} >= {kept.user_name}
    with city.connector.act(HOST) as act:
        assert not [number for number in _numbers(act) if any(number.encode() in content for content in files.values())]


def _numbers(act: Act) -> list[str]:
    return [
        act.vault.decrypt(person.document_sealed, f"{people.DOCUMENT_CONTEXT}:{person.id}")
        for person in act.session.scalars(select(PersonRow))
    ]
