"""The USB port of a window: security keys of `SoftKey` are plugged into it, and drawn out again with their counters."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from playwright.sync_api import BrowserContext, CDPSession, Dialog, Page

from connector.embedded.soft_key import SoftKey

RP_ID = "localhost"
_KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class UsbPort:
    """Chromium's virtual authenticator (CDP WebAuthn). `label` is what the person types when asked to name his key."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.label = "密钥"
        self._context, self._page = context, page
        self._session: CDPSession | None = None
        self._authenticator = ""
        page.on("dialog", self._name_key)

    def insert_blank(self) -> None:
        """Plugs in a key that is registered nowhere."""
        self.draw()
        if self._session is None:
            self._session = self._context.new_cdp_session(self._page)
            self._session.send("WebAuthn.enable")
        added = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": _KEY})
        self._authenticator = added["authenticatorId"]

    def insert(self, key: SoftKey) -> None:
        """Plugs in this key as it is now, its counter too."""
        self.insert_blank()
        self._send(
            "addCredential",
            credential={
                "credentialId": base64.b64encode(key.credential_id).decode(),
                "isResidentCredential": False,
                "rpId": RP_ID,
                "privateKey": base64.b64encode(
                    key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
                ).decode(),
                "signCount": key.signatures,
            },
        )

    def key(self) -> SoftKey:
        """The one key that is registered in the plugged-in authenticator, as it is now."""
        (held,) = self._send("getCredentials")["credentials"]
        private_key = load_der_private_key(base64.b64decode(held["privateKey"]), password=None)
        assert isinstance(private_key, ec.EllipticCurvePrivateKey)
        return SoftKey(private_key, base64.b64decode(held["credentialId"]), signatures=held["signCount"])

    def draw(self) -> None:
        """Pulls the key out, if there is one."""
        if self._authenticator:
            self._send("removeVirtualAuthenticator")
            self._authenticator = ""

    def _send(self, command: str, **values: Any) -> Any:
        assert self._session is not None, "no key was ever plugged in"
        return self._session.send(f"WebAuthn.{command}", {"authenticatorId": self._authenticator, **values})

    def _name_key(self, dialog: Dialog) -> None:
        dialog.accept(self.label)
