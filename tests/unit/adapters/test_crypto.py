"""The vault: what is sealed opens only where it was sealed, keys rotate, and the ring file is the owner's alone."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.adapters import crypto
from connector.adapters.crypto import AesGcmVault, SealedValueError
from connector.adapters.key_ring import CipherName, Key, KeyRingError, KeyRingFile
from connector.ports import Vault
from tests.fakes.vault import FakeVault

ID_NUMBER = "11010519491231002X"
CIPHERS: tuple[CipherName, ...] = ("aes-256-gcm", "sm4-gcm")


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


@pytest.fixture(params=["fake", *CIPHERS])
def vault(request: pytest.FixtureRequest, ring: Path) -> Vault:
    return FakeVault() if request.param == "fake" else AesGcmVault(ring, request.param)


class TestEveryVault:
    """The contract, on the fake and on the real one with each cipher."""

    @pytest.mark.req("J5")
    @pytest.mark.parametrize("value", [ID_NUMBER, "", "张三·阿卜杜拉", "x" * 10_000])
    def test_decrypt_in_same_context_gives_value(self, vault: Vault, value: str) -> None:
        assert vault.decrypt(vault.encrypt(value, "persons:1"), "persons:1") == value

    @pytest.mark.req("J5")
    def test_decrypt_in_other_context_is_refused(self, vault: Vault) -> None:
        sealed = vault.encrypt(ID_NUMBER, "persons:1")
        with pytest.raises(SealedValueError):
            vault.decrypt(sealed, "persons:2")

    @pytest.mark.req("J5")
    def test_encrypt_hides_value(self, vault: Vault) -> None:
        assert ID_NUMBER.encode() not in vault.encrypt(ID_NUMBER, "persons:1")

    @pytest.mark.req("J5")
    def test_digest_is_equal_only_for_equal_value_and_context(self, vault: Vault) -> None:
        assert vault.digest(ID_NUMBER, "document") == vault.digest(ID_NUMBER, "document")
        assert vault.digest(ID_NUMBER, "document") != vault.digest(ID_NUMBER, "phone")
        assert vault.digest(ID_NUMBER, "document") != vault.digest(ID_NUMBER[:-1], "document")
        assert len(vault.digest(ID_NUMBER, "document")) == 64


@pytest.mark.req("J5")
@pytest.mark.parametrize("cipher", CIPHERS)
def test_decrypt_after_any_changed_byte_is_refused(ring: Path, cipher: CipherName) -> None:
    vault = AesGcmVault(ring, cipher)
    sealed = vault.encrypt(ID_NUMBER, "persons:1")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealedValueError):
            vault.decrypt(changed, "persons:1")


@pytest.mark.parametrize("length", [0, 1, 5, 32])
def test_decrypt_of_short_value_is_refused(ring: Path, length: int) -> None:
    vault = AesGcmVault(ring)
    with pytest.raises(SealedValueError):
        vault.decrypt(vault.encrypt("", "c")[:length], "c")


def test_encrypt_same_value_twice_gives_different_bytes(ring: Path) -> None:
    vault = AesGcmVault(ring)
    assert vault.encrypt(ID_NUMBER, "c") != vault.encrypt(ID_NUMBER, "c")


@pytest.mark.req("J5")
def test_digest_of_long_context_differs_from_long_value(ring: Path) -> None:
    vault = AesGcmVault(ring)
    assert vault.digest("bc", "a") != vault.digest("c", "ab")


@pytest.mark.req("J5")
def test_rotate_keeps_old_values_readable_and_names_them(ring: Path) -> None:
    vault = AesGcmVault(ring)
    old, digest = vault.encrypt(ID_NUMBER, "c"), vault.digest(ID_NUMBER, "c")
    assert not vault.needs_rotation(old)
    vault.rotate()
    assert vault.needs_rotation(old)
    assert vault.decrypt(old, "c") == ID_NUMBER
    assert not vault.needs_rotation(vault.encrypt(ID_NUMBER, "c"))
    assert vault.digest(ID_NUMBER, "c") == digest


@pytest.mark.req("J5")
def test_rotate_to_sm4_keeps_aes_values_readable(ring: Path) -> None:
    vault = AesGcmVault(ring)
    old = vault.encrypt(ID_NUMBER, "c")
    vault.rotate("sm4-gcm")
    new = vault.encrypt(ID_NUMBER, "c")
    assert [vault.decrypt(sealed, "c") for sealed in (old, new)] == [ID_NUMBER] * 2
    assert json.loads(ring.read_text())["keys"][new[1:5].hex()]["cipher"] == "sm4-gcm"


def test_decrypt_of_value_sealed_after_rotation_elsewhere_reads_ring_again(ring: Path) -> None:
    here, elsewhere = AesGcmVault(ring), AesGcmVault(ring)
    elsewhere.rotate()
    assert here.decrypt(elsewhere.encrypt(ID_NUMBER, "c"), "c") == ID_NUMBER


def test_decrypt_with_ring_of_another_database_is_refused(ring: Path, tmp_path: Path) -> None:
    sealed = AesGcmVault(ring).encrypt(ID_NUMBER, "c")
    with pytest.raises(SealedValueError):
        AesGcmVault(tmp_path / "other.json").decrypt(sealed, "c")


@pytest.mark.req("J5")
def test_open_missing_ring_makes_file_for_owner_alone(ring: Path) -> None:
    AesGcmVault(ring)
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
    assert stat.S_IMODE(ring.parent.stat().st_mode) == 0o700
    AesGcmVault(ring).rotate()
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_open_ring_readable_by_others_is_refused(ring: Path, mode: int) -> None:
    AesGcmVault(ring)
    ring.chmod(mode)
    with pytest.raises(KeyRingError):
        AesGcmVault(ring)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"active": "00000000", "keys": {}, "digest_key": ""}', "not json"],
)
def test_open_malformed_ring_is_refused(ring: Path, text: str) -> None:
    AesGcmVault(ring)
    ring.write_text(text)
    with pytest.raises(KeyRingError):
        AesGcmVault(ring)


def test_open_ring_with_short_key_is_refused(ring: Path) -> None:
    AesGcmVault(ring)
    content = json.loads(ring.read_text())
    content["keys"][content["active"]]["key"] = "AAAA"
    ring.write_text(json.dumps(content))
    with pytest.raises(KeyRingError):
        AesGcmVault(ring)


def test_show_ring_hides_keys(ring: Path) -> None:
    AesGcmVault(ring)
    loaded = KeyRingFile(ring).load()
    assert loaded.digest_key.hex() not in repr(loaded)
    assert repr(loaded.active_key.secret) not in repr(loaded.active_key)


@pytest.mark.req("J5")
def test_sm4_gcm_matches_rfc_8998_vector() -> None:
    # RFC 8998, appendix A.1.
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([b]) * 8 for b in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    expected = (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert crypto._seal(Key("00000000", "sm4-gcm", key), nonce, plain, bound).hex() == expected


@pytest.mark.req("J5")
@pytest.mark.parametrize("cipher", CIPHERS)
def test_sealed_form_is_version_key_nonce_text(ring: Path, cipher: CipherName) -> None:
    sealed = AesGcmVault(ring, cipher).encrypt(ID_NUMBER, "persons:1")
    key = KeyRingFile(ring).load().active_key
    assert sealed[:1] == b"\x01"
    assert sealed[1:5].hex() == key.key_id
    bound, nonce, text = sealed[:5] + b"persons:1", sealed[5:17], sealed[17:]
    if cipher == "aes-256-gcm":
        assert AESGCM(key.secret).decrypt(nonce, text, bound) == ID_NUMBER.encode()
    else:
        opening = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, text[-16:])).decryptor()
        opening.authenticate_additional_data(bound)
        assert opening.update(text[:-16]) + opening.finalize() == ID_NUMBER.encode()
