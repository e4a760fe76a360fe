"""Encryption of personal values at rest: the Vault port on a key ring file (GB/T 39786 8.4, PIPL art. 51).

A sealed value is `version(1) | key id(4) | nonce(12) | ciphertext | tag(16)`. The header and the context are
the additional authenticated data, so a value can be moved neither to another place nor to another key.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.adapters.key_ring import CipherName, Key, KeyRing, KeyRingFile
from connector.errors import ConnectorError, Text

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
KEY_ID_BYTES: Final = 4
HEADER_BYTES: Final = len(VERSION) + KEY_ID_BYTES


class SealedValueError(ConnectorError):
    """A sealed value cannot be opened: changed, moved to another place, or its key is not in the ring."""

    code = "sealed-value"
    status = 500
    clause = "GX 10"
    says = Text("加密数据无法解密：{reason}", "A sealed value cannot be opened: {reason}")
    remedy = Text("请核对密钥环文件是否与数据库配套", "Check that the key ring file belongs to this database")


class AesGcmVault:
    """AES-256-GCM (or SM4-GCM, by the ring's setting), a fresh random nonce for each value.

    The ring file is made, mode 0600, when it is missing, with a first key for `cipher`. Values sealed under
    older keys and ciphers stay readable as long as the ring holds their keys.
    """

    def __init__(self, ring_path: Path, cipher: CipherName = "aes-256-gcm") -> None:
        self._file = KeyRingFile(ring_path)
        self._ring: KeyRing = self._file.load_or_make(cipher)

    def encrypt(self, value: str, context: str) -> bytes:
        key = self._ring.active_key
        header = VERSION + bytes.fromhex(key.key_id)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + _seal(key, nonce, value.encode(), _bound(header, context))

    def decrypt(self, sealed: bytes, context: str) -> str:
        """The value again. Raises SealedValueError when it was changed, moved, or its key is unknown."""
        if len(sealed) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or sealed[:1] != VERSION:
            raise SealedValueError(reason="format")
        header, nonce = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        key = self._key(_key_id(sealed))
        try:
            plain = _open(key, nonce, sealed[HEADER_BYTES + NONCE_BYTES :], _bound(header, context))
        except InvalidTag:
            raise SealedValueError(reason="authentication") from None
        return plain.decode()

    def digest(self, value: str, context: str) -> str:
        """HMAC-SHA256 (64 hex digits). Its key never rotates: equality look-ups must survive rotation."""
        text = len(context.encode()).to_bytes(4, "big") + context.encode() + value.encode()
        return hmac.new(self._ring.digest_key, text, hashlib.sha256).hexdigest()

    def needs_rotation(self, sealed: bytes) -> bool:
        return _key_id(sealed) != self._ring.active

    def rotate(self, cipher: CipherName | None = None) -> str:
        """Adds a key, makes it the active one and returns its id. Old keys stay, for what they sealed."""
        self._ring = self._file.add_key(cipher or self._ring.active_key.cipher)
        return self._ring.active

    def _key(self, key_id: str) -> Key:
        if key_id not in self._ring.keys:
            self._ring = self._file.load()  # Another process may have rotated since this one started.
        if key_id not in self._ring.keys:
            raise SealedValueError(reason=f"key {key_id}")
        return self._ring.keys[key_id]


def _key_id(sealed: bytes) -> str:
    return sealed[len(VERSION) : HEADER_BYTES].hex()


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()


def _seal(key: Key, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
    if key.cipher == "aes-256-gcm":
        return AESGCM(key.secret).encrypt(nonce, plain, bound)
    sealing = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce)).encryptor()
    sealing.authenticate_additional_data(bound)
    text = sealing.update(plain) + sealing.finalize()
    return text + sealing.tag


def _open(key: Key, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    if key.cipher == "aes-256-gcm":
        return AESGCM(key.secret).decrypt(nonce, sealed, bound)
    tag = sealed[-TAG_BYTES:]
    opening = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag)).decryptor()
    opening.authenticate_additional_data(bound)
    return opening.update(sealed[:-TAG_BYTES]) + opening.finalize()
