"""The signer of checkpoints: an Ed25519 key in a file that only the service's user can read."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from connector.audit.note import VerifierKey, check_name
from connector.errors import ConnectorError, Text


class SigningKeyError(ConnectorError):
    """The log's key file cannot be used."""

    code = "signing-key"
    status = 500
    clause = "GX 10"
    says = Text("审计签名密钥不可用：{reason}", "The log's signing key cannot be used: {reason}")
    remedy = Text(
        "请恢复密钥文件的备份，并将权限设为 0600", "Restore the key file from its backup and set its mode to 0600"
    )


class Ed25519NoteSigner:
    """Signs notes with the key in `key_file` (PKCS #8 PEM), which is made, mode 0600, when there is none."""

    def __init__(self, name: str, key_file: Path) -> None:
        check_name(name)
        self.name = name
        self._key = _load(key_file) if key_file.exists() else _make(key_file)

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of the signature, without the key id."""
        return self._key.sign(text)

    def verifier_key(self) -> str:
        return str(VerifierKey(self.name, self._key.public_key().public_bytes_raw()))


def _load(key_file: Path) -> Ed25519PrivateKey:
    if key_file.stat().st_mode & 0o077:
        raise SigningKeyError(reason=f"mode of {key_file.name}")
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise SigningKeyError(reason=f"content of {key_file.name}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(reason=f"type of {key_file.name}")
    return key


def _make(key_file: Path) -> Ed25519PrivateKey:
    """Makes the key. Of two processes that start at once the second finds the first one's file and reads it."""
    key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    draft = key_file.with_name(f".{key_file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, key_file)  # Fails where the file exists, unlike a rename: a key is never overwritten.
    except FileExistsError:
        return _load(key_file)
    finally:
        draft.unlink(missing_ok=True)
    return key
