"""Signing in at the pages through a real Keycloak, and every way around it that was thought of."""

import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from sqlalchemy import select, update

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor
from connector.pages.tables import PageSessionRow, PageSignInRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.regulations.vocabulary import Office
from tests.practice_page import PATH, done
from tests.servers.web import Visit, Web
from tests.town import HOST

PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def head(web: Web) -> Actor:
    return web.town.actor(Office.UNIT_HEAD, "ywk")


@pytest.fixture
def visit(web: Web, head: Actor) -> Visit:
    """A signed-in person with a hardware key, in a browser of his own."""
    visit = web.visit(web.enrol(head))
    assert visit.open("/pages/account").status_code == 200
    return visit


def session_of(web: Web, head: Actor) -> PageSessionRow:
    """The newest session."""
    with web.town.connector.act(HOST, reading=True) as act:
        newest = select(PageSessionRow).order_by(PageSessionRow.started_at.desc()).limit(1)
        return act.session.scalars(newest).one()


def is_signed_in(visit: Visit) -> bool:
    return visit.client.get("/pages/account").status_code == 200


def wait_until(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def changed(address: str, **values: str) -> str:
    """The address with other parameters; an empty value takes one away."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **values}
    return urlunsplit(parts._replace(query=urlencode({name: value for name, value in query.items() if value})))


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and "登录没有完成" in answer.text and "set-cookie" not in answer.headers


def test_open_page_leads_through_the_login_to_it_with_the_level_it_needs(web: Web, head: Actor, visit: Visit) -> None:
    assert visit.keycloak.pages[-2:] == ["login", "webauthn-authenticate"]
    assert head.name in visit.open("/pages/account").text
    row = session_of(web, head)
    assert (row.acr, sorted(row.amr)) == ("mfa", ["hwk", "pwd"])
    with web.town.connector.act(HOST, reading=True) as act:
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.subject == f"session:{row.id}")).one()
        assert (entry.event, entry.data) == ("session.signed_in", {"acr": "mfa", "amr": ["pwd", "hwk"]})
        assert entry.person_id == head.person_id


def test_log_out_at_keycloak_ends_the_page_session(web: Web, head: Actor, visit: Visit) -> None:
    web.realm.provider.log_out(session_of(web, head).subject)
    assert wait_until(lambda: not is_signed_in(visit))
    assert session_of(web, head).ended_at is not None


def test_freeze_person_kills_the_page_session_at_the_next_click_and_for_good(
    web: Web, head: Actor, visit: Visit
) -> None:
    with web.town.connector.act(HOST) as act:
        account = accounts.get_account(act, str(head.account_id))
        provisioning.freeze_account(act, account, cause="incident")
    assert not is_signed_in(visit)
    with web.town.connector.act(HOST) as act:
        provisioning.enable_account(
            act, accounts.get_account(act, str(head.account_id)), cause="request", request_id=None
        )
        act.session.execute(update(PageSessionRow).values(ended_at=None))
    assert not is_signed_in(visit)
    web.town.connector.deliver()


def test_sign_out_ends_the_session_here_and_at_keycloak(web: Web, head: Actor, visit: Visit) -> None:
    row, pages = session_of(web, head), len(visit.keycloak.pages)
    token = visit.client.get("/pages").text.split('name="csrf" value="')[1].split('"')[0]
    answer = visit.follow(visit.client.post("/sign-out", data={"csrf": token}))
    assert (answer.status_code, urlsplit(str(answer.url)).path) == (200, "/signed-out")
    assert web.realm.provider.sessions_of(row.subject).online == 0
    visit.open("/pages/account")
    assert visit.keycloak.pages[pages:] == ["login", "webauthn-authenticate"]


@pytest.mark.req("B3")
def test_step_up_asks_for_the_key_again_and_carries_out_once(web: Web, head: Actor, visit: Visit) -> None:
    done.clear()
    before, pages = session_of(web, head), len(visit.keycloak.pages)
    answer = visit.send(PATH, word="同意")
    assert "练习已提交。" in answer.text
    assert visit.keycloak.pages[pages:] == ["login", "webauthn-authenticate"]
    (act, payload) = done.pop()
    assert payload == {"word": "同意"}
    assert (act.actor.acr, set(act.actor.amr), act.actor.via) == ("mfa", {"pwd", "hwk"}, "page")
    assert act.actor.authenticated_at is not None
    assert act.actor.authenticated_at >= before.authenticated_at
    assert session_of(web, head).token_digest != before.token_digest
    assert done == []


@pytest.mark.req("B3")
def test_step_up_by_another_person_carries_out_nothing(web: Web, head: Actor, visit: Visit) -> None:
    done.clear()
    other = web.visit(web.enrol(web.town.actor(Office.PRINCIPAL)))
    visit.keycloak, visit.person = other.keycloak, other.person
    answer = visit.send(PATH, word="同意")
    assert "未完成验证，练习未提交。" in answer.text
    assert done == []


def test_change_password_at_keycloak_comes_back_and_says_so(web: Web, visit: Visit) -> None:
    visit.person.new_password = "Nochmal!1weiter9"
    answer = visit.open("/pages/account/change/password")
    assert "口令已修改。" in answer.text
    assert "update-password" in visit.keycloak.pages
    assert "口令已修改。" not in visit.open("/pages/account").text


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"code": "x.y.z"},
        {"code": ""},
        {"iss": "http://localhost:1/realms/other"},
        {"iss": ""},
    ],
)
def test_come_back_with_a_changed_answer_is_refused(web: Web, head: Actor, change: dict[str, str]) -> None:
    visit = web.visit(web.enrol(head))
    assert refused(visit.client.get(changed(visit.callback(), **change)))
    assert not is_signed_in(visit)


@pytest.mark.parametrize("column", ["nonce", "verifier_sealed"])
def test_come_back_with_another_nonce_or_verifier_is_refused(web: Web, head: Actor, column: str) -> None:
    visit = web.visit(web.enrol(head))
    address = visit.callback()
    with web.town.connector.act(HOST) as act:
        row = act.session.scalars(select(PageSignInRow).order_by(PageSignInRow.started_at.desc()).limit(1)).one()
        place = f"page_sign_in:{row.state_digest}"
        setattr(row, column, "x" * 43 if column == "nonce" else act.vault.encrypt("x" * 43, place))
    assert refused(visit.client.get(address))


def test_come_back_a_second_time_is_refused(web: Web, head: Actor) -> None:
    visit = web.visit(web.enrol(head))
    address = visit.callback()
    assert visit.client.get(address).status_code == 303
    visit.client.cookies.delete("idp_session")
    assert refused(visit.client.get(address))


def test_come_back_in_another_browser_is_refused(web: Web, head: Actor) -> None:
    """Login CSRF: somebody gives another the address with which his own login ends."""
    attacker, victim = web.visit(web.enrol(head)), web.visit(web.enrol(head))
    victim.client.get("/sign-in")
    assert refused(victim.client.get(attacker.callback()))
    assert not is_signed_in(victim)


def test_sign_in_with_a_planted_cookie_gets_another_one(web: Web, head: Actor) -> None:
    """Session fixation."""
    visit = web.visit(web.enrol(head))
    visit.client.cookies.set("idp_session", "planted", domain="localhost.local", path="/")
    assert visit.open("/pages/account").status_code == 200
    assert "planted" not in [cookie.value for cookie in visit.client.cookies.jar if cookie.name == "idp_session"][-1:]
    thief = httpx.Client(base_url=web.url, cookies={"idp_session": "planted"}, trust_env=False)
    with thief:
        assert thief.get("/pages/account").status_code == 303


def test_send_logout_token_of_nobody_is_refused(web: Web, head: Actor, visit: Visit) -> None:
    row = session_of(web, head)
    id_token = web.town.connector.vault.decrypt(row.id_token_sealed, f"page_session:{row.keycloak_sid}")
    for token in ("", "x.y.z", id_token):
        answer = visit.client.post("/oidc/logout", data={"logout_token": token})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert is_signed_in(visit)
