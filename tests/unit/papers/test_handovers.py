"""The handover record on paper: what is handed over, and the signatures that hold for it as it stands (HH 3)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest

from connector.auth.actor import Actor, person_actor
from connector.errors import ForbiddenError
from connector.papers import service as papers
from connector.papers.forms import Drawn
from connector.register import people
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm
from connector.registration.handovers import ItemForm, SignatureForm
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_person
from tests.town import HOST, Town, open_town
from tests.unit.papers.test_papers import set_paper


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


@pytest.mark.req("A8", "B9")
def test_print_handover_shows_what_is_handed_over_and_only_signatures_that_hold(town: Town) -> None:
    change, giver, taker = hand_over(town)
    blank = set_paper(town, print_handover(town, change))
    sign(town, change, "giver", giver)
    signed = set_paper(town, print_handover(town, change))
    with town.connector.act(giver) as act:
        registration.add_item(act, registration.get_open(act, change), ItemForm(kind="secret", name="保险柜钥匙"))
    again = set_paper(town, print_handover(town, change))
    sign(town, change, "taker", taker)
    both = set_paper(town, print_handover(town, change))
    handing, taking = person_name(town, giver), person_name(town, taker)
    for one in ("账号交接记录", "经办人员", handing, taking, "账号清单，共", "2026年4月20日"):
        assert one in blank
    assert f"签批：{handing}" not in blank
    assert f"签批：{handing}" in signed
    assert f"签批：{handing}" not in again  # The record changed after it was signed.
    assert "口令等保密信息：保险柜钥匙" in again
    assert f"签批：{taking}" in both


def test_print_handover_for_a_stranger_is_refused(town: Town) -> None:
    change, giver, _ = hand_over(town)
    assert print_handover(town, change, giver)["title"] == "账号交接记录"
    for stranger in (town.applicant("dljg"), town.actor(Office.UNIT_HEAD, "dljg")):
        with pytest.raises(ForbiddenError):
            print_handover(town, change, stranger)


def hand_over(town: Town) -> tuple[str, Actor, Actor]:
    """A handler of the unit hands over to another: the change, both persons."""
    people_of = []
    with town.connector.act(HOST) as act:
        for _ in range(2):
            person = make_person(act, "ywk")
            account = make_account(act, "ywk", person=person)
            people_of.append(person_actor(person.id, account.user_name, account_id=account.id, acr="mfa"))
    giver, taker = people_of
    announce(town, giver, date(2026, 3, 17))
    town.clock.advance(timedelta(days=8))
    with town.connector.act(HOST) as act:
        registration.follow_contacts(act)
    change = announce(town, taker, date(2026, 4, 20))
    with town.connector.act(HOST) as act:
        registration.draw(act, registration.get_change(act, change))
    return change, giver, taker


def announce(town: Town, taker: Actor, day: date) -> str:
    form = ChangeForm(unit_code="ywk", duty="handler", taker=taker.name, effective_on=day)
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        return registration.announce_change(act, form).id


def sign(town: Town, change: str, side: Literal["giver", "taker"], by: Actor) -> None:
    with town.connector.act(by) as act:
        row = registration.get_open(act, change)
        registration.sign(act, row, SignatureForm(side=side, digest=registration.show(act, row).digest))


def print_handover(town: Town, change: str, by: Actor = HOST) -> Drawn:
    with town.connector.act(by) as act:
        return papers.handover_paper(act, change)


def person_name(town: Town, who: Actor) -> str:
    with town.connector.act(HOST) as act:
        return people.get_person(act, str(who.person_id)).name
