"""The form browser's reading of pages, its answers and its codes, without a server."""

import base64
import json

import pyotp
import pytest
from fido2.webauthn import AttestationObject, AuthenticatorData, CollectedClientData

from connector.embedded.errors import LoginRefusedError
from connector.embedded.login_answers import Answers, Person, totp_code
from connector.embedded.login_pages import LoginPage
from connector.embedded.soft_key import SoftKey, from_base64url

ORIGIN = "http://localhost:8480"
ANOTHER_WAY = '<form action="/a?b=1"><input type="hidden" name="tryAnotherWay" value="on"/></form>'
OTP = '<form action="/otp"><input name="otp"></form>'
REGISTER = """
<form id="register" action="/register"><input type="hidden" id="attestationObject" name="attestationObject"/></form>
<script type="module">const input = {
    challenge : "q80_Gg",
    signatureAlgorithms : [-7,-257,],
    rpId : "localhost",
    attestationConveyancePreference : "%s",
    excludeCredentialIds : "%s",
};</script>
<button type="submit" name="" id="registerWebAuthn">x</button>
"""
AUTHENTICATE = """
<form id="webauth" action="/key" method="post"><input type="hidden" name="authenticatorData"/></form>
<form id="authn_select"><input type="hidden" name="authn_use_chk" value="%s"/></form>
<script type="module">const input = { challenge : "q80_Gg", rpId : "localhost", createTimeout : 0 };</script>
"""
SELECT = """
<form id="kc-select-credential-form" action="/s"><input type="hidden" name="authenticationExecution" value="e1"></form>
<div role="button"><i class="fa fa-mobile list-view-pf-icon-lg"></i><i class="fa fa-angle-right"></i></div>
<form id="kc-select-credential-form" action="/s"><input type="hidden" name="authenticationExecution" value="e2"></form>
<div role="button"><i class="fa fa-key list-view-pf-icon-lg"></i></div>
"""


def answer(html: str, person: Person) -> tuple[str, dict[str, str]]:
    """Where the person's answer to this page is sent, and what it says."""
    page = LoginPage(html)
    assert page.form is not None
    form, typed = Answers(ORIGIN, lambda: 3000.0, lambda _: None).to(page, page.form, person)
    return form.action, typed


def test_totp_code_equals_that_of_another_implementation() -> None:
    key = b"FIl25yMwDHHbja7KyDAF"
    other = pyotp.TOTP(base64.b32encode(key).decode())
    assert [totp_code(key, step) for step in range(50)] == [other.generate_otp(step) for step in range(50)]


def test_read_page_with_empty_error_containers_has_no_error() -> None:
    page = LoginPage(
        '<form action="/a?b=1&amp;c=2"><div id="input-error-container-username"></div>'
        '<input name="username"><input name="password" type="password"><input type="hidden" name="h" value="v"></form>'
    )
    assert page.form is not None
    assert (page.name, page.form.action, page.form.hidden, page.error) == ("login", "/a?b=1&c=2", {"h": "v"}, "")


def test_read_page_with_an_error_tells_it() -> None:
    page = LoginPage('<form action="/a"><span id="input-error-username">无效的用户名或密码。</span></form>')
    assert page.error == "无效的用户名或密码。"


def test_read_page_with_two_forms_keeps_their_fields_apart() -> None:
    page = LoginPage(OTP + ANOTHER_WAY)
    assert page.form is not None
    assert (page.name, page.form.action, page.form.hidden) == ("otp", "/otp", {})
    assert page.another_way is not None
    assert page.another_way.hidden == {"tryAnotherWay": "on"}


@pytest.mark.parametrize(
    ("html", "name"),
    [
        (REGISTER, "webauthn-register"),
        (AUTHENTICATE, "webauthn-authenticate"),
        (SELECT, "select-authenticator"),
        (AUTHENTICATE + ANOTHER_WAY, "webauthn-authenticate"),
    ],
)
def test_read_page_of_a_key_names_it(html: str, name: str) -> None:
    assert LoginPage(html).name == name


