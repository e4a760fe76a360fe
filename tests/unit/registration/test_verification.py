"""The verifier's stage of a new registration: the checklist, the refusal that is kept, hints of doubles."""

import pytest
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor
from connector.errors import ConnectorError, RefusedInputError
from connector.register import accounts, people
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import disclosure, registrations, show
from connector.requests.errors import NotUnderVerificationError
from connector.requests.tables import RequestRow
from connector.requests.verification import Comparison
from tests.factories import make_person, make_person_form, resident_id
from tests.town import HOST, Town

ITEMS = ("document_seen", "directory_agrees", "unit_confirms", "use_verified")


def at_verifier(town: Town, **fields: object) -> RequestRow:
    """A first grant that waits for the verifier."""
    request = town.submit(town.form(**fields))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    return request


def said(**changed: str) -> tuple[Comparison, ...]:
    return tuple(Comparison(item=item, result=changed.get(item, "agrees"), note="人事目录尚未更新") for item in ITEMS)


def test_approve_a_registration_without_the_checklist_names_every_item(town: Town) -> None:
    request = at_verifier(town)
    with pytest.raises(RefusedInputError) as refused:
        town.decide(request, compared=())
    assert [problem.field for problem in refused.value.fields] == [f"compared.{item}" for item in ITEMS]
    assert {problem.clause for problem in refused.value.fields} >= {"HH 1, HH 4", "GX 8"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"directory_agrees": "differs"}, "compared.directory_agrees"),
        ({"document_seen": "not_compared"}, "compared.document_seen"),
    ],
)
def test_approve_a_registration_that_differs_or_was_not_seen_is_refused(
    town: Town, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        town.decide(at_verifier(town), compared=said(**changed))
    assert [problem.field for problem in refused.value.fields] == [field]


def test_compare_nothing_without_a_reason_or_with_a_number_is_refused(town: Town) -> None:
    request = at_verifier(town)
    silent = (*said()[:1], Comparison(item="directory_agrees", result="not_compared"), *said()[2:])
    with pytest.raises(RefusedInputError):
        town.decide(request, compared=silent)
    telling = (Comparison(item="document_seen", result="agrees", note=f"号码 {resident_id(77)}"), *said()[1:])
    with pytest.raises(RefusedInputError):
        town.decide(request, compared=telling)


def test_approve_a_registration_keeps_what_was_compared_with_the_verifier(town: Town) -> None:
    request = at_verifier(town)
    verifier = town.centre.person(Office.VERIFIER, "jyzx")
    town.approve(town.decide(request, compared=said(directory_agrees="not_compared")))
    with town.connector.act(HOST) as act:
        shown = show.show_request(act, request.id).registration
        assert shown is not None
        (one,) = shown.verifications
        name = people.get_person(act, verifier.id).name
    assert one.verified_by == name
    assert {item.item: item.result for item in one.items}["directory_agrees"] == "not_compared"


def test_refused_registration_keeps_its_record_and_is_shown_when_he_applies_again(town: Town) -> None:
    form = make_person_form("ywk", name="刘未核")
    request = town.decide(at_verifier(town, person=form), Verdict.REJECT, reason="证件与本人不符", compared=())
    with town.connector.act(HOST) as act:
        (kept,) = registrations.list_refused(act, text="刘未核")
        person = people.get_person(act, kept.person_id)
        assert accounts.find_by_person(act, person.id) is None
        assert people.read_document(act, person).encode() not in person.document_sealed
    assert (kept.number, kept.reason, kept.has_account) == (request.number, "证件与本人不符", False)
    assert form.document_number not in str(kept)

    again = at_verifier(town, person=form)
    with town.connector.act(HOST) as act:
        shown = show.show_request(act, again.id).registration
    assert shown is not None
    assert [(one.number, one.reason) for one in shown.refusals] == [(request.number, "证件与本人不符")]
    town.approve(again)
    with town.connector.act(HOST) as act:
        assert registrations.list_refused(act, text="刘未核")[0].has_account


def numbers(town: Town, request: RequestRow, by: Actor) -> people.Revealed:
    with town.connector.act(by) as act:
        return disclosure.show_numbers(act, request.id)


def revealed(town: Town, person_id: str | None) -> list[tuple[str, str, str | None]]:
    with town.connector.act(HOST) as act:
        entries = select(AuditEntryRow).where(AuditEntryRow.event == Event.PERSON_REVEALED)
        rows = act.session.scalars(entries.where(AuditEntryRow.person_id == person_id))
        return [(row.actor, row.data["reason"], row.request_id) for row in rows]


@pytest.mark.req("J5")
def test_verifier_sees_the_full_numbers_of_the_registration_he_verifies_and_is_recorded(town: Town) -> None:
    form = make_person_form("ywk")
    request, verifier = at_verifier(town, person=form), town.actor(Office.VERIFIER, "jyzx")
    assert numbers(town, request, verifier) == (form.document_kind, form.document_number, form.phone)
    assert revealed(town, request.person_id) == [(verifier.name, f"verification:{request.number}", request.id)]


@pytest.mark.req("J5")
def test_nobody_but_its_verifier_sees_the_full_numbers_of_a_registration(town: Town) -> None:
    request = at_verifier(town)
    others = [town.applicant("ywk"), town.actor(Office.UNIT_HEAD, "ywk"), town.actor(Office.AUDITOR)]
    others += [town.actor(office) for office in (Office.PRINCIPAL, Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)]
    for actor in others:
        with pytest.raises(ConnectorError) as refused:
            numbers(town, request, actor)
        assert refused.value.status in (403, 404)
    assert revealed(town, request.person_id) == []


@pytest.mark.req("J5")
def test_verifier_sees_no_numbers_before_and_after_his_stage_nor_of_other_requests(town: Town) -> None:
    verifier = town.actor(Office.VERIFIER, "jyzx")
    early = town.submit()
    if town.open_stage(early).office != Office.VERIFIER:
        with pytest.raises(NotUnderVerificationError):
            numbers(town, early, verifier)
    late = town.decide(at_verifier(town))
    with pytest.raises(NotUnderVerificationError):
        numbers(town, late, verifier)
    change = town.form(account=town.account_of(town.approve(late)).user_name, permissions=town.permissions(3)[2:])
    with pytest.raises(NotUnderVerificationError):
        numbers(town, town.submit(change), verifier)
    assert revealed(town, late.person_id) == []


def test_same_name_and_birth_date_is_a_hint_and_never_a_refusal(town: Town) -> None:
    with town.connector.act(HOST) as act:
        make_person(act, "dljg", name="同名同日", document_number=resident_id(5001))
        make_person(act, "xxjsk", name="同名同日", document_number=resident_id(9001 + 28_000))
    request = at_verifier(town, person=make_person_form("ywk", name="同名同日", document_number=resident_id(5002)))
    with town.connector.act(HOST) as act:
        shown = show.show_request(act, request.id).registration
    assert shown is not None
    assert [(one.unit, one.same_birth) for one in shown.candidates] == [("某招标代理机构", True)]
    assert town.approve(request).state == "approved"


def test_change_of_an_account_that_exists_needs_no_checklist(town: Town) -> None:
    first = town.approve(town.submit())
    form = town.form(account=town.account_of(first).user_name, permissions=town.permissions(3)[2:])
    request = town.submit(form)
    while request.state == "pending":
        request = town.decide(request, compared=())
    assert request.state == "approved"
