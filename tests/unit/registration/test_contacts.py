"""Changes of contact, handler and reviewer: announced ahead, effective by the clock, handed over and signed (HH 3)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from connector.auth.actor import Actor, person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, RefusedInputError
from connector.provisioning import service as provisioning
from connector.register import accounts, people, units
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm, SuccessorForm
from connector.registration.errors import (
    ChangeClosedError,
    OpenChangeError,
    OtherSideError,
    RecordChangedError,
    SameDutyError,
    StillHereError,
    SuccessorMissingError,
)
from connector.registration.handovers import HandoverView, ItemForm, SignatureForm
from connector.registration.tables import ContactChangeRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_person
from tests.town import HOST, NOON, Town

AHEAD = date(2026, 3, 17)  # Five working days after Tuesday 2026-03-10.


def member(town: Town, unit: str = "ywk") -> Actor:
    with town.connector.act(HOST) as act:
        person = make_person(act, unit)
        account = make_account(act, unit, person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, acr="mfa")


def head(town: Town) -> Actor:
    return town.actor(Office.UNIT_HEAD, "ywk")


def announce(town: Town, taker: Actor, *, by: Any = None, now: Any = None, **fields: Any) -> ContactChangeRow:
    form = ChangeForm(**{"unit_code": "ywk", "duty": "handler", "taker": taker.name, "effective_on": AHEAD, **fields})
    with town.connector.act(by or head(town), now=now) as act:
        return registration.announce_change(act, form)


def tick(town: Town, days: int) -> dict[str, int]:
    with town.connector.act(HOST, now=NOON + timedelta(days=days)) as act:
        return registration.follow_contacts(act)


def shown(town: Town, change: ContactChangeRow) -> HandoverView:
    with town.connector.act(HOST) as act:
        return registration.show(act, registration.get_change(act, change.id))


def sign(town: Town, change: ContactChangeRow, side: str, by: Actor, *, digest: str = "", reason: str = "") -> str:
    form = SignatureForm(side=side, digest=digest or shown(town, change).digest, reason=reason)  # type: ignore[arg-type]
    with town.connector.act(by) as act:
        return registration.sign(act, registration.get_open(act, change.id), form).state


@pytest.fixture
def handler(town: Town) -> Actor:
    """The unit's handler since a week."""
    first = member(town)
    announce(town, first)
    tick(town, 7)
    return first


def later(days: int = 30) -> dict[str, Any]:
    return {"effective_on": (NOON + timedelta(days=days)).date(), "now": NOON + timedelta(days=8)}


def test_announce_five_working_days_ahead_is_not_late(town: Town) -> None:
    assert not announce(town, member(town)).late


def test_announce_later_needs_a_reason_and_is_marked_late(town: Town) -> None:
    taker, day = member(town), AHEAD - timedelta(days=1)
    with pytest.raises(RefusedInputError) as refused:
        announce(town, taker, effective_on=day)
    (problem,) = refused.value.fields
    assert (problem.field, problem.clause) == ("reason", "GX 12")
    assert "5" in problem.zh
    assert announce(town, taker, effective_on=day, reason="突发疾病住院").late


def test_announce_for_a_day_that_has_passed_or_by_another_unit_is_refused(town: Town) -> None:
    taker = member(town)
    with pytest.raises(RefusedInputError):
        announce(town, taker, effective_on=date(2026, 3, 9), reason="突发疾病住院")
    with pytest.raises(ForbiddenError):
        announce(town, taker, by=town.actor(Office.UNIT_HEAD, "dljg"))
    with pytest.raises(ForbiddenError):
        announce(town, taker, by=taker)


def test_announce_twice_is_refused(town: Town) -> None:
    announce(town, member(town))
    with pytest.raises(OpenChangeError):
        announce(town, member(town))


def test_handler_cannot_be_the_reviewer_too(town: Town, handler: Actor) -> None:
    with pytest.raises(SameDutyError):
        announce(town, handler, duty="reviewer")


def test_change_takes_effect_on_its_day_and_not_before(town: Town) -> None:
    taker = member(town)
    change = announce(town, taker, duty="contact")
    assert tick(town, 6)["effective"] == 0
    assert tick(town, 7)["effective"] == 1
    with town.connector.act(HOST) as act:
        unit = units.get_unit(act, "ywk")
        person = people.get_person(act, str(taker.person_id))
        assert unit.contact_name == person.name
        assert unit.phone_sealed is not None
        assert registration.get_change(act, change.id).state == "effective"