@pytest.mark.parametrize(
    ("attestation", "form", "model"), [("none", "none", bytes(16)), ("direct", "packed", b"m" * 16)]
)
def test_register_key_tells_its_model_only_when_asked(attestation: str, form: str, model: bytes) -> None:
    person = Person("w", "p", key=SoftKey.make(aaguid=b"m" * 16))
    assert person.key is not None
    action, typed = answer(REGISTER % (attestation, ""), person)
    made = AttestationObject(from_base64url(typed["attestationObject"]))
    assert (action, made.fmt) == ("/register", form)
    assert made.auth_data.credential_data is not None
    assert made.auth_data.credential_data.aaguid == model
    assert made.auth_data.credential_data.credential_id == person.key.credential_id
    assert typed["publicKeyCredentialId"] == person.key.key_id
    client_data = json.loads(from_base64url(typed["clientDataJSON"]))
    assert (client_data["type"], client_data["challenge"], client_data["origin"]) == (
        "webauthn.create", "q80_Gg", ORIGIN,
    )  # fmt: skip
    if form == "packed":
        signed = bytes(made.auth_data) + CollectedClientData(from_base64url(typed["clientDataJSON"])).hash
        made.auth_data.credential_data.public_key.verify(signed, made.att_stmt["sig"])


def test_register_key_that_the_account_has_already_is_refused_by_the_key() -> None:
    person = Person("w", "p", key=SoftKey.make())
    assert person.key is not None
    _, typed = answer(REGISTER % ("none", f"other,{person.key.key_id}"), person)
    assert list(typed) == ["error"]


def test_use_key_signs_with_the_registered_one_and_counts() -> None:
    person = Person("w", "p", key=SoftKey.make())
    assert person.key is not None
    _, registered = answer(REGISTER % ("none", ""), person)
    public = AttestationObject(from_base64url(registered["attestationObject"])).auth_data.credential_data
    assert public is not None
    for count in (2, 3):
        _, typed = answer(AUTHENTICATE % person.key.key_id, person)
        data = AuthenticatorData(from_base64url(typed["authenticatorData"]))
        assert data.counter == count
        assert data.is_user_verified()
        signed = bytes(data) + CollectedClientData(from_base64url(typed["clientDataJSON"])).hash
        public.public_key.verify(signed, from_base64url(typed["signature"]))


def test_use_key_of_somebody_else_says_that_none_answers() -> None:
    _, typed = answer(AUTHENTICATE % "someone-elses", Person("w", "p", key=SoftKey.make()))
    assert typed.keys() == {"error"}


def test_keep_key_in_a_dictionary_gives_the_same_key_again() -> None:
    key = SoftKey.make(aaguid=b"m" * 16)
    key.sign(challenge="q80_Gg", origin=ORIGIN, rp_id="localhost")
    again = SoftKey.from_dict(json.loads(json.dumps(key.to_dict())))
    assert (again.key_id, again.aaguid, again.signatures) == (key.key_id, key.aaguid, 1)
    assert again.to_dict() == key.to_dict()
    assert "PRIVATE" not in repr(key)


def test_answer_codes_page_with_a_key_goes_another_way_and_picks_the_key() -> None:
    person = Person("w", "p", totp_key=b"secret", key=SoftKey.make())
    assert answer(OTP + ANOTHER_WAY, person) == ("/a?b=1", {})
    assert answer(SELECT, person) == ("/s", {"authenticationExecution": "e2"})


def test_answer_key_page_with_codes_only_goes_another_way_and_picks_the_codes() -> None:
    person = Person("w", "p", totp_key=b"secret")
    assert answer(AUTHENTICATE % "k" + ANOTHER_WAY, person) == ("/a?b=1", {})
    assert answer(SELECT, person) == ("/s", {"authenticationExecution": "e1"})
    assert answer(OTP + ANOTHER_WAY, person) == ("/otp", {"otp": totp_code(b"secret", 100)})


def test_answer_codes_page_with_nothing_is_refused() -> None:
    with pytest.raises(LoginRefusedError, match="second factor"):
        answer(OTP, Person("w", "p"))


def test_register_key_where_one_is_known_takes_the_new_one() -> None:
    former, new = SoftKey.make(), SoftKey.make()
    person = Person("w", "p", key=former, new_key=new)
    _, typed = answer(REGISTER % ("none", former.key_id), person)
    assert typed["publicKeyCredentialId"] == new.key_id
    assert (person.key, person.new_key) == (new, None)
