"""What a freeze sends, in which order, and what becomes of each answer."""

from datetime import timedelta

import pytest

from connector.errors import ConnectorError, UnavailableError
from connector.ports import ForbiddenTargetError, HttpAnswer
from connector.provisioning import service as provisioning
from connector.register.tables import AccountRow
from connector.signals import deliver
from connector.signals import service as signals
from tests.factories import make_account
from tests.fixtures_signals import SignalTown

pytestmark = pytest.mark.req("I3")
NO_ANSWER = UnavailableError(part="https://website.example:443", reason="ReadTimeout")


def freeze(hearing: SignalTown, **options: str) -> None:
    with hearing.act() as act:
        provisioning.freeze_account(act, hearing.account(act), cause="departure", **options)  # type: ignore[arg-type]


def enable(hearing: SignalTown) -> None:
    with hearing.act() as act:
        provisioning.enable_account(act, hearing.account(act), cause="request", request_id=None)


def settle(hearing: SignalTown, times: int = 3) -> None:
    for _ in range(times):
        hearing.town.connector.deliver()
        hearing.town.clock.advance(timedelta(minutes=2))


@pytest.fixture(autouse=True)
def _never_resting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "REST_SECONDS", -1.0)


def test_freeze_sends_two_signed_tokens_to_each_stream_at_once(hearing: SignalTown) -> None:
    hearing.register("centre", audience="https://centre.example")
    with hearing.act() as act:
        keycloak_id = hearing.account(act).keycloak_id
    freeze(hearing, request_id="r-1")
    for subsystem, audience in (("website", "website"), ("centre", "https://centre.example")):
        assert hearing.receivers.events(subsystem) == ["account-disabled", "session-revoked"]
        for heard in hearing.receivers.heard:
            if heard.subsystem == subsystem:
                assert heard.claims["aud"] == audience
                assert heard.claims["iss"] == "http://localhost:8460"
                assert heard.claims["txn"] == "r-1"
                assert heard.claims["sub_id"] == {
                    "format": "iss_sub", "iss": "http://localhost:8480/realms/trading", "sub": keycloak_id,
                }  # fmt: skip
                assert heard.head["typ"] == "secevent+jwt"
                assert heard.headers["content-type"] == "application/secevent+jwt"
                assert not heard.claims.keys() & {"sub", "exp", "nonce"}
    assert len({heard.claims["jti"] for heard in hearing.receivers.heard}) == 4
    headers = {heard.subsystem: heard.headers.get("authorization") for heard in hearing.receivers.heard}
    assert headers == {"website": "Bearer receiver-secret", "centre": None}
    accepted = hearing.entries("signal.accepted")
    assert {(e.data["stream"], e.data["signal"]) for e in accepted} >= {("website", "account-disabled")}
    assert {e.account_id for e in accepted} == {hearing.account_id}


def test_freeze_is_done_in_keycloak_before_any_receiver_is_asked(hearing: SignalTown) -> None:
    with hearing.act() as act:
        keycloak_id = str(hearing.account(act).keycloak_id)
    enabled: list[bool] = []
    hearing.receivers.before = lambda _s: enabled.append(hearing.town.idp.get_user(keycloak_id).enabled)
    freeze(hearing)
    assert enabled == [False, False]


def test_freeze_of_many_ends_all_in_keycloak_before_any_receiver_is_asked(hearing: SignalTown) -> None:
    with hearing.act() as act:
        others = [make_account(act, "ywk").id for _ in range(20)]
        for number, account_id in enumerate(others):
            act.session.get_one(AccountRow, account_id).keycloak_id = f"kc-{number}"
    asked: list[int] = []
    hearing.receivers.before = lambda _s: asked.append(len(hearing.entries("step.done")) + len(undone(hearing)))
    with hearing.act() as act:
        for account_id in others:
            provisioning.freeze_account(act, act.session.get_one(AccountRow, account_id), cause="departure")
    assert min(asked) >= 20


def undone(hearing: SignalTown) -> list[object]:
    return [*hearing.entries("step.failed"), *hearing.entries("step.conflicted")]


