"""Registration, rotation and the end of endpoints."""

from datetime import timedelta
from typing import Any

import pytest

from connector.audit.tables import AuditEntryRow
from connector.auth import signatures
from connector.auth.signatures import SecretFormatError, SignatureRefusedError
from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.regulations.vocabulary import Office
from connector.webhooks import service as webhooks
from connector.webhooks.errors import EndpointNameTakenError, UnknownEndpointError
from tests.fixtures_register import HOST
from tests.fixtures_webhooks import Town, make_endpoint_form


def security(town: Town) -> Any:
    return town.open_act(town.actor(Office.SECURITY_ADMINISTRATOR))


@pytest.mark.req("B11")
def test_register_endpoint_seals_secrets_and_shows_them_once(any_town: Town) -> None:
    row = any_town.endpoint()
    for sealed in (row.outgoing_sealed, row.incoming_sealed):
        assert not sealed.startswith(b"wh")
    assert any_town.secrets.outgoing[:6] in ("whsec_", "whpk_" + any_town.secrets.outgoing[5])
    assert any_town.secrets.outgoing != any_town.secrets.incoming
    assert any_town.secrets.incoming not in repr(any_town.secrets)
    (entry,) = any_town.rows(AuditEntryRow, event="endpoint.registered")
    assert entry.data == {
        "name": "ywk-oa", "unit": "ywk", "url": row.url, "offices": ["unit_head", "leader_in_charge"],
    }  # fmt: skip


@pytest.mark.req("B11")
@pytest.mark.parametrize("office", [Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR, Office.PRINCIPAL, None])
def test_register_endpoint_without_the_office_is_refused(town: Town, office: Office | None) -> None:
    with pytest.raises(ForbiddenError), town.open_act(town.actor(office) if office else HOST) as act:
        webhooks.register_endpoint(act, make_endpoint_form(name="other"))


def test_register_endpoint_with_own_public_key_returns_no_signing_key(town: Town) -> None:
    pair = signatures.new_key_pair()
    with security(town) as act:
        made = webhooks.register_endpoint(
            act, make_endpoint_form(name="other", scheme="v1a", incoming_key=pair.verifying)
        )
        assert webhooks.incoming_secrets(act, made.endpoint) == [pair.verifying]
    assert made.incoming == ""
    assert made.outgoing.startswith("whpk_")


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": "v1", "incoming_key": signatures.new_key_pair().verifying},
        {"scheme": "v1a", "incoming_key": signatures.new_key_pair().signing},
        {"scheme": "v1a", "incoming_key": "whpk_AAAA"},
        {"scheme": "v1a", "incoming_key": signatures.new_secret()},
    ],
)
def test_register_endpoint_with_key_of_wrong_kind_is_refused(town: Town, changed: dict[str, str]) -> None:
    with pytest.raises(SecretFormatError), security(town) as act:
        webhooks.register_endpoint(act, make_endpoint_form(name="other", **changed))


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"url": "ftp://oa.example/"}, ["url"]),
        ({"url": "https://user:x@oa.example/"}, ["url"]),
        ({"url": "https://oa.example:99999/"}, ["url"]),
        ({"url": "https://"}, ["url"]),
        ({"url": "https://oa.example/" + "x" * 512}, ["url"]),
        ({"name": ""}, ["name"]),
        ({"name": "", "offices": (), "url": ""}, ["name", "offices", "url"]),
    ],
)
def test_register_endpoint_with_wrong_fields_names_all(town: Town, changed: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(RefusedInputError) as caught, security(town) as act:
        webhooks.register_endpoint(act, make_endpoint_form(**{"name": "other", **changed}))
    assert [problem.field for problem in caught.value.fields] == fields


def test_register_endpoint_with_taken_name_is_refused(town: Town) -> None:
    with pytest.raises(EndpointNameTakenError), security(town) as act:
        webhooks.register_endpoint(act, make_endpoint_form())


def test_register_endpoint_of_unknown_unit_is_refused(town: Town) -> None:
    with pytest.raises(NotFoundError), security(town) as act:
        webhooks.register_endpoint(act, make_endpoint_form(name="other", unit_code="none"))


@pytest.mark.req("B11")
def test_rotate_endpoint_accepts_both_secrets_for_a_day_and_then_only_the_new(any_town: Town) -> None:
    before = any_town.secrets
    with security(any_town) as act:
        after = webhooks.rotate_endpoint(act, "ywk-oa")
    assert {after.outgoing, after.incoming}.isdisjoint({before.outgoing, before.incoming})
    for known in (before, after):
        any_town.secrets = known
        request, stage = any_town.submit()
        any_town.receive(any_town.message(request, stage, verdict="reject", reason="测试"))
    any_town.clock.advance(timedelta(hours=24))
    any_town.secrets = before
    body = any_town.message(*any_town.submit())
    with pytest.raises(SignatureRefusedError):
        any_town.receive(body)
    any_town.secrets = after
    any_town.receive(body)


@pytest.mark.req("B11")
def test_rotate_endpoint_signs_with_both_secrets_meanwhile(any_town: Town) -> None:
    before = any_town.secrets
    with security(any_town) as act:
        after = webhooks.rotate_endpoint(act, "ywk-oa")
        offered = signatures.signed_headers(webhooks.outgoing_secrets(act, after.endpoint), "m", act.now, b"{}")
        for secret in (before.outgoing, after.outgoing):
            assert signatures.verify([secret], offered, b"{}", act.now) == "m"
    any_town.clock.advance(timedelta(hours=24))
    with security(any_town) as act:
        assert len(webhooks.outgoing_secrets(act, after.endpoint)) == 1


def test_disable_endpoint_twice_is_recorded_once(town: Town) -> None:
    for _ in range(2):
        with security(town) as act:
            webhooks.disable_endpoint(act, "ywk-oa")
    assert not town.endpoint().active
    assert [(e.alarm, e.data["cause"]) for e in town.rows(AuditEntryRow, event="endpoint.disabled")] == [
        (False, "ordered")
    ]


@pytest.mark.parametrize("change", [webhooks.disable_endpoint, webhooks.rotate_endpoint])
def test_change_endpoint_without_the_office_is_refused(town: Town, change: Any) -> None:
    with pytest.raises(ForbiddenError), town.open_act(town.clerk) as act:
        change(act, "ywk-oa")


def test_change_unknown_endpoint_is_refused(town: Town) -> None:
    with pytest.raises(UnknownEndpointError), security(town) as act:
        webhooks.disable_endpoint(act, "none")


def test_list_endpoints_tells_active_from_disabled(town: Town) -> None:
    with security(town) as act:
        webhooks.register_endpoint(act, make_endpoint_form(name="a-oa"))
        webhooks.disable_endpoint(act, "ywk-oa")
        assert [e.name for e in webhooks.list_endpoints(act)] == ["a-oa", "ywk-oa"]
        assert [e.name for e in webhooks.list_endpoints(act, active=True)] == ["a-oa"]
        assert [e.name for e in webhooks.list_endpoints(act, active=False)] == ["ywk-oa"]
