"""The operations of the registration, each with one right call. Expects nothing; tests do."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from connector.auth.actor import Actor, person_actor
from connector.register.tables import AccountRow
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm
from connector.registration.corrections import CorrectionForm
from connector.registration.mismatches import MismatchForm
from connector.regulations.vocabulary import Office
from connector.requests.reorganise import UNCHECKED
from tests.factories import make_account, make_person
from tests.fixtures_api import Api
from tests.operations import Call, account_row, operation, simple
from tests.operations_reviews import unit_with_people
from tests.town import HOST

simple("GET", "/registrations/refused", by=Office.VERIFIER)
simple("GET", "/mismatches", by=Office.VERIFIER)
simple("GET", "/contact-changes", by=Office.AUDITOR)
AGREED = [{"item": i, "result": "agrees"} for i in ("document_seen", "directory_agrees", "unit_confirms")]


def case_id(api: Api) -> str:
    account = account_row(api)
    form = MismatchForm(account=account.user_name, fields=["name"], reason="证件与本人不符")
    with api.town.connector.act(api.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        return registration.open_mismatch(act, form).id


def correction(api: Api) -> tuple[str, str]:
    case = case_id(api)
    with api.town.connector.act(api.town.actor(Office.UNIT_HEAD, "ywk")) as act:
        row = registration.send_correction(act, case, CorrectionForm(name="王改正"))
        return row.id, row.digest


def change_form(api: Api, code: str, duty: str = "handler") -> ChangeForm:
    day = (api.town.connector.clock.now() + timedelta(days=30)).date()
    with api.town.connector.act(HOST) as act:
        taker = make_account(act, code, person=make_person(act, code))
    return ChangeForm(unit_code=code, duty=duty, taker=taker.user_name, effective_on=day)  # type: ignore[arg-type]


def change(api: Api) -> tuple[str, Actor]:
    """A change announced by the head of a new unit, and the head."""
    code, head, _ = unit_with_people(api)
    form = change_form(api, code)
    with api.town.connector.act(head) as act:
        return registration.announce_change(act, form).id, head


def about_change(api: Api, path: str, status: int = 200, **sent: Any) -> Call:
    """A call of the head about a change of his own unit."""
    made, head = change(api)
    return Call(path.format(made), head, status=status, sent=sent)


def person_id(api: Api) -> str:
    with api.town.connector.act(HOST) as act:
        return make_person(act, "ywk").id


def of_head(path: str, status: int = 200, **sent: Any) -> Call:
    return Call(path, Office.UNIT_HEAD, unit="ywk", status=status, sent=sent)


@operation("POST", "/units/{unit_code}/changes/preview")
def preview_unit_change(api: Api) -> Call:
    day = (api.town.connector.clock.now() + timedelta(days=30)).date().isoformat()
    sent = {"how": "rename", "effective_on": day, "name": "业务处", "plan_hash": UNCHECKED}
    return Call("/units/ywk/changes/preview", Office.OPERATOR, sent={"json": sent})


@operation("GET", "/persons/{person_id}/documents")
def list_documents(api: Api) -> Call:
    return Call(f"/persons/{person_id(api)}/documents", Office.VERIFIER)


@operation("POST", "/persons/{person_id}/documents")
def add_document(api: Api) -> Call:
    sent = {"document_kind": "passport", "document_number": "E12345678"}
    return Call(f"/persons/{person_id(api)}/documents", Office.VERIFIER, status=201, sent={"json": sent})


@operation("POST", "/mismatches")
def open_mismatch(api: Api) -> Call:
    sent = {"account": account_row(api).user_name, "fields": ["name"], "reason": "证件与本人不符"}
    return Call("/mismatches", Office.VERIFIER, status=201, sent={"json": sent})


@operation("POST", "/mismatches/{case_id}/corrections")
def send_correction(api: Api) -> Call:
    return of_head(f"/mismatches/{case_id(api)}/corrections", 201, json={"name": "王改正"})


@operation("GET", "/mismatches/corrections/{correction_id}")
def show_correction(api: Api) -> Call:
    return Call(f"/mismatches/corrections/{correction(api)[0]}", Office.VERIFIER)


@operation("POST", "/mismatches/corrections/{correction_id}/verdict")
def verify_correction(api: Api) -> Call:
    waiting, digest = correction(api)
    sent = {"digest": digest, "approves": True, "compared": AGREED}
    return Call(f"/mismatches/corrections/{waiting}/verdict", Office.VERIFIER, sent={"json": sent})


@operation("POST", "/contact-changes")
def announce_change(api: Api) -> Call:
    code, head, _ = unit_with_people(api)
    form = change_form(api, code, "reviewer")
    return Call("/contact-changes", head, status=201, sent={"json": form.model_dump(mode="json")})


@operation("GET", "/contact-changes/{change_id}")
def handover(api: Api) -> Call:
    return about_change(api, "/contact-changes/{}")


@operation("GET", "/contact-changes/{change_id}/handover.pdf")
def print_handover(api: Api) -> Call:
    return about_change(api, "/contact-changes/{}/handover.pdf")


@operation("POST", "/contact-changes/{change_id}/successor")
def name_successor(api: Api) -> Call:
    return about_change(api, "/contact-changes/{}/successor", json={"taker": api.town.applicant("ywk").name})


@operation("POST", "/contact-changes/{change_id}/items")
def add_item(api: Api) -> Call:
    return about_change(api, "/contact-changes/{}/items", 201, json={"kind": "other", "name": "档案柜钥匙"})


@operation("POST", "/contact-changes/{change_id}/signatures")
def sign(api: Api) -> Call:
    changed, _ = change(api)
    with api.town.connector.act(HOST) as act:
        row = registration.get_change(act, changed)
        digest = registration.show(act, row).digest
        account = act.session.scalars(select(AccountRow).where(AccountRow.person_id == row.taker_id)).one()
        taker = person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")
    return Call(
        f"/contact-changes/{changed}/signatures",
        taker,
        status=201,
        sent={"json": {"side": "taker", "digest": digest}},
    )


@operation("POST", "/contact-changes/{change_id}/withdraw")
def withdraw_change(api: Api) -> Call:
    return about_change(api, "/contact-changes/{}/withdraw", 204)


@operation("POST", "/registrations/{request_id}/numbers")
def show_numbers(api: Api) -> Call:
    request = api.town.submit()
    while api.town.open_stage(request).office != Office.VERIFIER:
        request = api.town.decide(request)
    return Call(f"/registrations/{request.id}/numbers", Office.VERIFIER, unit="jyzx")
