"""Units that are closed, split, renamed and moved: previewed, approved by two offices, carried out on their day."""

from datetime import date, timedelta
from typing import Any

import pytest

from connector.errors import ForbiddenError, RefusedInputError
from connector.register import accounts, appointments, people, unit_changes, units
from connector.register.unit_changes import UnitChange
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests import reorganise
from connector.requests.errors import ContentChangedError, OpenUnitChangeError
from connector.requests.reorganise import UNCHECKED
from connector.requests.tables import RequestRow
from tests.factories import make_person, make_person_form
from tests.town import HOST, NOON, Town

TODAY = date(2026, 3, 10)


def change(**fields: Any) -> UnitChange:
    return UnitChange(**{"how": "close", "effective_on": TODAY, "target": "xxjsk", "plan_hash": UNCHECKED, **fields})


def previewed(town: Town, unit: str = "ywk", **fields: Any) -> UnitChange:
    with town.connector.act(town.actor(Office.OPERATOR)) as act:
        plan = reorganise.preview_change(act, unit, change(**fields))
    return change(**fields, plan_hash=plan.hash)


def ask(town: Town, unit: str = "ywk", *, as_previewed: UnitChange | None = None, **fields: Any) -> RequestRow:
    form = town.form(
        unit_code=unit, kind=RequestKind.REORGANISE_UNIT, unit_change=as_previewed or previewed(town, unit, **fields),
        reason="机构改革",
    )  # fmt: skip
    return town.submit(form, actor=town.actor(Office.OPERATOR))


def test_close_a_unit_moves_people_ends_offices_and_keeps_names(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    request = ask(town)
    offices = [town.open_stage(request).office]
    request = town.decide(request)
    offices.append(town.open_stage(request).office)
    town.decide(request)
    assert offices == ["system_department_head", "principal"]
    with town.connector.act(HOST, now=NOON + timedelta(days=1)) as act:
        person, closed = people.get_person(act, account.person_id), units.get_unit(act, "ywk")
        assert units.get_unit_by_id(act, person.unit_id).code == "xxjsk"
        assert accounts.get_account(act, account.id).user_name == account.user_name
        assert closed.closed_at == NOON
        assert appointments.list_appointments(act, unit_code="ywk") == []
        with pytest.raises(RefusedInputError):
            make_person(act, "ywk")


def test_past_units_of_people_and_past_names_of_units_stay(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    day = NOON + timedelta(days=2)
    renamed = ask(town, "dljg", how="rename", target="", name="某招标代理公司", effective_on=day.date())
    closed = ask(town, "ywk", effective_on=day.date())
    town.approve(renamed)
    town.approve(closed)
    with town.connector.act(HOST, now=NOON + timedelta(days=1)) as act:
        assert reorganise.follow_plans(act) == 0
    with town.connector.act(HOST, now=day) as act:
        assert reorganise.follow_plans(act) == 2
    with town.connector.act(HOST, now=day + timedelta(days=1)) as act:
        unit, person = units.get_unit(act, "dljg"), people.get_person(act, account.person_id)
        assert (unit.name, unit_changes.name_as_of(act, unit, NOON)) == ("某招标代理公司", "某招标代理机构")
        assert unit_changes.unit_as_of(act, person, NOON).code == "ywk"
        assert unit_changes.unit_as_of(act, person, day).code == "xxjsk"


def test_open_request_follows_and_must_be_read_again(town: Town) -> None:
    waiting = town.submit()
    town.approve(ask(town))
    with pytest.raises(ContentChangedError):
        town.decide(waiting, digest=waiting.digest)
    moved = town.decide(waiting)
    with town.connector.act(HOST) as act:
        assert units.get_unit_by_id(act, moved.unit_id).code == "xxjsk"
    assert town.approve(moved).state == "approved"


def test_plan_that_no_longer_fits_the_register_is_not_approved(town: Town) -> None:
    request = town.decide(ask(town))
    with town.connector.act(HOST) as act:
        make_person(act, "ywk")
    with pytest.raises(ContentChangedError):
        town.decide(request)
    with pytest.raises(ContentChangedError):
        ask(town, as_previewed=change())


def test_split_takes_the_named_people_alone(town: Town) -> None:
    goes, stays = (town.account_of(town.approve(town.submit())) for _ in range(2))
    town.approve(ask(town, how="split", accounts=(goes.user_name,)))
    with town.connector.act(HOST) as act:
        codes = [units.get_unit_by_id(act, people.get_person(act, a.person_id).unit_id).code for a in (goes, stays)]
    assert codes == ["xxjsk", "ywk"]


def test_move_a_unit_takes_its_whole_tree_along(town: Town) -> None:
    with town.connector.act(HOST) as act:
        units.register_unit(act, units.UnitForm(code="ywyk", name="业务一科", kind="department", parent_code="ywk"))
    town.approve(ask(town, how="move", target="xxjsk"))
    with town.connector.act(HOST) as act:
        assert units.get_unit(act, "ywyk").path == "/371500/jyzx/xxjsk/ywk/ywyk/"


@pytest.mark.parametrize(
    ("unit", "fields"),
    [
        ("jyzx", {"target": "dljg"}),
        ("ywk", {"target": "ywk"}),
        ("ywk", {"target": "nowhere"}),
        ("dljg", {"how": "move", "target": "ywk"}),
    ],
)
def test_change_that_cannot_be_is_refused(town: Town, unit: str, fields: dict[str, str]) -> None:
    with pytest.raises(RefusedInputError):
        previewed(town, unit, **fields)


def test_change_by_somebody_else_or_twice_is_refused(town: Town) -> None:
    plan = previewed(town)
    form = town.form(kind=RequestKind.REORGANISE_UNIT, unit_change=plan, reason="机构改革")
    with pytest.raises(ForbiddenError):
        town.submit(form)
    ask(town)
    with pytest.raises(OpenUnitChangeError):
        ask(town)


def test_person_of_a_closed_unit_cannot_be_registered_by_a_request(town: Town) -> None:
    town.approve(ask(town))
    with pytest.raises(RefusedInputError):
        town.submit(town.form(person=make_person_form("ywk")), actor=town.actor(Office.OPERATOR))
