"""The operations of reviews, self-checks, inspections and filings, each with one right call in a unit of its own."""

import itertools
from datetime import timedelta
from typing import Any

from connector.audit.seal import seal_pending
from connector.auth.actor import Actor, person_actor
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.reviews import campaigns, corrections, filings, findings, inspections, self_checks
from connector.reviews.filing_tables import FilingRow
from connector.reviews.findings import ItemAnswer
from connector.reviews.self_checks import SELF_CHECK, CheckAnswer
from tests.factories import make_account, make_appointment, make_person, make_unit
from tests.fixtures_api import Api
from tests.operations import Call, operation
from tests.town import HOST, NOON

HEAD = Office.SYSTEM_DEPARTMENT_HEAD
PERIOD = "2026-Q1"
_units = itertools.count(1)
_quarters = itertools.count(1)


def unit_with_people(api: Api) -> tuple[str, Actor, AccountRow]:
    """A new department: its code, its head, and a member with one permission."""
    code = f"rv{next(_units)}"
    with api.town.connector.act(HOST, now=NOON - timedelta(days=1)) as act:
        make_unit(act, code, parent="jyzx")
        person = make_person(act, code)
        make_appointment(act, person, code, Office.UNIT_HEAD)
        head = make_account(act, code, person=person)
        member = make_account(act, code, *api.town.permissions(1))
        return code, person_actor(person.id, head.user_name, account_id=head.id, acr="mfa"), member


def review(api: Api) -> tuple[str, Actor, AccountRow]:
    """The number of a review under way, who answers, and the one account in it."""
    code, head, member = unit_with_people(api)
    with api.town.connector.act(api.town.actor(HEAD)) as act:
        return campaigns.open_campaign(act, [code]).number, head, member


@operation("GET", "/reviews")
def list_reviews(api: Api) -> Call:
    return Call("/reviews", Office.AUDITOR)


@operation("POST", "/reviews")
def open_review(api: Api) -> Call:
    code, _, _ = unit_with_people(api)
    return Call("/reviews", HEAD, status=201, sent={"json": {"units": [code], "working_days": 5}})


@operation("GET", "/reviews/{number}")
def show_review(api: Api) -> Call:
    return Call(f"/reviews/{review(api)[0]}", Office.PRINCIPAL)


@operation("GET", "/reviews/{number}/accounts")
def list_accounts(api: Api) -> Call:
    number, head, _ = review(api)
    return Call(f"/reviews/{number}/accounts", head)


@operation("POST", "/reviews/{number}/accounts/{user_name}")
def answer_account(api: Api) -> Call:
    number, head, member = review(api)
    given = [{"permission": api.town.permissions(1)[0], "answer": "keep"}]
    path = f"/reviews/{number}/accounts/{member.user_name}"
    return Call(path, head, status=204, sent={"json": {"answers": given}})


@operation("POST", "/reviews/{number}/close")
def close_review(api: Api) -> Call:
    number, _, _ = review(api)
    with api.town.connector.act(HOST) as act:
        campaigns.get_campaign(act, number).listed_at = act.now - timedelta(days=1)
    return Call(f"/reviews/{number}/close", HEAD, sent={"json": {"note": "无人答复"}})


def answers(api: Api, **found: str) -> list[dict[str, Any]]:
    questions = api.town.connector.rulebook.checklist(SELF_CHECK)
    return [{"name": q.name, "ok": q.name not in found, "note": found.get(q.name, "")} for q in questions]


def correction(api: Api) -> tuple[str, Actor]:
    """A correction that the head of a unit found himself."""
    code, head, _ = unit_with_people(api)
    given = [CheckAnswer(**each) for each in answers(api, left="一人离岗未办理交接")]
    with api.town.connector.act(head) as act:
        signed = self_checks.sign_check(act, SELF_CHECK, code, PERIOD, given)
        return corrections.open_of(act, SELF_CHECK, signed.id)[0].id, head


@operation("GET", "/self-checks/{checklist}")
def show_checklist(api: Api) -> Call:
    return Call(f"/self-checks/{SELF_CHECK}", Office.UNIT_HEAD, unit="ywk")


@operation("POST", "/self-checks/{checklist}")
def sign_checklist(api: Api) -> Call:
    code, head, _ = unit_with_people(api)
    sent = {"unit_code": code, "period": PERIOD, "answers": answers(api)}
    return Call(f"/self-checks/{SELF_CHECK}", head, status=204, sent={"json": sent})


@operation("GET", "/corrections")
def list_corrections(api: Api) -> Call:
    return Call("/corrections", Office.SECURITY_ADMINISTRATOR)


