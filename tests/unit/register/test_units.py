"""Units: a tree of kinds with right codes."""

import pytest

from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.register import units
from connector.register.errors import CentreMissingError
from connector.register.units import UnitForm
from connector.regulations.vocabulary import Office
from tests.factories import credit_code, make_centre, make_unit
from tests.fixtures_register import Desk


def wrong_fields(desk: Desk, **fields: str) -> set[str]:
    right = {"code": "xk", "name": "新科", "kind": "department", "parent_code": "jyzx"}
    with desk.act() as act, pytest.raises(RefusedInputError) as refused:
        units.register_unit(act, UnitForm(**{**right, **fields}))
    return {problem.field for problem in refused.value.fields}


@pytest.mark.req("A3")
def test_register_unit_with_wrong_fields_names_each(desk: Desk) -> None:
    with desk.act() as act:
        make_centre(act)
    good = credit_code()
    bad = good[:-1] + ("0" if good[-1] != "0" else "1")
    assert wrong_fields(desk, name="", code="科 1", credit_code=bad, phone="1") == {
        "name",
        "code",
        "credit_code",
        "phone",
    }
    assert wrong_fields(desk, parent_code="nowhere") == {"parent_code"}
    assert wrong_fields(desk, code="JYZX") == {"code"}
    assert wrong_fields(desk, kind="club") == {"kind"}
    assert wrong_fields(desk, address="长" * 257) == {"address"}


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        ("region", "jyzx"),
        ("centre", "ywk"),
        ("department", "371500"),
        ("department", "dljg"),
        ("agency", "dljg"),
        ("department", ""),
        ("agency", ""),
    ],
)
def test_register_unit_below_a_wrong_kind_is_refused(desk: Desk, kind: str, parent: str) -> None:
    with desk.act() as act:
        make_centre(act)
    code = "371502" if kind == "region" else "xk"
    assert wrong_fields(desk, kind=kind, parent_code=parent, code=code) == {"parent_code"}


@pytest.mark.req("A3")
def test_register_unit_stores_its_place_and_particulars(desk: Desk) -> None:
    number = credit_code()
    with desk.act() as act:
        make_centre(act)
        form = UnitForm(
            code="dl02", name="代理二", kind="agency", parent_code="371500", address="东昌路1号",
            belongs_to="工程建设科", contact_name="李联系", phone="13912345678", credit_code=number.lower(),
        )  # fmt: skip
        unit = units.register_unit(act, form)
        region, centre = units.get_unit(act, "371500"), units.centre(act)
        sealed = unit.phone_sealed
        assert unit.credit_code == number
        assert sealed is not None
        assert b"13912345678" not in sealed
        assert act.vault.decrypt(sealed, f"unit.phone:{unit.id}") == "13912345678"
        assert units.is_within(unit, region)
        assert units.is_within(unit, unit)
        assert not units.is_within(unit, centre)
        assert not units.is_within(region, unit)
        assert [u.code for u in units.list_units(act, below="jyzx")] == ["jyzx", "xxjsk", "ywk"]


@pytest.mark.req("A3")
def test_unit_code_that_opens_another_code_is_not_its_ancestor(desk: Desk) -> None:
    with desk.act() as act:
        make_centre(act)
        one, two = make_unit(act, "k1", parent="jyzx"), make_unit(act, "k12", parent="jyzx")
        assert not units.is_within(two, one)
        assert [u.code for u in units.list_units(act, below="k1")] == ["k1"]


def test_centre_with_county_centres_is_the_topmost(desk: Desk) -> None:
    with desk.act() as act:
        make_unit(act, "371500", kind="region")
        make_unit(act, "371502", kind="region", parent="371500")
        make_unit(act, "axian", kind="centre", parent="371502")
        make_unit(act, "shi", kind="centre", parent="371500")
        assert units.centre(act).code == "shi"
        make_unit(act, "shi2", kind="centre", parent="371500")
        with pytest.raises(CentreMissingError):
            units.centre(act)


def test_centre_of_an_empty_register_is_missing(desk: Desk) -> None:
    with desk.act() as act, pytest.raises(CentreMissingError):
        units.centre(act)


def test_register_unit_by_somebody_without_office_is_refused(desk: Desk) -> None:
    with desk.act() as act:
        centre = make_centre(act)
    form = UnitForm(code="xk", name="新科", kind="department", parent_code="jyzx")
    with desk.act(centre.actor(Office.AUDITOR)) as act, pytest.raises(ForbiddenError):
        units.register_unit(act, form)
    with desk.act(centre.actor(Office.OPERATOR)) as act:
        assert units.register_unit(act, form).path == "/371500/jyzx/xk/"


def test_get_unit_unknown_is_not_found(desk: Desk) -> None:
    with desk.act() as act, pytest.raises(NotFoundError):
        units.get_unit(act, "nowhere")