def test_record_lists_what_is_open_and_is_filed_when_both_have_signed(town: Town, handler: Actor) -> None:
    request = town.submit(actor=handler)
    taker = member(town)
    change = announce(town, taker, **later())
    items = {(item["kind"], item["name"]) for item in shown(town, change).items}
    assert ("request", request.number) in items
    assert any(kind == "list" for kind, _ in items)
    assert sign(town, change, "giver", handler) == "announced"
    tick(town, 31)
    assert sign(town, change, "taker", taker) == "filed"
    with pytest.raises(ChangeClosedError):
        sign(town, change, "giver", handler)


def test_nobody_signs_for_the_other_side(town: Town, handler: Actor) -> None:
    taker = member(town)
    change = announce(town, taker, **later())
    for side, by in (("giver", taker), ("taker", handler), ("taker", head(town)), ("giver", member(town))):
        with pytest.raises(OtherSideError):
            sign(town, change, side, by, reason="代为签字")
    with pytest.raises(StillHereError):
        sign(town, change, "giver", head(town), reason="代为签字")
    with pytest.raises(StepUpNeededError):
        sign(town, change, "giver", replace(handler, acr="pwd"))


def test_unit_head_signs_for_one_who_has_left_with_the_reason(town: Town, handler: Actor) -> None:
    taker = member(town)
    change = announce(town, taker, **later())
    with town.connector.act(HOST) as act:
        account = accounts.lock_account(act, str(handler.account_id))
        provisioning.freeze_account(act, account, cause="departure")
    with pytest.raises(RefusedInputError):
        sign(town, change, "giver", head(town))
    sign(town, change, "giver", head(town), reason="移交人已离职")
    (signature,) = shown(town, change).signatures
    assert (signature.side, signature.reason) == ("giver", "移交人已离职")
    assert signature.signed_by != signature.person


def test_item_added_after_a_signature_makes_it_void(town: Town, handler: Actor) -> None:
    taker = member(town)
    change = announce(town, taker, **later())
    old = shown(town, change).digest
    sign(town, change, "giver", handler)
    with town.connector.act(taker) as act:
        form = ItemForm(kind="other", name="档案柜钥匙两把")
        registration.add_item(act, registration.get_open(act, change.id), form)
    assert shown(town, change).signatures == []
    with pytest.raises(RecordChangedError):
        sign(town, change, "giver", handler, digest=old)
    with pytest.raises(ForbiddenError), town.connector.act(member(town)) as act:
        registration.add_item(act, registration.get_open(act, change.id), form)


def test_change_not_filed_after_its_day_is_overdue_once(town: Town) -> None:
    change = announce(town, member(town))
    tick(town, 7)
    assert tick(town, 8)["overdue"] == 1
    assert tick(town, 9)["overdue"] == 0
    with town.connector.act(HOST, now=NOON + timedelta(days=9)) as act:
        assert [view.change_id for view in registration.list_changes(act, overdue_only=True)] == [change.id]


def test_holder_who_left_without_announcement_opens_a_late_change(town: Town, handler: Actor) -> None:
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, str(handler.account_id)), cause="departure")
    assert tick(town, 9)["opened"] == 1
    assert tick(town, 10)["opened"] == 0
    with town.connector.act(HOST) as act:
        change = next(view for view in registration.list_changes(act) if view.source == "directory")
        row = registration.get_change(act, change.change_id)
    assert (change.late, change.taker, change.duty) == (True, None, "handler")
    with pytest.raises(SuccessorMissingError):
        sign(town, row, "giver", head(town), reason="移交人已离职")
    successor = SuccessorForm(taker=member(town).name)
    with town.connector.act(head(town)) as act:
        registration.name_successor(act, row.id, successor)
    assert tick(town, 11)["effective"] == 1


def test_holder_who_moved_to_another_unit_opens_a_late_change(town: Town, handler: Actor) -> None:
    with town.connector.act(HOST) as act:
        people.get_person(act, str(handler.person_id)).unit_id = units.get_unit(act, "xxjsk").id
    assert tick(town, 9)["opened"] == 1