@operation("POST", "/corrections/{correction_id}/done")
def do_correction(api: Api) -> Call:
    found, head = correction(api)
    return Call(f"/corrections/{found}/done", head, status=204, sent={"json": {"note": "已办理交接"}})


@operation("POST", "/corrections/{correction_id}/check")
def check_correction(api: Api) -> Call:
    found, head = correction(api)
    with api.town.connector.act(head) as act:
        corrections.do_correction(act, found, "已办理交接")
    return Call(f"/corrections/{found}/check", HEAD, status=204, sent={"json": {"accepted": True}})


def inspection(api: Api, *, drawn: bool = True) -> tuple[str, str]:
    """The number of an inspection of a new unit, and one key that was drawn."""
    code, _, member = unit_with_people(api)
    with api.town.connector.act(api.town.actor(HEAD)) as act:
        number = inspections.open_inspection(act, code).number
    connector = api.town.connector
    seal_pending(connector.database, connector.signer, connector.clock.now())
    if drawn:
        with connector.act(HOST) as act:
            inspections.draw_inspection(act, number)
    return number, f"account:{member.user_name}"


@operation("GET", "/inspections")
def list_inspections(api: Api) -> Call:
    return Call("/inspections", Office.AUDITOR)


@operation("POST", "/inspections")
def open_inspection(api: Api) -> Call:
    code, _, _ = unit_with_people(api)
    return Call("/inspections", HEAD, status=201, sent={"json": {"unit_code": code}})


@operation("GET", "/inspections/{number}")
def show_inspection(api: Api) -> Call:
    return Call(f"/inspections/{inspection(api)[0]}", Office.AUDITOR)


@operation("POST", "/inspections/{number}/draw")
def draw_inspection(api: Api) -> Call:
    return Call(f"/inspections/{inspection(api, drawn=False)[0]}/draw", HEAD)


@operation("GET", "/inspections/{number}/population")
def show_population(api: Api) -> Call:
    return Call(f"/inspections/{inspection(api)[0]}/population", Office.AUDITOR)


@operation("GET", "/inspections/{number}/verification")
def verify_inspection(api: Api) -> Call:
    return Call(f"/inspections/{inspection(api)[0]}/verification", Office.AUDITOR)


@operation("POST", "/inspections/{number}/items")
def answer_item(api: Api) -> Call:
    number, key = inspection(api)
    sent = {"key": key, "result": "in_order"}
    return Call(f"/inspections/{number}/items", Office.SECURITY_ADMINISTRATOR, status=204, sent={"json": sent})


@operation("POST", "/inspections/{number}/report")
def report_inspection(api: Api) -> Call:
    number, _ = inspection(api)
    with api.town.connector.act(api.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        for item in inspections.items_of(act, inspections.get_inspection(act, number)):
            findings.answer_item(act, number, ItemAnswer(key=item.key, result="in_order"))
    return Call(f"/inspections/{number}/report", HEAD, sent={"json": {"conclusion": "未发现问题"}})


@operation("GET", "/duties")
def list_duties(api: Api) -> Call:
    return Call("/duties", Office.UNIT_HEAD, unit="ywk", refused=200)


def quarter() -> str:
    """Another quarter that is over at each call."""
    back = next(_quarters)
    return f"{2025 - (back - 1) // 4}-Q{4 - (back - 1) % 4}"


def filing(api: Api, *, signed: bool = False) -> FilingRow:
    with api.town.connector.act(api.town.actor(Office.OPERATOR)) as act:
        row = filings.make_filing(act, quarter())
    if signed:
        with api.town.connector.act(api.town.actor(Office.PRINCIPAL)) as act:
            filings.sign_filing(act, row.number, api.town.connector.signer, manifest_hash=row.manifest_hash)
    return row


@operation("GET", "/filings")
def list_filings(api: Api) -> Call:
    return Call("/filings", Office.AUDITOR)


@operation("POST", "/filings")
def make_filing(api: Api) -> Call:
    return Call("/filings", Office.OPERATOR, status=201, sent={"json": {"period": quarter()}})


@operation("POST", "/filings/{number}/signature")
def sign_filing(api: Api) -> Call:
    row = filing(api)
    sent = {"manifest_sha256": row.manifest_hash}
    return Call(f"/filings/{row.number}/signature", Office.PRINCIPAL, sent={"json": sent})


@operation("POST", "/filings/{number}/receipt")
def note_receipt(api: Api) -> Call:
    sent = {"receipt": "备〔2026〕3号", "received_on": "2026-03-09"}
    return Call(f"/filings/{filing(api, signed=True).number}/receipt", Office.OPERATOR, sent={"json": sent})


@operation("GET", "/filings/{number}/package.zip")
def download_package(api: Api) -> Call:
    return Call(f"/filings/{filing(api, signed=True).number}/package.zip", Office.AUDITOR)
