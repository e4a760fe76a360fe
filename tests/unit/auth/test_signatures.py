"""Standard Webhooks signatures: the published vectors, the reference package as oracle, and every way to be refused."""

import base64
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from connector.auth import signatures
from connector.auth.signatures import SecretFormatError, SignatureRefusedError, StaleMessageError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNING = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
VERIFYING = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
MESSAGE, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
SHANGHAI = ZoneInfo("Asia/Shanghai")


def headers(signature: str = V1, *, message: str = MESSAGE, stamp: str = "1614265330") -> dict[str, str]:
    return {"webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": signature}


@pytest.mark.req("B11")
@pytest.mark.parametrize(("secret", "expected"), [(SECRET, V1), (SIGNING, V1A)])
def test_sign_published_vector_gives_its_signature(secret: str, expected: str) -> None:
    assert signatures.sign(secret, MESSAGE, AT, BODY) == expected


@pytest.mark.req("B11")
@pytest.mark.parametrize(("secret", "signature"), [(SECRET, V1), (VERIFYING, V1A)])
def test_verify_published_vector_gives_its_id(secret: str, signature: str) -> None:
    assert signatures.verify([secret], headers(signature), BODY, AT) == MESSAGE


@pytest.mark.req("B11")
@given(body=st.text(), message=st.from_regex(signatures.MESSAGE_ID, fullmatch=True))
def test_sign_is_verified_by_the_reference_package(body: str, message: str) -> None:
    secret, now = signatures.new_secret(), datetime.now(SHANGHAI)
    signed = signatures.signed_headers([secret], message, now, body.encode())
    Webhook(secret).verify(body, signed, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(signatures.new_secret()).verify(body, signed, json_parse=False)


@pytest.mark.req("B11")
@given(body=st.text())
def test_verify_accepts_what_the_reference_package_signs(body: str) -> None:
    # The package reads any aware time as if it were UTC, so it is given UTC.
    secret, now = signatures.new_secret(), datetime.now(UTC)
    offered = headers(Webhook(secret).sign(MESSAGE, now, body), stamp=str(int(now.timestamp())))
    assert signatures.verify([secret], offered, body.encode(), now) == MESSAGE


@pytest.mark.req("B11")
def test_sign_in_shanghai_zone_is_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert signatures.sign(SECRET, MESSAGE, AT.astimezone(SHANGHAI), BODY) == V1
        assert signatures.verify([SECRET], headers(), BODY, AT.astimezone(SHANGHAI)) == MESSAGE
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.req("B11")
@pytest.mark.parametrize("offset", [timedelta(minutes=5), timedelta(minutes=-5), timedelta(0)])
@pytest.mark.parametrize(("secret", "signature"), [(SECRET, V1), (VERIFYING, V1A)])
def test_verify_within_five_minutes_passes(secret: str, signature: str, offset: timedelta) -> None:
    assert signatures.verify([secret], headers(signature), BODY, AT + offset) == MESSAGE


@pytest.mark.req("B11")
@pytest.mark.parametrize("offset", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
@pytest.mark.parametrize(("secret", "signature"), [(SECRET, V1), (VERIFYING, V1A)])
def test_verify_beyond_five_minutes_is_stale(secret: str, signature: str, offset: timedelta) -> None:
    with pytest.raises(StaleMessageError):
        signatures.verify([secret], headers(signature), BODY, AT + offset)


@pytest.mark.req("B11")
@pytest.mark.parametrize(("secret", "signature"), [(SECRET, V1), (VERIFYING, V1A)])
def test_verify_changed_message_is_refused(secret: str, signature: str) -> None:
    for changed, body in (
        (headers(signature), BODY + b" "),
        (headers(signature, message="msg_other"), BODY),
        (headers(signature, stamp="1614265331"), BODY),
    ):
        with pytest.raises(SignatureRefusedError):
            signatures.verify([secret], changed, body, AT)


@pytest.mark.req("B11")
@pytest.mark.parametrize(
    "offered",
    [
        {},
        headers(""),
        headers("v1"),
        headers("v1,"),
        headers("v1,not base64"),
        headers("v1,签名"),
        headers("v2" + V1[2:]),
        headers("v1a" + V1[2:]),
        headers(V1[:-2] + "A="),
        headers(V1.replace(",", " ")),
        headers("x" * 100_000),
        headers(message=""),
        headers(message="a.b"),
        headers(message="含中文"),
        headers(message="m" * 129),
        headers(stamp=""),
        headers(stamp="1614265330.0"),
        headers(stamp="1e9"),
        headers(stamp="-1"),
        headers(stamp="١٦١٤٢٦٥٣٣٠"),
        headers(stamp="9" * 40),
    ],
)
def test_verify_malformed_headers_is_refused(offered: dict[str, str]) -> None:
    for secret in (SECRET, VERIFYING):
        with pytest.raises(SignatureRefusedError):
            signatures.verify([secret], offered, BODY, AT)


@pytest.mark.req("B11")
def test_verify_signature_of_another_version_is_refused() -> None:
    # The public key is no secret: it must not verify as if it were one.
    as_secret = "whsec_" + VERIFYING.removeprefix("whpk_")
    forged = signatures.sign(as_secret, MESSAGE, AT, BODY)
    with pytest.raises(SignatureRefusedError):
        signatures.verify([VERIFYING], headers(forged), BODY, AT)


@pytest.mark.req("B11")
def test_verify_while_rotating_accepts_either_side_first() -> None:
    old, new = signatures.new_secret(), signatures.new_secret()
    for sent_with, known in (([old], [new, old]), ([new, old], [old]), ([old, new], [new]), ([new], [new, old])):
        offered = signatures.signed_headers(sent_with, MESSAGE, AT, BODY)
        assert signatures.verify(known, offered, BODY, AT) == MESSAGE
    with pytest.raises(SignatureRefusedError):
        signatures.verify([new], signatures.signed_headers([old], MESSAGE, AT, BODY), BODY, AT)


@pytest.mark.req("B11")
def test_verify_mixed_versions_in_one_header_passes() -> None:
    both = headers(f"v9,xx {V1} {V1A}")
    assert signatures.verify([SECRET], both, BODY, AT) == MESSAGE
    assert signatures.verify([VERIFYING], both, BODY, AT) == MESSAGE


def test_verify_reads_no_more_than_sixteen_signatures() -> None:
    with pytest.raises(SignatureRefusedError):
        signatures.verify([SECRET], headers("v1,AAAA " * 16 + V1), BODY, AT)


def test_verify_without_secrets_is_refused() -> None:
    with pytest.raises(SignatureRefusedError):
        signatures.verify([], headers(), BODY, AT)


def test_new_key_pair_signs_and_verifies() -> None:
    pair = signatures.new_key_pair()
    offered = signatures.signed_headers([pair.signing], MESSAGE, AT, BODY)
    assert signatures.verify([pair.verifying], offered, BODY, AT) == MESSAGE
    assert pair.signing not in repr(pair)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_!!",
        "whsec_" + base64.b64encode(bytes(range(23))).decode(),
        "whsec_" + base64.b64encode(bytes(range(65))).decode(),
        "whpk_AAAA",
        "whsk_AAAA",
        SECRET.removeprefix("whsec_"),
        SIGNING,
    ],
)
def test_check_verifying_secret_of_wrong_form_is_refused(secret: str) -> None:
    with pytest.raises(SecretFormatError):
        signatures.check_verifying_secret(secret)


def test_sign_with_key_whose_public_half_differs_is_refused() -> None:
    other = base64.b64decode(signatures.new_key_pair().signing.removeprefix("whsk_"))
    mixed = "whsk_" + base64.b64encode(base64.b64decode(SIGNING.removeprefix("whsk_"))[:32] + other[32:]).decode()
    with pytest.raises(SecretFormatError):
        signatures.sign(mixed, MESSAGE, AT, BODY)


def test_sign_at_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        signatures.sign(SECRET, MESSAGE, datetime(2026, 1, 1), BODY)  # noqa: DTZ001


def test_signed_headers_with_id_that_breaks_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="message id"):
        signatures.signed_headers([SECRET], "a.b", AT, BODY)
