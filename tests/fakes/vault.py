"""A vault for tests that need none of the cryptography: reversible, never the plain text, bound to its context."""

import base64
import hashlib

from connector.adapters.crypto import SealedValueError


class FakeVault:
    """Sealed form: `generation|digest of the context|value in base 32`, so that plain text is never stored."""

    def __init__(self) -> None:
        self.generation = 1

    def encrypt(self, value: str, context: str) -> bytes:
        return b"%d|%s|%s" % (self.generation, _tag(context), base64.b32encode(value.encode()))

    def decrypt(self, sealed: bytes, context: str) -> str:
        _, tag, value = sealed.split(b"|")
        if tag != _tag(context):
            raise SealedValueError(reason="authentication")
        return base64.b32decode(value).decode()

    def digest(self, value: str, context: str) -> str:
        return hashlib.sha256(f"{context}\x00{value}".encode()).hexdigest()

    def needs_rotation(self, sealed: bytes) -> bool:
        return int(sealed.split(b"|")[0]) != self.generation


def _tag(context: str) -> bytes:
    return hashlib.sha256(context.encode()).hexdigest()[:16].encode()
