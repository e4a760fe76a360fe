"""What a security event token says, claim by claim."""

from datetime import UTC, datetime

import pytest

from connector.signals import set_token
from connector.signals.set_token import EVENTS, Signal

AT = datetime(2026, 3, 10, 4, 0, 7, 900_000, tzinfo=UTC)


@pytest.mark.req("I3")
def test_claims_of_a_freeze_are_those_of_the_specifications() -> None:
    claims = set_token.token_claims(
        issuer="https://idp.example",
        audience="website",
        token_id="t1",
        issued_at=AT,
        subject=set_token.account_subject("https://kc.example/realms/trading", "u-1"),
        event=set_token.ACCOUNT_DISABLED,
        payload=set_token.event_claims(set_token.ACCOUNT_DISABLED, AT, cause="departure"),
        transaction="r-1",
    )
    assert claims == {
        "iss": "https://idp.example",
        "jti": "t1",
        "iat": 1773115207,
        "aud": "website",
        "txn": "r-1",
        "sub_id": {"format": "iss_sub", "iss": "https://kc.example/realms/trading", "sub": "u-1"},
        "events": {
            "https://schemas.openid.net/secevent/risc/event-type/account-disabled": {
                "event_timestamp": 1773115207,
                "initiating_entity": "admin",
                "reason_admin": {"zh": "人员离岗", "en": "the person has left the post"},
            }
        },
    }


def test_a_freeze_is_told_in_both_vocabularies_each_token_with_one_event() -> None:
    assert EVENTS[Signal.DISABLED] == (
        "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    )
    assert set(EVENTS) == set(Signal)


@pytest.mark.req("J5")
@pytest.mark.parametrize("cause", ["violation", "", "breaker", "anything else"])
def test_a_reason_that_is_nobodys_business_there_is_not_told(cause: str) -> None:
    reason = set_token.event_claims(set_token.SESSION_REVOKED, AT, cause=cause)["reason_admin"]
    assert reason == {"zh": "按管理决定", "en": "by decision of the administration"}


def test_a_change_of_credentials_says_which_and_how() -> None:
    told = set_token.event_claims(
        set_token.CREDENTIAL_CHANGE, AT, credential_type="password", credential_change="update"
    )
    assert (told["credential_type"], told["change_type"]) == ("password", "update")
    assert "credential_type" not in set_token.event_claims(set_token.ACCOUNT_ENABLED, AT)
