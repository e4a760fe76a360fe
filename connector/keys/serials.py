"""The one stored shape of a key's numbers: serial, AAGUID, certificate serial, credentialId. Pure.

Each `parse_…` returns the shape, or None when the text cannot be such a number.
"""

import base64
import binascii
import re
import unicodedata
import uuid

SERIAL = re.compile(r"[0-9A-Z][0-9A-Z._-]{0,63}")
CERTIFICATE = re.compile(r"[0-9a-f]{1,40}")  # RFC 5280: 20 octets at most
MODEL = re.compile(r"[^=+\-@\s\x00-\x1f][^\x00-\x1f]{0,63}")
LEAST_BYTES, MOST_BYTES = 16, 1023  # of a credentialId (WebAuthn level 2)


def plain(text: str) -> str:
    """Full-width letters and digits made plain, blanks at the ends taken off."""
    return unicodedata.normalize("NFKC", text).strip()


def parse_serial(text: str) -> str | None:
    """Upper case: what is engraved is read in either case."""
    found = plain(text).upper()
    return found if SERIAL.fullmatch(found) else None


def parse_model(text: str) -> str | None:
    found = plain(text)
    return found if MODEL.fullmatch(found) else None


def parse_aaguid(text: str) -> str | None:
    """Lower case with hyphens; the all-zero one is no model."""
    try:
        found = uuid.UUID(plain(text))
    except ValueError:
        return None
    return str(found) if found.int else None


def parse_certificate_serial(text: str) -> str | None:
    """Hexadecimal, lower case, even length: as Keycloak compares it."""
    found = re.sub(r"[\s:]", "", plain(text)).lower().removeprefix("0x")
    if not CERTIFICATE.fullmatch(found) or not int(found, 16):
        return None
    return _even(found)


def certificate_serial_of(decimal: str) -> str | None:
    """The stored shape of the decimal number that Keycloak's events carry."""
    return _even(f"{int(decimal):x}") if decimal.isdecimal() else None


def parse_key_id(text: str) -> str | None:
    """Base64url without padding, from base64 or base64url with or without it."""
    standard = plain(text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not LEAST_BYTES <= len(raw) <= MOST_BYTES:
        return None
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _even(digits: str) -> str:
    digits = digits.lstrip("0") or "0"
    return digits if len(digits) % 2 == 0 else f"0{digits}"
