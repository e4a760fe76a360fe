"""What a person does on each page of Keycloak's login: what he types, which way he picks, what his key answers.

Sends nothing. It keeps in the Person what the person would keep: the new password, the key, the secret of the codes.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.embedded.errors import LoginRefusedError
from connector.embedded.login_pages import Form, LoginPage
from connector.embedded.soft_key import SoftKey, to_base64url

TOTP_SECONDS = 30
# What Chromium says when no key answers, and when a key is registered at this account already.
NO_SUCH_KEY = "NotAllowedError: The operation either timed out or was not allowed."
KEY_KNOWN = "InvalidStateError: The authenticator was previously registered"


@dataclass
class Person:
    """Who sits at the browser. `new_password` and `new_key` are used when one is demanded, and replace the old one;
    without a new key he registers the one he has, or one fresh from the box. `totp_key` is kept at enrolment.

    Whoever holds a key uses it, and the one-time code only where the login takes no key.
    """

    user_name: str
    password: str = field(repr=False)
    new_password: str = field(default="", repr=False)
    totp_key: bytes = field(default=b"", repr=False)
    last_totp_step: int = 0
    key: SoftKey | None = None
    new_key: SoftKey | None = None


class Answers:
    """The person's part at the pages of one Keycloak's login; `origin` is what the browser's address line shows."""

    def __init__(self, origin: str, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._origin, self._clock, self._sleep = origin, clock, sleep

    def to(self, page: LoginPage, form: Form, person: Person) -> tuple[Form, dict[str, str]]:
        """The form that the person sends from this page, and what he adds to its hidden values.

        Raises LoginRefusedError when he has nothing to answer with.
        """
        if page.another_way is not None and _prefers_another_way(page, person):
            return page.another_way, {}
        fill = {
            "update-password": self._update_password,
            "configure-totp": self._configure_totp,
            "otp": self._otp,
            "webauthn-register": self._register_key,
            "webauthn-authenticate": self._use_key,
            "select-authenticator": self._choose_way,
            "consent": self._agree,
        }.get(page.name, self._name_himself)
        return form, fill(page, person)

    def _name_himself(self, _page: LoginPage, person: Person) -> dict[str, str]:
        return {"username": person.user_name, "password": person.password}

    def _agree(self, _page: LoginPage, _person: Person) -> dict[str, str]:
        return {"accept": "yes"}

    def _update_password(self, _page: LoginPage, person: Person) -> dict[str, str]:
        if not person.new_password:
            raise LoginRefusedError("a new password is demanded")
        person.password, person.new_password = person.new_password, ""
        return {"password-new": person.password, "password-confirm": person.password}

    def _configure_totp(self, page: LoginPage, person: Person) -> dict[str, str]:
        person.totp_key = page.hidden("totpSecret").encode()
        return {"totp": self._totp(person), "userLabel": "demo"}

    def _otp(self, _page: LoginPage, person: Person) -> dict[str, str]:
        if not person.totp_key:
            raise LoginRefusedError("a second factor is demanded")
        return {"otp": self._totp(person)}

    def _register_key(self, page: LoginPage, person: Person) -> dict[str, str]:
        """A key refuses to be registered twice at one account; the browser then tells Keycloak so."""
        key = person.key = person.new_key or person.key or SoftKey.make()
        person.new_key = None
        if key.key_id in page.values.get("excludeCredentialIds", "").split(","):
            return {"error": KEY_KNOWN}
        made = key.register(
            challenge=page.values["challenge"],
            origin=self._origin,
            rp_id=page.values["rpId"],
            attestation=page.values["attestationConveyancePreference"],
        )
        return {
            "clientDataJSON": to_base64url(made.client_data),
            "attestationObject": to_base64url(made.attestation),
            "publicKeyCredentialId": key.key_id,
            "authenticatorLabel": f"key {key.key_id[:8]}",
            "transports": "usb",
        }

    def _use_key(self, page: LoginPage, person: Person) -> dict[str, str]:
        """Signs with the person's key; a browser that finds no right key says so to Keycloak, which then refuses."""
        if person.key is None or person.key.key_id not in page.keys:
            return {"error": NO_SUCH_KEY}
        signed = person.key.sign(challenge=page.values["challenge"], origin=self._origin, rp_id=page.values["rpId"])
        return {
            "clientDataJSON": to_base64url(signed.client_data),
            "authenticatorData": to_base64url(signed.authenticator_data),
            "signature": to_base64url(signed.signature),
            "credentialId": person.key.key_id,
        }

    def _choose_way(self, page: LoginPage, person: Person) -> dict[str, str]:
        """Picks the key for who has one, else the one-time code; Keycloak tells them apart by icons alone."""
        icon = "fa-key" if person.key else "fa-mobile"
        ways = [execution for execution, icons in page.ways if icon in icons]
        if not ways:
            raise LoginRefusedError("a second factor is demanded")
        return {"authenticationExecution": ways[0]}

    def _totp(self, person: Person) -> str:
        """The person's next unused code: Keycloak takes each once, and one step ahead of its clock."""
        step = max(int(self._clock() // TOTP_SECONDS), person.last_totp_step + 1)
        while step > self._clock() // TOTP_SECONDS + 1:
            self._sleep(1.0)
        person.last_totp_step = step
        return totp_code(person.totp_key, step)


def totp_code(key: bytes, step: int) -> str:
    """The six digits of RFC 6238 for the `step`-th half minute, with SHA-1 as authenticator apps have it."""
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _prefers_another_way(page: LoginPage, person: Person) -> bool:
    """Whoever has a key leaves the page of the codes; whoever has only codes leaves that of the keys."""
    if page.name == "otp":
        return person.key is not None
    return page.name == "webauthn-authenticate" and person.key is None and bool(person.totp_key)
