"""The certificate as a document, and facts that fail in every way; no server."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.certificate import certify
from connector.certificate.fact import Fact, FactNotHeld, Outcome, demand
from connector.errors import Text
from connector.ports import KeycloakRefusedError

NO_REALM: Any = None


def make_fact(check: Callable[[Any], str]) -> Fact:
    return Fact("some.fact", Text("某事", "something"), Text("缘由", "reason"), "GS 12", check)


def raising(error: Exception) -> Callable[[Any], str]:
    def check(_: Any) -> str:
        raise error

    return check


def make_certificate(*outcomes: Outcome) -> certify.Certificate:
    return certify.Certificate(
        server_url="http://localhost:1",
        server_version="26.7.4",
        product_version="1",
        realm_config="sha256:00",
        realm="certify-x",
        began_at=datetime(2026, 11, 23, tzinfo=UTC),
        seconds=1.04,
        outcomes=outcomes,
    )


def test_try_a_fact_that_holds_keeps_its_evidence() -> None:
    outcome = certify.try_fact(make_fact(lambda _: "seen"), NO_REALM)
    assert (outcome.held, outcome.evidence) == (True, "seen")
    assert outcome.seconds >= 0


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        (FactNotHeld("2 of 3 live"), "2 of 3 live"),
        (KeycloakRefusedError(reason="403: no"), "keycloak-refused: Keycloak refused the call: 403: no"),
        (KeyError("userId"), "KeyError: 'userId'"),
    ],
)
def test_try_a_fact_that_fails_is_an_outcome_and_no_crash(error: Exception, evidence: str) -> None:
    outcome = certify.try_fact(make_fact(raising(error)), NO_REALM)
    assert (outcome.held, outcome.evidence) == (False, evidence)


def test_demand_what_does_not_hold_says_what_was_seen() -> None:
    demand(True, "unsaid")
    with pytest.raises(FactNotHeld, match="seen instead"):
        demand(False, "seen instead")


def test_certificate_with_one_failed_fact_or_none_at_all_is_not_held() -> None:
    good = Outcome(make_fact(lambda _: ""), True, "yes", 0.1)
    assert make_certificate(good).held
    assert not make_certificate(good, dataclasses.replace(good, held=False)).held
    assert not make_certificate().held


def test_certificate_as_json_says_what_was_tried_and_why() -> None:
    written = json.loads(json.dumps(make_certificate(Outcome(make_fact(lambda _: ""), True, "yes", 0.125)).as_json()))
    assert written["format"] == "trading-idp behaviour certificate 1"
    assert written["server"]["standing"] == "tested"
    assert written["began_at"] == "2026-11-23T00:00:00+00:00"
    assert written["facts"] == [
        {
            "fact": "some.fact",
            "name": {"zh": "某事", "en": "something"},
            "why": {"zh": "缘由", "en": "reason"},
            "source": "GS 12",
            "held": True,
            "evidence": "yes",
            "seconds": 0.12,
        }
    ]


def test_list_facts_have_names_of_their_own_in_both_languages() -> None:
    ids = [fact.id for fact in certify.FACTS]
    assert len(set(ids)) == len(ids)
    assert {fact.group for fact in certify.FACTS} == {"permission", "event", "step-up", "freeze"}
    for fact in certify.FACTS:
        assert all([*fact.name, *fact.why, fact.source]), fact.id


def test_digest_of_the_realm_config_changes_with_a_file_and_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certify, "config_dir", lambda: tmp_path)
    seen = {certify.realm_config_digest()}
    for name, content in (("a.toml", "x = 1"), ("a.toml", "x = 2"), ("b.toml", "x = 2")):
        (tmp_path / name).write_text(content, encoding="utf-8")
        seen.add(certify.realm_config_digest())
    assert len(seen) == 4
    assert certify.realm_config_digest() in seen
