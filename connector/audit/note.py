"""C2SP signed notes, verifier keys and checkpoints: written, read and verified. Holds no private key, reads no file."""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connector.audit.errors import MalformedNoteError
from connector.audit.tree import HASH_BYTES
from connector.ports import NoteSigner

ED25519 = b"\x01"  # signature type of the C2SP registry
KEY_ID_BYTES = 4
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")


def key_id(name: str, public_key: bytes) -> bytes:
    """First four bytes of SHA-256(name, newline, type, public key)."""
    return sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:KEY_ID_BYTES]


def check_name(name: str) -> None:
    """Raises MalformedNoteError unless `name` may name a key: not empty, no white space, no plus sign."""
    if not name or "+" in name or any(c.isspace() for c in name):
        raise MalformedNoteError(reason="key name")


@dataclass(frozen=True)
class VerifierKey:
    """A log's public key: its name and 32 bytes of Ed25519."""

    name: str
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Reads `name+hash+base64`. Raises MalformedNoteError also when the hash is not this key's."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise MalformedNoteError(reason="verifier key")
        name, hash_text, key_text = parts
        check_name(name)
        raw = _decode(key_text)
        if raw[:1] != ED25519 or len(raw) != 33:
            raise MalformedNoteError(reason="key type")
        if key_id(name, raw[1:]).hex() != hash_text:
            raise MalformedNoteError(reason="key hash")
        return cls(name, raw[1:])

    def __str__(self) -> str:
        return f"{self.name}+{key_id(self.name, self.public_key).hex()}+{b64encode(ED25519 + self.public_key).decode()}"

    def is_signature(self, signature: bytes, text: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


def sign_note(text: str, signer: NoteSigner) -> str:
    """The note: `text` (ends with a newline, has no empty line at its end), an empty line, one signature line."""
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise MalformedNoteError(reason="text")
    key = VerifierKey.parse(signer.verifier_key())
    signature = key_id(key.name, key.public_key) + signer.sign(text.encode())
    return f"{text}\n— {key.name} {b64encode(signature).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """The text of `note`, when it carries a valid signature of `key`. Raises MalformedNoteError otherwise.

    Signatures of other keys are left alone; one that claims to be this key's and is wrong makes the note invalid.
    """
    split = note.rfind("\n\n")
    if split < 0 or not note.endswith("\n"):
        raise MalformedNoteError(reason="note")
    text, wanted, found = note[: split + 1], key_id(key.name, key.public_key), False
    for line in note[split + 2 : -1].split("\n"):
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise MalformedNoteError(reason="signature line")
        signature = _decode(match[2])
        if match[1] == key.name and signature[:KEY_ID_BYTES] == wanted:
            if not key.is_signature(signature[KEY_ID_BYTES:], text.encode()):
                raise MalformedNoteError(reason="signature")
            found = True
    if not found:
        raise MalformedNoteError(reason="no signature of the key")
    return text


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says: the log's origin, its size, its root, and when it was signed (an extension line)."""

    origin: str
    size: int
    root: bytes
    at: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Reads a checkpoint's text; extension lines but `time` are left alone. Raises MalformedNoteError."""
        if not text.endswith("\n"):
            raise MalformedNoteError(reason="checkpoint")
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise MalformedNoteError(reason="checkpoint")
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            raise MalformedNoteError(reason="size")
        root = _decode(lines[2])
        if len(root) != HASH_BYTES:
            raise MalformedNoteError(reason="root")
        return cls(lines[0], int(lines[1]), root, _time_of(lines[3:]))

    def text(self) -> str:
        time = [f"time {self.at.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"] if self.at else []
        return "\n".join([self.origin, str(self.size), b64encode(self.root).decode(), *time]) + "\n"


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in `note`. Raises MalformedNoteError unless signed by `key` and named as the key is."""
    checkpoint = Checkpoint.parse(open_note(note, key))
    if checkpoint.origin != key.name:
        raise MalformedNoteError(reason="origin")
    return checkpoint


def _time_of(lines: list[str]) -> datetime | None:
    for line in lines:
        if line.startswith("time "):
            try:
                moment = datetime.fromisoformat(line[5:])
            except ValueError:
                raise MalformedNoteError(reason="time") from None
            if moment.tzinfo is None:
                raise MalformedNoteError(reason="time")
            return moment.astimezone(UTC)
    return None


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedNoteError(reason="base64") from None
