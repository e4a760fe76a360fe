"""The key ring file: keys by id, the active one, the digest key. Reads and writes it, encrypts nothing."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from connector.errors import ConnectorError, Text

CipherName = Literal["aes-256-gcm", "sm4-gcm"]
KEY_BYTES: Final[dict[CipherName, int]] = {"aes-256-gcm": 32, "sm4-gcm": 16}
DIGEST_KEY_BYTES: Final = 32


class KeyRingError(ConnectorError):
    """The key ring file is unreadable, malformed, or open to other users of the machine."""

    code = "key-ring"
    status = 500
    says = Text("密钥环文件不可用：{reason}", "The key ring file cannot be used: {reason}")
    remedy = Text(
        "请恢复密钥环的备份，并将文件权限设为 0600",
        "Restore the ring from its backup and set its mode to 0600",
    )


@dataclass(frozen=True)
class Key:
    """`key_id` is 8 hex digits; `secret` has the length its cipher needs."""

    key_id: str
    cipher: CipherName
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.key_id}, {self.cipher})"


@dataclass(frozen=True)
class KeyRing:
    active: str
    keys: dict[str, Key]
    digest_key: bytes

    @property
    def active_key(self) -> Key:
        return self.keys[self.active]

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active}, keys={sorted(self.keys)})"


class KeyRingFile:
    """One ring on disk. Written whole beside its place and moved there, so that no reader sees half a ring."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load_or_make(self, cipher: CipherName) -> KeyRing:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():
                if not self._path.exists():
                    key = _new_key(cipher)
                    self._write(KeyRing(key.key_id, {key.key_id: key}, secrets.token_bytes(DIGEST_KEY_BYTES)))
        return self.load()

    def load(self) -> KeyRing:
        """The ring as it stands. Raises KeyRingError."""
        try:
            mode = self._path.stat().st_mode
            text = self._path.read_text()
        except OSError as error:
            raise KeyRingError(reason=error.strerror or "unreadable") from error
        if mode & 0o077:
            raise KeyRingError(reason=f"mode {mode & 0o777:04o}")
        try:
            return _from_json(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyRingError(reason="malformed") from error

    def add_key(self, cipher: CipherName) -> KeyRing:
        """Adds a new key and makes it active. Reads the file again first: another process may have added one."""
        with self._locked():
            ring = self.load()
            key = _new_key(cipher)
            grown = replace(ring, active=key.key_id, keys={**ring.keys, key.key_id: key})
            self._write(grown)
            return grown

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, ring: KeyRing) -> None:
        partial = self._path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(_to_json(ring), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
        _sync_directory(self._path.parent)


def _new_key(cipher: CipherName) -> Key:
    return Key(secrets.token_hex(4), cipher, secrets.token_bytes(KEY_BYTES[cipher]))


def _sync_directory(directory: Path) -> None:
    # A ring lost by a power cut after values were sealed under it would lose those values.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_json(ring: KeyRing) -> dict[str, Any]:
    return {
        "active": ring.active,
        "digest_key": base64.b64encode(ring.digest_key).decode(),
        "keys": {
            key.key_id: {"cipher": key.cipher, "key": base64.b64encode(key.secret).decode()}
            for key in ring.keys.values()
        },
    }


def _from_json(data: dict[str, Any]) -> KeyRing:
    keys = {key_id: _key(key_id, entry) for key_id, entry in data["keys"].items()}
    digest_key = base64.b64decode(data["digest_key"], validate=True)
    if data["active"] not in keys or len(digest_key) != DIGEST_KEY_BYTES:
        raise ValueError("active key or digest key")
    return KeyRing(data["active"], keys, digest_key)


def _key(key_id: str, entry: dict[str, str]) -> Key:
    cipher = entry["cipher"]
    if cipher not in KEY_BYTES or len(bytes.fromhex(key_id)) != 4:
        raise ValueError("cipher or key id")
    secret = base64.b64decode(entry["key"], validate=True)
    if len(secret) != KEY_BYTES[cipher]:
        raise ValueError("key length")
    return Key(key_id, cipher, secret)
