"""Movers, returners and leaving administrators: a real OpenLDAP, a real Keycloak, and people who decide."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from connector.adapters.ldap import LdapDirectory
from connector.auth.actor import person_actor
from connector.departures import service as departures
from connector.departures import shared_secrets
from connector.departures.shared_secrets import SecretKind
from connector.outbox.tables import StepRow
from connector.realm_config import load_catalogue
from connector.register import accounts, matrix, people
from connector.register.errors import SecondAccountError
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from jobs import watch_directory
from tests.factories import make_appointment, make_person_form
from tests.fakes.directory import make_settings
from tests.integration.checks.conftest import City, city
from tests.integration.departures.test_leavers import HOST, approve, employ, status_of, sync
from tests.servers.slapd import Slapd

__all__ = ["city"]
KEPT, LOST = [entry for entry in load_catalogue() if not entry.sensitive][:2]


@pytest.fixture
def directory(city: City, slapd: Callable[..., Slapd]) -> Slapd:
    """Thirty people of the sample directory; at most twenty changes flow by themselves."""
    server = slapd(people=30)
    city.connector.directory = LdapDirectory(make_settings(url=server.url, timeout_seconds=5))
    city.connector.settings.breaker_count, city.connector.settings.breaker_share = 20, 0.9
    return server


def settle(city: City, directory: Slapd, number: int, account: AccountRow) -> None:
    """The directory says of this person what the register says."""
    with city.connector.act(HOST) as act:
        form = people.get_form(act, account.person_id)
    values = {"cn": form.name, "mobile": form.phone, "departmentNumber": form.unit_code, "title": form.post}
    directory.modify(directory.person_dn(number), values)
    sync(city)


def role_of(city: City, account: AccountRow) -> dict[str, frozenset[str]]:
    return city.connector.idp.roles_of(str(account.keycloak_id))


def grant(city: City, account: AccountRow) -> None:
    """Two permissions, in the register by paper and in Keycloak."""
    with city.connector.act(HOST) as act:
        row = accounts.get_account(act, account.id)
        ids = [f"{each.subsystem}:{each.role}" for each in (KEPT, LOST)]
        accounts.add_grants(act, row, ids, granted_by="paper:T-1")
    for each in (KEPT, LOST):
        city.connector.idp.grant_roles(str(account.keycloak_id), each.subsystem, [each.role])


@pytest.mark.req("E2")
def test_mover_keeps_what_the_new_post_may_hold_and_loses_the_rest_by_decision(city: City, directory: Slapd) -> None:
    mover = employ(city, 3)
    settle(city, directory, 3, mover)
    grant(city, mover)
    with city.connector.act(HOST) as act:
        matrix.adopt_matrix(act, "xxjsk", {"运维": [f"{KEPT.subsystem}:{KEPT.role}"]}, adopted_by="paper:JZ-1")
    moved = {"departmentNumber": "xxjsk", "title": "运维", "cn": "王改名", "mobile": "13987654321"}
    directory.modify(directory.person_dn(3), moved)
    assert sync(city)["moved"] == 1
    city.connector.deliver()

    user = city.connector.idp.get_user(str(mover.keycloak_id))
    assert (user.display_name, user.attributes["unitCode"], user.enabled) == ("王改名", "xxjsk", True)
    with city.connector.act(HOST) as act:
        form = people.get_form(act, mover.person_id)
        (case,) = (c for c in departures.list_movers(act) if c.user_name == mover.user_name)
    assert (form.name, form.phone, form.unit_code, form.post) == ("王改名", "13987654321", "xxjsk", "运维")
    assert (case.excess, case.request_state) == ([f"{LOST.subsystem}:{LOST.role}"], "pending")
    assert LOST.role in role_of(city, mover)[LOST.subsystem]

    approve(city, case.request)
    city.connector.deliver()
    held = role_of(city, mover)
    assert KEPT.role in held[KEPT.subsystem]
    assert LOST.role not in held.get(LOST.subsystem, frozenset())
    sync(city)
    with city.connector.act(HOST) as act:
        assert mover.user_name not in {c.user_name for c in departures.list_movers(act)}


@pytest.mark.req("E2")
def test_name_of_a_frozen_person_follows_and_opens_nothing(city: City, directory: Slapd) -> None:
    person = employ(city, 4)
    settle(city, directory, 4, person)
    directory.modify(directory.person_dn(4), {"employeeStatus": "left"})
    sync(city)
    directory.modify(directory.person_dn(4), {"employeeStatus": "active", "cn": "王返岗"})
    sync(city)
    city.connector.deliver()
    user = city.connector.idp.get_user(str(person.keycloak_id))
    assert (user.display_name, user.enabled) == ("王返岗", False)


@pytest.mark.req("E2")
def test_returner_is_offered_his_old_account_and_no_second_one(city: City, directory: Slapd) -> None:
    form = make_person_form("ywk", name="王归来")
    with city.connector.act(HOST) as act:
        person = people.register_person(act, form)
        person.directory_key = "000006"
        account = accounts.open_account(act, person, account_class=AccountClass.ORDINARY, opened_by="paper:T-1")
        head = act.session.get_one(PersonRow, city.centre.person(Office.UNIT_HEAD, "ywk").id)
        head.mail = "head@example.cn"
    directory.modify(directory.person_dn(6), {"cn": "王归来", "departmentNumber": "ywk"})
    sync(city)
    directory.modify(directory.person_dn(6), {"employeeStatus": "left"})
    assert sync(city)["frozen"] == 1
    directory.modify(directory.person_dn(6), {"employeeStatus": "active"})
    sync(city)
    assert status_of(city, account) == AccountStatus.FROZEN
    with city.connector.act(HOST) as act:
        (hint,) = (h for h in departures.list_hints(act) if h.key == "000006" and h.kind == "returner")
        assert hint.user_name == account.user_name
        assert account.user_name in {c.user_name for c in departures.list_cases(act)}
        mails = [s.payload["text"] for s in act.session.scalars(select(StepRow).where(StepRow.kind == "mail"))]
    assert any("返岗" in text and account.user_name in text for text in mails)
    clerk = employ(city, 7)
    again = RequestForm(
        kind=RequestKind.GRANT,
        unit_code="ywk",
        person=form,
        permissions=(f"{KEPT.subsystem}:{KEPT.role}",),
        reason="返岗",
    )
    enable = RequestForm(kind=RequestKind.ENABLE, unit_code="ywk", account=account.user_name, reason="已返岗")
    who = person_actor(clerk.person_id, clerk.user_name, account_id=clerk.id, acr="mfa")
    with pytest.raises(SecondAccountError), city.connector.act(who) as act:
        requests.submit_request(act, again)
    with city.connector.act(who) as act:
        request_id = requests.submit_request(act, enable).id
    approve(city, request_id)
    sync(city)
    assert status_of(city, account) == AccountStatus.ACTIVE
    with city.connector.act(HOST) as act:
        assert "000006" not in {h.key for h in departures.list_hints(act) if h.kind == "returner"}


def test_joiner_of_a_real_directory_is_hinted_once(city: City, directory: Slapd) -> None:
    sync(city)
    dn = directory.person_dn(900)
    person = {"cn": "王新", "sn": "王", "employeeStatus": "active", "departmentNumber": "ywk", "title": "科员"}
    directory.add(dn, ["inetOrgPerson", "centrePerson"], person)
    assert sync(city)["hints"] == 1
    assert sync(city)["hints"] == 0
    with city.connector.act(HOST) as act:
        (hint,) = (h for h in departures.list_hints(act) if h.key == "000900")
    assert (hint.kind, hint.unit_code, hint.post) == ("joiner", "ywk", "科员")


@pytest.mark.req("E3")
def test_leaving_administrator_opens_a_rotation_that_another_one_closes(city: City, directory: Slapd) -> None:
    operator = employ(city, 9)
    with city.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, operator.person_id)
        make_appointment(act, person, "jyzx", Office.OPERATOR)
        shared_secrets.add_secret(act, "kc-master", kind=SecretKind.MASTER_ADMINISTRATOR, opens="keycloak")
        shared_secrets.note_knower(act, "kc-master", operator.user_name)
    settle(city, directory, 9, operator)
    directory.modify(directory.person_dn(9), {"employeeStatus": "left"})
    assert sync(city)["frozen"] == 1
    assert not city.connector.idp.get_user(str(operator.keycloak_id)).enabled
    with city.connector.act(HOST) as act:
        (rotation,) = (r for r in departures.list_rotations(act) if r.user_name == operator.user_name)
        (case,) = (c for c in departures.list_cases(act) if c.user_name == operator.user_name)
    assert [item.name for item in rotation.items if item.kind != "review"] == ["kc-master"]
    assert (case.rotation_items, case.offices) == (2, ("operator@jyzx",))
    for item in rotation.items:
        with city.connector.act(city.centre.actor(Office.SYSTEM_ADMINISTRATOR)) as act:
            departures.do_item(act, item.item_id, "已更换")
    with city.connector.act(HOST) as act:
        assert operator.user_name not in {r.user_name for r in departures.list_rotations(act)}
        assert [secret.known_by for secret in departures.list_secrets(act)] == [[]]


@pytest.mark.req("E1")
def test_reported_leaver_is_frozen_before_the_next_read_of_everybody(city: City, directory: Slapd) -> None:
    leaver, mover = employ(city, 11), employ(city, 12)
    for number, account in ((11, leaver), (12, mover)):
        settle(city, directory, number, account)
    city.log_in(leaver)
    assert city.run(watch_directory)["frozen"] == 0
    directory.modify(directory.person_dn(11), {"employeeStatus": "left"})
    directory.modify(directory.person_dn(12), {"cn": "王改名"})
    directory.delete(directory.person_dn(13))
    done = city.run(watch_directory)
    assert (done["frozen"], done["moved"]) == (1, 1)
    assert status_of(city, leaver) == AccountStatus.FROZEN
    assert not city.connector.idp.get_user(str(leaver.keycloak_id)).enabled
    assert city.connector.idp.sessions_of(str(leaver.keycloak_id)).online == 0
    city.connector.deliver()
    assert city.connector.idp.get_user(str(mover.keycloak_id)).display_name == "王改名"
