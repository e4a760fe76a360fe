"""The key of the security event tokens: made once, kept private, rotated with an overlap."""

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from connector.adapters.signing import SigningKeyError
from connector.adapters.token_signer import EcTokenSigner


def claims_of(token: str, signer: EcTokenSigner) -> dict[str, object]:
    return dict(jwt.decode(token, KeySet.import_key_set(signer.public_keys()), algorithms=["ES256"]).claims)  # type: ignore[arg-type]


def test_sign_makes_a_private_key_file_once(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "signals.pem"
    signer = EcTokenSigner(file)
    assert file.stat().st_mode & 0o777 == 0o600
    token = signer.sign({"jti": "1"}, "secevent+jwt")
    assert claims_of(token, EcTokenSigner(file)) == {"jti": "1"}
    assert [path.name for path in file.parent.iterdir()] == ["signals.pem"]


def test_public_keys_hold_no_private_part(tmp_path: Path) -> None:
    (key,) = EcTokenSigner(tmp_path / "signals.pem").public_keys()["keys"]
    assert "d" not in key
    assert (key["use"], key["alg"], key["crv"]) == ("sig", "ES256", "P-256")


def test_rotate_keeps_the_key_before_published_and_forgets_the_one_before_that(tmp_path: Path) -> None:
    signer = EcTokenSigner(tmp_path / "signals.pem")
    other = EcTokenSigner(tmp_path / "signals.pem")  # Another process.
    tokens = [signer.sign({"jti": "1"}, "secevent+jwt")]
    for number in ("2", "3"):
        signer.rotate()
        tokens.append(other.sign({"jti": number}, "secevent+jwt"))
        assert [claims_of(token, other)["jti"] for token in tokens[-2:]] == [str(int(number) - 1), number]
        assert other.public_keys() == signer.public_keys()
    with pytest.raises((JoseError, ValueError)):
        claims_of(tokens[0], signer)


@pytest.mark.parametrize("damage", ["mode", "content", "type"])
def test_read_a_key_file_that_cannot_be_trusted_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "signals.pem"
    EcTokenSigner(file)
    if damage == "mode":
        file.chmod(0o644)
    if damage == "content":
        file.write_text("no key")
    if damage == "type":
        file.write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    with pytest.raises(SigningKeyError, match=damage):
        EcTokenSigner(file)