def test_enable_is_told_after_the_freeze_and_by_the_worker(hearing: SignalTown) -> None:
    freeze(hearing)
    enable(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked"]
    settle(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked", "account-enabled"]


def test_cancel_is_told_as_the_end_of_the_account(hearing: SignalTown) -> None:
    with hearing.act() as act:
        provisioning.cancel_account(act, hearing.account(act), request_id="r-9")
    settle(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked", "account-purged"]
    assert len({heard.claims["sub_id"]["sub"] for heard in hearing.receivers.heard}) == 1


@pytest.mark.parametrize(
    "answer", [NO_ANSWER, *(HttpAnswer(status, None, "") for status in (200, 302, 401, 403, 404, 429, 500, 503))]
)
def test_anything_but_accepted_is_sent_again_as_the_same_token(
    hearing: SignalTown, answer: HttpAnswer | ConnectorError
) -> None:
    hearing.receivers.answers["website"] = answer
    freeze(hearing)
    first = hearing.steps()[0]
    assert (first.state, first.attempts) == ("pending", 1)
    assert hearing.receivers.asked == ["website"]  # What stands behind it in the lane was not tried.
    hearing.town.clock.advance(timedelta(minutes=2))
    hearing.receivers.answers.clear()
    settle(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked"]
    assert [heard.claims["iat"] for heard in hearing.receivers.heard] == [int(first.enqueued_at.timestamp())] * 2
    assert [step.state for step in hearing.steps()] == ["done", "done"]


def test_a_receiver_that_is_down_for_days_is_told_when_it_is_back(hearing: SignalTown) -> None:
    hearing.receivers.answers["website"] = NO_ANSWER
    freeze(hearing)
    for _ in range(30):
        hearing.town.clock.advance(timedelta(hours=3))
        hearing.town.connector.deliver()
    assert hearing.steps()[0].state == "pending"
    assert len(hearing.entries("signal.delayed")) == 1
    assert hearing.entries("signal.delayed")[0].alarm
    hearing.receivers.answers.clear()
    hearing.town.clock.advance(timedelta(seconds=61))
    hearing.town.connector.deliver()
    assert hearing.receivers.events() == ["account-disabled", "session-revoked"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"err": "invalid_audience", "description": "王五 13811112222"}', "invalid_audience"),
        ('{"err": "something of 王五"}', "400"),
        ("<html>王五</html>", "400"),
        ('["err"]', "400"),
        ('{"err": ["invalid_key"]}', "400"),
    ],
)
def test_a_refused_token_is_dead_and_alarmed_and_holds_up_nothing(hearing: SignalTown, body: str, reason: str) -> None:
    hearing.receivers.answers["website"] = HttpAnswer(400, None, body)
    hearing.announce("credential-changed")
    hearing.town.connector.deliver()
    (dead,) = hearing.steps()
    assert (dead.state, dead.attempts) == ("dead", 1)
    assert str(dead.last_error).endswith(f": {reason}")
    assert "王五" not in str(dead.last_error)
    assert [entry.alarm for entry in hearing.entries("step.failed")] == [True]
    hearing.receivers.answers.clear()
    freeze(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked"]


def test_a_target_off_the_allow_list_is_dead_at_once(hearing: SignalTown) -> None:
    hearing.receivers.answers["website"] = ForbiddenTargetError(target="https://website.example:443")
    freeze(hearing)
    assert {step.state for step in hearing.steps()} == {"dead"}


def test_a_stream_disabled_meanwhile_is_sent_nothing(hearing: SignalTown) -> None:
    hearing.receivers.answers["website"] = NO_ANSWER
    freeze(hearing)
    with hearing.act() as act:
        signals.disable_stream(act, "website")
    asked = len(hearing.receivers.asked)
    settle(hearing)
    assert len(hearing.receivers.asked) == asked
    assert {step.state for step in hearing.steps()} == {"dead"}
    freeze(hearing)
    assert len(hearing.steps()) == 2  # Nothing more is put in line for it.


def test_enabled_that_waited_never_arrives_after_a_newer_freeze(hearing: SignalTown) -> None:
    freeze(hearing)
    hearing.receivers.answers["website"] = NO_ANSWER
    enable(hearing)
    settle(hearing)
    assert [step.state for step in hearing.steps()] == ["done", "done", "pending"]
    hearing.receivers.answers.clear()
    freeze(hearing)
    assert hearing.receivers.events() == ["account-disabled", "session-revoked"] * 2
    assert len(hearing.entries("signal.overtaken")) == 1
    settle(hearing)
    assert {step.state for step in hearing.steps()} == {"done"}


def test_freeze_sends_first_what_waited_for_the_same_account(hearing: SignalTown) -> None:
    hearing.receivers.answers["website"] = NO_ANSWER
    hearing.announce("credential-changed")
    hearing.town.connector.deliver()
    hearing.receivers.answers.clear()
    freeze(hearing)
    assert hearing.receivers.events() == ["credential-change", "account-disabled", "session-revoked"]


def test_a_receiver_without_answer_is_left_alone_for_a_while(
    hearing: SignalTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "REST_SECONDS", 60.0)
    hearing.register("centre")
    with hearing.act() as act:
        others = [make_account(act, "ywk").id for _ in range(3)]
        for number, account_id in enumerate(others):
            act.session.get_one(AccountRow, account_id).keycloak_id = f"kc-{number}"
    hearing.receivers.answers["website"] = NO_ANSWER
    for account_id in others:
        with hearing.act() as act:
            provisioning.freeze_account(act, act.session.get_one(AccountRow, account_id), cause="departure")
    assert hearing.receivers.asked.count("website") == 1
    assert hearing.receivers.events("centre") == ["account-disabled", "session-revoked"] * 3


def test_an_account_that_keycloak_never_had_is_not_announced(hearing: SignalTown) -> None:
    with hearing.act() as act:
        hearing.account(act).keycloak_id = None
    freeze(hearing)
    assert hearing.steps() == []


def test_announce_something_unknown_is_refused(hearing: SignalTown) -> None:
    with pytest.raises(ValueError, match="promoted"):
        hearing.announce("promoted")


@pytest.mark.req("J5")
def test_a_token_holds_no_personal_value(hearing: SignalTown) -> None:
    freeze(hearing, reason="王五 已离职 13811112222")
    for heard in hearing.receivers.heard:
        assert "王五" not in str(heard.claims)
        with hearing.act() as act:
            assert hearing.account(act).user_name not in str(heard.claims)
