"""A small certificate authority for one test run: a server on localhost, and people whose keys carry a certificate."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=2)


@dataclass(frozen=True)
class Certificate:
    """Files in PEM. `serial` is as Keycloak compares it: hexadecimal, small letters, an even number of them."""

    file: Path
    key_file: Path
    serial: str


@dataclass
class Authority:
    """Issues certificates into `folder`. `file` is the authority's own, for those who are to trust it."""

    folder: Path
    name: str = "Centre Test CA"
    file: Path = field(init=False)
    _key: ec.EllipticCurvePrivateKey = field(init=False, repr=False)
    _subject: x509.Name = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key, self._subject = ec.generate_private_key(ec.SECP256R1()), _named(self.name)
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        own = self._builder(self._subject, self._key, x509.random_serial_number())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        signed = own.add_extension(usage, critical=True).sign(self._key, SHA256())
        self.file = self.folder / "ca.pem"
        self.file.write_bytes(signed.public_bytes(Encoding.PEM))

    def issue_server(self, *addresses: str) -> Certificate:
        """For localhost, by name and by number, and for further loopback addresses."""
        numbers = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", *addresses)]
        names = [x509.DNSName("localhost"), *numbers]
        purpose = ExtendedKeyUsageOID.SERVER_AUTH
        return self._issue("localhost", purpose, x509.random_serial_number(), x509.SubjectAlternativeName(names))

    def issue_person(self, name: str, serial: int = 0) -> Certificate:
        """For a person's key; the serial number is what binds it to the account."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, serial or x509.random_serial_number())

    def _issue(self, name: str, purpose: x509.ObjectIdentifier, serial: int, *more: x509.ExtensionType) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(_named(name), key, serial)
        for extension in (x509.ExtendedKeyUsage([purpose]), *more):
            made = made.add_extension(extension, critical=False)
        digits = f"{serial:x}"
        even = digits if len(digits) % 2 == 0 else f"0{digits}"
        file, key_file = self.folder / f"{even}.pem", self.folder / f"{even}.key.pem"
        file.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Certificate(file, key_file, even)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            issuer_name=self._subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=serial,
            not_valid_before=now - timedelta(hours=1),
            not_valid_after=now + _LIFE,
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
