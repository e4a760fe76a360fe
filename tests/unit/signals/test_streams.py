"""Registration, renewal and the end of streams."""

from typing import Any

import pytest

from connector.errors import ForbiddenError, NotFoundError, NotSignedInError, RefusedInputError
from connector.regulations.vocabulary import Office
from connector.signals import service as signals
from connector.signals.errors import StreamDisabledError, UnknownStreamError
from tests.fixtures_signals import SignalTown


def form(**changed: str) -> signals.StreamForm:
    return signals.StreamForm(**{"subsystem": "centre", "url": "https://centre.example/set", **changed})


@pytest.mark.req("J5")
def test_register_stream_seals_its_header_and_keeps_only_a_digest_of_its_token(hearing: SignalTown) -> None:
    with hearing.act() as act:
        stream = signals.find_stream(act, "website")
        assert b"receiver-secret" not in (stream.authorization_sealed or b"")
        assert signals.authorization_of(act.vault, stream) == "Bearer receiver-secret"
        assert hearing.tokens["website"] not in stream.question_digest
        assert signals.stream_asking(act, hearing.tokens["website"]).subsystem_id == "website"
        made = signals.RegisteredStream(stream, "shown-once")
    assert "shown-once" not in repr(made)
    (entry,) = hearing.entries("stream.registered")
    assert entry.data == {"url": "https://website.example/set", "audience": "website"}


@pytest.mark.parametrize("office", [Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL])
def test_keep_streams_without_the_office_is_refused(hearing: SignalTown, office: Office) -> None:
    for change in (
        lambda act: signals.register_stream(act, form()),
        lambda act: signals.disable_stream(act, "website"),
        lambda act: signals.verify_stream(act, "website"),
    ):
        with pytest.raises(ForbiddenError), hearing.town.connector.act(hearing.town.actor(office)) as act:
            change(act)


def test_register_stream_by_the_operator_of_the_machine_is_allowed(hearing: SignalTown) -> None:
    with hearing.act() as act:
        signals.register_stream(act, form(audience="https://centre.example"))
    with hearing.act() as act:
        assert [s.subsystem_id for s in signals.list_streams(act)] == ["centre", "website"]
        assert signals.find_stream(act, "centre").audience == "https://centre.example"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"url": "ftp://centre.example/"}, ["url"]),
        ({"url": "https://user:x@centre.example/"}, ["url"]),
        ({"url": "https://centre.example:99999/"}, ["url"]),
        ({"url": "https://centre.example/#part"}, ["url"]),
        ({"url": "https://centre.example/" + "x" * 512}, ["url"]),
        ({"authorization": "Bearer 密"}, ["authorization"]),
        ({"authorization": "Bearer x\r\nx-other: y"}, ["authorization"]),
        ({"url": "", "audience": "x" * 513}, ["url", "audience"]),
    ],
)
def test_register_stream_with_wrong_fields_names_all(
    hearing: SignalTown, changed: dict[str, str], fields: list[str]
) -> None:
    with pytest.raises(RefusedInputError) as caught, hearing.act() as act:
        signals.register_stream(act, form(**changed))
    assert [problem.field for problem in caught.value.fields] == fields


def test_register_stream_of_an_unknown_subsystem_is_refused(hearing: SignalTown) -> None:
    with pytest.raises(NotFoundError), hearing.act() as act:
        signals.register_stream(act, form(subsystem="canteen"))


def test_register_stream_again_ends_the_token_before(hearing: SignalTown) -> None:
    before = hearing.tokens["website"]
    after = hearing.register("website", url="https://website.example/new")
    with hearing.act() as act:
        assert [s.url for s in signals.list_streams(act)] == ["https://website.example/new"]
        assert signals.stream_asking(act, after).authorization_sealed is None
        with pytest.raises(NotSignedInError):
            signals.stream_asking(act, before)


def test_disable_stream_ends_its_token_and_is_an_alarm_once(hearing: SignalTown) -> None:
    for _ in range(2):
        with hearing.act() as act:
            assert signals.disable_stream(act, "website", reason="replaced").disabled_reason == "replaced"
    assert [entry.alarm for entry in hearing.entries("stream.disabled")] == [True]
    with hearing.act() as act:
        assert [s.subsystem_id for s in signals.list_streams(act, enabled=False)] == ["website"]
        with pytest.raises(NotSignedInError):
            signals.stream_asking(act, hearing.tokens["website"])
        with pytest.raises(StreamDisabledError):
            signals.verify_stream(act, "website")
    hearing.register("website")
    with hearing.act() as act:
        assert signals.list_streams(act, enabled=True)[0].disabled_reason == ""


@pytest.mark.parametrize("change", [signals.disable_stream, signals.verify_stream, signals.find_stream])
def test_change_the_stream_of_a_subsystem_without_one_is_refused(hearing: SignalTown, change: Any) -> None:
    with pytest.raises(UnknownStreamError), hearing.act() as act:
        change(act, "centre")


def test_verify_stream_sends_an_event_about_the_stream_itself(hearing: SignalTown) -> None:
    with hearing.act() as act:
        signals.verify_stream(act, "website")
    (heard,) = hearing.receivers.heard
    assert heard.claims["sub_id"] == {"format": "opaque", "id": "website"}
    assert heard.event == "verification"
    assert heard.payload["state"]
    with hearing.act() as act:
        assert signals.find_stream(act, "website").accepted_at == hearing.town.clock.now()


@pytest.mark.req("J5")
def test_reseal_after_a_new_key_keeps_the_header(hearing: SignalTown) -> None:
    hearing.register("centre")
    hearing.town.connector.vault.rotate()  # type: ignore[attr-defined]
    with hearing.act() as act:
        assert signals.reseal(act) == 1
    with hearing.act() as act:
        assert signals.reseal(act) == 0
        assert signals.authorization_of(act.vault, signals.find_stream(act, "website")) == "Bearer receiver-secret"
        assert signals.authorization_of(act.vault, signals.find_stream(act, "centre")) == ""
