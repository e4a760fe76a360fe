"""The client of a SAML subsystem: who gets in, what its assertions say, whose requests count."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from connector.adapters.realm_saml import CONTEXTS, saml_body, saml_levels, saml_mappers
from connector.adapters.realm_setup import SubsystemCertificateError, realm_applier
from connector.adapters.realm_state import desired_clients
from connector.realm_config import load_realm_config
from connector.regulations.loader import load_rulebook
from connector.settings import Settings

ACS, LOGOUT = "https://member.example/acs", "https://member.example/logout"


def make_certificate() -> x509.Certificate:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "member")])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begun, begun + timedelta(days=365))
    return builder.sign(key, hashes.SHA256())


@pytest.mark.req("D1")
def test_client_answers_signed_to_one_address_and_takes_no_other_way_in() -> None:
    body = saml_body("member", "会员端", url=ACS, logout_url=LOGOUT)
    attributes = body["attributes"]
    assert body["redirectUris"] == [ACS]
    assert (body["fullScopeAllowed"], body["frontchannelLogout"]) == (False, False)
    assert attributes["saml.assertion.signature"] == attributes["saml.server.signature"] == "true"
    assert attributes["saml.signature.algorithm"] == "RSA_SHA256"
    assert attributes["saml_single_logout_service_url_soap"] == LOGOUT
    assert (attributes["saml.allow.ecp.flow"], attributes["saml_idp_initiated_sso_url_name"]) == ("false", "")
    assert attributes["saml.client.signature"] == "false"


def test_client_without_address_lets_nobody_in() -> None:
    assert saml_body("member", "会员端")["redirectUris"] == []


def test_minimum_level_is_a_context_that_the_map_knows() -> None:
    """Keycloak passes over a minimum that its map does not name: it would ask for nothing."""
    for level in ("pwd", "mfa"):
        attributes = saml_levels({"pwd": 1, "mfa": 3}, level)
        assert json.loads(attributes["acr.loa.map"])[attributes["minimum.acr.value"]] == {"pwd": 1, "mfa": 3}[level]
    assert set(CONTEXTS) == set(load_realm_config().login.levels)


def test_assertion_says_roles_in_one_attribute_and_the_id_that_signals_name() -> None:
    mappers = {mapper["name"]: mapper["config"] for mapper in saml_mappers()}
    assert (mappers["roles"]["attribute.name"], mappers["roles"]["single"]) == ("Role", "true")
    assert (mappers["user id"]["attribute.name"], mappers["user id"]["user.attribute"]) == ("sub", "id")


def settings(tmp_path: Path, certificate: Path) -> Settings:
    return Settings(
        data_dir=tmp_path, keycloak_admin_user="admin", keycloak_admin_password="x",
        subsystem_certificates={"member": certificate},
    )  # fmt: skip


def test_certificate_in_the_settings_makes_keycloak_demand_signed_requests(tmp_path: Path) -> None:
    certificate = make_certificate()
    file = tmp_path / "member.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    applier = realm_applier(settings(tmp_path, file), load_rulebook(("LC",)))
    clients = {client.client_id: client for client in desired_clients(applier.config, applier.parameters)}
    attributes = clients["member"].body["attributes"]
    assert attributes["saml.client.signature"] == "true"
    assert base64.b64decode(attributes["saml.signing.certificate"]) == certificate.public_bytes(Encoding.DER)
    assert clients["member"].body["protocol"] == "saml"
    assert attributes["minimum.acr.value"] == CONTEXTS["mfa"]


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_file_without_a_certificate_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "member.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SubsystemCertificateError, match=r"member\.pem"):
        realm_applier(settings(tmp_path, file), load_rulebook(("LC",)))
