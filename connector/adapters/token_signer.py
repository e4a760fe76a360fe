"""The signer of security event tokens: an ES256 key in a file that only the service's user can read."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from connector.adapters.signing import SigningKeyError

ALGORITHM: Final = "ES256"
CURVE: Final = "P-256"


class EcTokenSigner:
    """Signs with the key in `key_file` (PEM), which is made, mode 0600, when there is none.

    The key before a rotation is kept beside it (`*.previous.pem`) and is published with the present one, because
    tokens signed with it may still be on their way. Other processes notice a rotation by the file's time.
    """

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._previous = key_file.with_suffix(".previous.pem")
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] = (0, 0)
        self._keys: list[ECKey] = []
        if not key_file.exists():
            _write(key_file, _new_key(), replace=False)
        self._present()

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """The compact JWS, with `typ` and the key's id in its head. Raises SigningKeyError."""
        key = self._present()[0]
        return jwt.encode({"alg": ALGORITHM, "typ": typ, "kid": key.kid}, dict(claims), key, algorithms=[ALGORITHM])

    def public_keys(self) -> dict[str, Any]:
        """The JWK set: the present key first, then the one before it."""
        return {"keys": [_public(key) for key in self._present()]}

    def rotate(self) -> str:
        """Makes a new key the present one and returns its id; the key before the last one is forgotten."""
        with self._lock:
            key = _new_key()
            _write(self._previous, _load(self._file), replace=True)
            _write(self._file, key, replace=True)
        return str(self._present()[0].kid)

    def _present(self) -> list[ECKey]:
        with self._lock:
            try:
                stat = self._file.stat()
            except OSError:
                raise SigningKeyError(reason=f"no {self._file.name}") from None
            if self._read_at != (stat.st_mtime_ns, stat.st_ino):
                files = [self._file, *([self._previous] if self._previous.exists() else [])]
                self._keys = [_load(file) for file in files]
                self._read_at = (stat.st_mtime_ns, stat.st_ino)
            return self._keys


def _new_key() -> ECKey:
    return ECKey.generate_key(CURVE)


def _load(file: Path) -> ECKey:
    if file.stat().st_mode & 0o077:
        raise SigningKeyError(reason=f"mode of {file.name}")
    try:
        key = ECKey.import_key(file.read_bytes())
    except (OSError, ValueError, TypeError, JoseError):
        raise SigningKeyError(reason=f"content of {file.name}") from None
    if not key.is_private or key.curve_name != CURVE:
        raise SigningKeyError(reason=f"type of {file.name}")
    key.ensure_kid()  # RFC 7638 thumbprint: the same at every start.
    return key


def _public(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM}


def _write(file: Path, key: ECKey, *, replace: bool) -> None:
    """Written whole beside its place. Without `replace`, of two processes that start at once the first one's counts."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(key.as_pem(private=True))
            out.flush()
            os.fsync(out.fileno())
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
