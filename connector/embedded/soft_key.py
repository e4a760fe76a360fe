"""A security key in software: registers and signs as a hardware key does (WebAuthn, CTAP2, ES256). For demonstrations
and tests only: whoever copies its dictionary has the key. Talks to no server and reads no page."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from fido2 import cbor

_PRESENT, _VERIFIED, _WITH_CREDENTIAL = 0x01, 0x04, 0x40  # Flags of the authenticator data (WebAuthn 6.1).
_NO_MODEL = bytes(16)
_ES256 = -7


@dataclass(frozen=True)
class Registration:
    """What a browser hands over after `navigator.credentials.create`."""

    client_data: bytes
    attestation: bytes


@dataclass(frozen=True)
class Assertion:
    """What a browser hands over after `navigator.credentials.get`."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass
class SoftKey:
    """One key with one credential. `signatures` is the counter that every signature raises; a copy falls behind it.

    `aaguid` (16 bytes) names the model, and is told only where attestation is asked for, as browsers do.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    credential_id: bytes
    aaguid: bytes = _NO_MODEL
    signatures: int = 0
    _using: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def make(cls, *, aaguid: bytes = _NO_MODEL) -> Self:
        """A new key, registered nowhere."""
        return cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(32), aaguid)

    @property
    def key_id(self) -> str:
        """The credential id as events and the inventory name it: base64url without padding."""
        return to_base64url(self.credential_id)

    def register(self, *, challenge: str, origin: str, rp_id: str, attestation: str = "none") -> Registration:
        """Registers at `rp_id`. `challenge` is base64url; `attestation` as "direct" tells the model, self-signed."""
        client_data = _client_data("webauthn.create", challenge, origin)
        told = attestation in ("direct", "indirect", "enterprise")
        data = self._authenticator_data(rp_id, self._credential_data(self.aaguid if told else _NO_MODEL))
        statement = {"alg": _ES256, "sig": self._sign(data, client_data)} if told else {}
        body = {"fmt": "packed" if told else "none", "attStmt": statement, "authData": data}
        return Registration(client_data, cbor.encode(body))

    def sign(self, *, challenge: str, origin: str, rp_id: str) -> Assertion:
        """Signs the challenge (base64url) of a login, and counts."""
        client_data = _client_data("webauthn.get", challenge, origin)
        data = self._authenticator_data(rp_id)
        return Assertion(client_data, data, self._sign(data, client_data))

    def to_dict(self) -> dict[str, Any]:
        """The whole key, its secret too, for a JSON file."""
        pem = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {
            "private_key": pem.decode("ascii"),
            "key_id": self.key_id,
            "aaguid": self.aaguid.hex(),
            "signatures": self.signatures,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """The key that `to_dict` wrote; a second one from the same dictionary is a clone."""
        private_key = load_pem_private_key(str(kept["private_key"]).encode("ascii"), password=None)
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise TypeError("the key is not on an elliptic curve")
        key_id = from_base64url(kept["key_id"])
        return cls(private_key, key_id, bytes.fromhex(kept["aaguid"]), int(kept["signatures"]))

    def _authenticator_data(self, rp_id: str, credential: bytes = b"") -> bytes:
        with self._using:
            self.signatures += 1
            count = self.signatures
        flags = _PRESENT | _VERIFIED | (_WITH_CREDENTIAL if credential else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") + credential

    def _credential_data(self, aaguid: bytes) -> bytes:
        return aaguid + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._public_key()

    def _public_key(self) -> bytes:
        """As COSE (RFC 9053): an elliptic-curve key (1: 2) for ES256 on P-256 (-1: 1)."""
        numbers = self.private_key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor.encode({1: 2, 3: _ES256, -1: 1, -2: x, -3: y})

    def _sign(self, data: bytes, client_data: bytes) -> bytes:
        return self.private_key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))


def to_base64url(raw: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Padding may be there or not."""
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _client_data(what: str, challenge: str, origin: str) -> bytes:
    told = {"type": what, "challenge": challenge.rstrip("="), "origin": origin, "crossOrigin": False}
    return json.dumps(told, separators=(",", ":")).encode()
