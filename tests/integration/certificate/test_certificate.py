"""The behaviour certificate on the Keycloak of this run: every fact holds, and fails against what it watches for."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from connector.certificate.certify import FACTS, certify, realm_config_digest, try_fact
from connector.certificate.scratch import ScratchRealm, scratch_realm
from connector.certificate.supported import SUPPORTED
from connector.cli import make_app
from connector.regulations.loader import load_rulebook
from connector.settings import Settings
from tests.integration.certificate.sabotage import SABOTAGES, Sabotage
from tests.servers.keycloak import Keycloak
from tests.servers.realm import PACKS

SECONDS = 120
BY_ID = {fact.id: fact for fact in FACTS}


def settings_for(keycloak: Keycloak) -> Settings:
    return Settings(
        keycloak_url=keycloak.url,
        keycloak_admin_user=keycloak.admin_user,
        keycloak_admin_password=keycloak.admin_password,
    )


def environment(keycloak: Keycloak, folder: Path) -> dict[str, str]:
    return {
        "TRADING_IDP_DATA_DIR": str(folder),
        "TRADING_IDP_KEYCLOAK_URL": keycloak.url,
        "TRADING_IDP_KEYCLOAK_ADMIN_USER": keycloak.admin_user,
        "TRADING_IDP_KEYCLOAK_ADMIN_PASSWORD": keycloak.admin_password,
    }


def has_realm(keycloak: Keycloak, name: str) -> bool:
    return httpx.get(f"{keycloak.url}/realms/{name}", trust_env=False).status_code == httpx.codes.OK


@pytest.mark.req("D7")
def test_certify_the_keycloak_of_this_run_holds_every_fact(keycloak: Keycloak, tmp_path: Path) -> None:
    stored = tmp_path / "certificate.json"
    run = CliRunner().invoke(
        make_app(), ["certify", "--json", "--out", str(stored)], env=environment(keycloak, tmp_path)
    )
    assert run.exit_code == 0, run.output
    certificate: dict[str, Any] = json.loads(run.stdout)
    assert certificate == json.loads(stored.read_text(encoding="utf-8"))
    assert {fact["fact"]: fact["held"] for fact in certificate["facts"]} == dict.fromkeys(BY_ID, True)
    assert all(fact["evidence"] and fact["seconds"] > 0 for fact in certificate["facts"])
    assert certificate["server"] == {"url": keycloak.url, "version": SUPPORTED.newest, "standing": "tested"}
    assert certificate["realm_config"] == realm_config_digest()
    assert not has_realm(keycloak, certificate["realm"])


@pytest.fixture(scope="module")
def scratch(keycloak: Keycloak) -> Iterator[ScratchRealm]:
    """One scratch realm for all sabotages of this module."""
    rulebook = load_rulebook(PACKS)
    with scratch_realm(
        settings_for(keycloak), rulebook, name=f"certify-t{os.getpid()}", keep=False, progress=lambda _: None
    ) as made:
        yield made


@pytest.mark.req("D7")
@pytest.mark.parametrize("sabotage", SABOTAGES, ids=[f"{s.fact}-{s.told.split(':')[0]}" for s in SABOTAGES])
def test_try_fact_against_what_it_watches_for_is_not_held(scratch: ScratchRealm, sabotage: Sabotage) -> None:
    copy = replace(scratch)
    undo = sabotage.work(copy)
    try:
        outcome = try_fact(BY_ID[sabotage.fact], copy)
    finally:
        if undo:
            undo()
        scratch.applier.apply()
        scratch.us.tokens.forget()
    assert not outcome.held
    assert sabotage.told in outcome.evidence


def test_list_sabotages_leaves_no_fact_without_one() -> None:
    assert {sabotage.fact for sabotage in SABOTAGES} == set(BY_ID)


@pytest.mark.req("D7")
def test_certify_a_weakened_realm_fails_that_fact_and_tries_the_others(keycloak: Keycloak) -> None:
    def weaken(realm: ScratchRealm) -> None:
        realm.admin.put("", {**realm.admin.get(""), "accessTokenLifespan": 3600})

    facts = [BY_ID["freeze.access-tokens-are-short"], BY_ID["permission.only-its-own-key"]]
    certificate = certify(settings_for(keycloak), load_rulebook(PACKS), facts=facts, prepare=weaken)
    assert [outcome.held for outcome in certificate.outcomes] == [False, True]
    assert not certificate.held
    assert not has_realm(keycloak, certificate.realm)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_certify_cut_off_deletes_its_realm(keycloak: Keycloak, fault: type[BaseException]) -> None:
    seen: list[str] = []

    def cut_off(realm: ScratchRealm) -> None:
        seen.append(realm.name)
        assert has_realm(keycloak, realm.name)
        raise fault

    with pytest.raises(fault):
        certify(settings_for(keycloak), load_rulebook(PACKS), prepare=cut_off)
    assert not has_realm(keycloak, seen[0])


def test_certify_ended_by_a_signal_deletes_its_realm(keycloak: Keycloak, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connector.cli", "certify"]
    env = {**os.environ, **environment(keycloak, tmp_path), "COLUMNS": "200"}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        name = process.stderr.readline().split("scratch realm: ")[1].split()[0]
        while not has_realm(keycloak, name):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert not has_realm(keycloak, name)


def test_certify_keeping_the_realm_leaves_it(keycloak: Keycloak) -> None:
    fact = BY_ID["permission.only-its-own-key"]
    kept: list[ScratchRealm] = []
    certificate = certify(settings_for(keycloak), load_rulebook(PACKS), facts=[fact], keep=True, prepare=kept.append)
    assert has_realm(keycloak, certificate.realm)
    kept[0].applier.delete()


def test_certify_without_an_administrator_is_refused(keycloak: Keycloak, tmp_path: Path) -> None:
    env = {**environment(keycloak, tmp_path), "TRADING_IDP_KEYCLOAK_ADMIN_USER": ""}
    run = CliRunner().invoke(make_app(), ["certify"], env=env)
    assert run.exit_code == 1
    assert "TRADING_IDP_KEYCLOAK_ADMIN_USER" in run.stderr
