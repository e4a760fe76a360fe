"""What the sample relying parties must not take: forged, replayed and misdirected tokens, assertions and logouts."""

import base64
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from connector.embedded.browser import Person
from connector.signals import set_token
from tests.integration.sso.conftest import PERMISSIONS, SECRET, Platform
from tests.relying_parties.oidc_rp import LOGOUT_EVENT
from tests.relying_parties.visitor import Visitor

FOREIGN = ECKey.generate_key("P-256", {"kid": "foreign"})
Change = Callable[[dict[str, Any]], Any]


def token_of(platform: Platform, sub: str, change: Change = dict, *, typ: str = "secevent+jwt") -> str:
    """A right token of the connector that says the account is disabled, changed before it is signed."""
    connector = platform.town.connector
    now = connector.clock.now()
    claims = set_token.token_claims(
        issuer=connector.settings.public_url,
        audience="website",
        token_id=uuid.uuid4().hex,
        issued_at=now,
        subject=set_token.account_subject(connector.settings.realm_issuer, sub),
        event=set_token.ACCOUNT_DISABLED,
        payload=set_token.event_claims(set_token.ACCOUNT_DISABLED, now),
    )
    change(claims)
    return connector.token_signer.sign(claims, typ)


def log_in(platform: Platform, browser: Visitor, person: Person, name: str) -> httpx.Response:
    """The first login is at the website, where the password alone opens and the key is enrolled."""
    browser.visit(platform.url("website", "/login"), person)
    return browser.visit(platform.url(name, "/login"), person)


def push(platform: Platform, token: str, authorization: str = SECRET.format("website")) -> httpx.Response:
    headers = {"content-type": "application/secevent+jwt", "authorization": authorization}
    return httpx.post(platform.url("website", "/set"), content=token, headers=headers, trust_env=False)


@pytest.mark.parametrize(
    ("change", "typ", "err"),
    [
        (lambda c: c.update(aud="centre"), "secevent+jwt", "invalid_audience"),
        (lambda c: c.update(iss="https://elsewhere.example"), "secevent+jwt", "invalid_issuer"),
        (lambda c: c.pop("events"), "secevent+jwt", "invalid_request"),
        (dict, "JWT", "invalid_request"),
    ],
)
def test_security_event_token_with_a_wrong_claim_is_refused(
    platform: Platform, change: Change, typ: str, err: str
) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    sub = str(platform.account(account_id).keycloak_id)
    with platform.browser() as browser:
        browser.visit(platform.url("website", "/login"), person)
        answer = push(platform, token_of(platform, sub, change, typ=typ))
        assert (answer.status_code, answer.json()["err"]) == (400, err)
        assert platform.is_in(browser, "website")


def test_security_event_token_is_taken_once_and_only_with_our_signature(platform: Platform) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    sub = str(platform.account(account_id).keycloak_id)
    right = token_of(platform, sub)
    claims = platform.town.connector.token_signer.public_keys()
    forged = jwt.encode({"alg": "ES256", "typ": "secevent+jwt", "kid": claims["keys"][0]["kid"]}, {}, FOREIGN)
    with platform.browser() as browser:
        browser.visit(platform.url("website", "/login"), person)
        assert push(platform, right, "Bearer somebody else").status_code == 401
        assert push(platform, forged).json()["err"] == "invalid_key"
        assert push(platform, "no token at all").json()["err"] == "invalid_key"
        assert platform.is_in(browser, "website")
        assert push(platform, right).status_code == 202
        assert not platform.is_in(browser, "website")
        browser.visit(platform.url("website", "/login"), person)
        assert push(platform, right).status_code == 202  # Sent again: taken, and without effect.
        assert platform.is_in(browser, "website")


@pytest.mark.parametrize("wrong", ["signature", "nonsense", "token of a login"])
def test_logout_token_that_keycloak_did_not_make_ends_nothing(platform: Platform, wrong: str) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    sub = str(platform.account(account_id).keycloak_id)
    with platform.browser() as browser:
        log_in(platform, browser, person, "centre")
        (session,) = [s for s in platform.parties["centre"].sessions.values() if s.sub == sub]
        claims = {
            "iss": platform.town.connector.settings.realm_issuer, "aud": "centre", "sub": sub, "sid": session.sid,
            "iat": int(time.time()), "exp": int(time.time()) + 60, "jti": "1", "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        forged = {
            "signature": jwt.encode({"alg": "ES256", "typ": "logout+jwt", "kid": "foreign"}, claims, FOREIGN),
            "nonsense": "a.b.c",
            "token of a login": session.id_token,
        }[wrong]
        form = {"logout_token": forged}
        answer = httpx.post(platform.url("centre", "/backchannel-logout"), data=form, trust_env=False)
        assert answer.status_code == 400
        assert platform.is_in(browser, "centre")


def test_saml_assertion_is_taken_once_and_only_in_the_browser_that_asked(platform: Platform) -> None:
    _, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser, platform.browser() as other:
        log_in(platform, browser, person, "member")
        response = browser.carried["SAMLResponse"]
        for visitor in (browser, other):
            answer = visitor.post(platform.url("member", "/callback"), SAMLResponse=response)
            assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("tamper", ["role", "unsigned"])
def test_saml_assertion_that_was_tampered_with_is_refused(platform: Platform, tamper: str) -> None:
    _, person = platform.new_person(*PERMISSIONS)

    def change(form: dict[str, str]) -> dict[str, str]:
        xml = base64.b64decode(form["SAMLResponse"]).decode()
        if tamper == "role":
            assert "deposit.clerk" in xml
            xml = xml.replace("deposit.clerk", "deposit.reviewer")
        while tamper == "unsigned" and "<dsig:Signature" in xml:
            before, _, rest = xml.partition("<dsig:Signature")
            xml = before + rest.partition("</dsig:Signature>")[2]
        return {**form, "SAMLResponse": base64.b64encode(xml.encode()).decode()}

    with platform.browser() as browser:
        browser.tamper = change
        answer = log_in(platform, browser, person, "member")
        assert answer.status_code == 403, answer.text
        assert not platform.is_in(browser, "member")


def test_saml_logout_that_keycloak_did_not_sign_ends_nothing(platform: Platform) -> None:
    _, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        log_in(platform, browser, person, "member")
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            '<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="x1" Version="2.0" '
            f'IssueInstant="{time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}">'
            '<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">'
            f"{platform.town.connector.settings.realm_issuer}</a:Issuer>"
            f'<a:NameID xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{person.user_name}</a:NameID>'
            "</p:LogoutRequest></s:Body></s:Envelope>"
        )
        headers = {"content-type": "text/xml"}
        answer = httpx.post(platform.url("member", "/saml-logout"), content=body, headers=headers, trust_env=False)
        assert answer.status_code == 400
        assert platform.is_in(browser, "member")
