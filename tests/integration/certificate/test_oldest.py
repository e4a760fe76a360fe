"""The certificate and the freeze tests on the oldest Keycloak that is said to be supported, started for this module."""

from pathlib import Path

import pytest

from connector.certificate.certify import FACTS, certify
from connector.certificate.supported import SUPPORTED
from connector.embedded.artifacts import KEYCLOAK, Artifact, default_cache
from connector.embedded.keycloak import start_keycloak
from connector.embedded.process import ServerProcess
from connector.regulations.loader import load_rulebook
from tests.integration.certificate.test_certificate import settings_for
from tests.integration.freezes.conftest import api, centre, realm, town
from tests.integration.freezes.test_races import (
    test_freeze_that_a_renaming_or_a_log_out_has_overwritten_is_true_again_after_the_sweep,
)
from tests.integration.freezes.test_reach import (
    test_enable_brings_no_token_back_minted_in_the_second_of_the_freeze,
    test_freeze_closes_every_way_in_at_once,
    test_freeze_of_a_unit_is_proved_for_each_account_and_asked_of_keycloak_again,
    test_undo_by_two_people_lets_the_person_in_again_and_no_token_of_before,
)
from tests.servers.keycloak import Keycloak
from tests.servers.realm import PACKS
from tests.servers.shared import Note, run_folder, share

__all__ = [  # Their fixtures, and the tests themselves: here they run on this module's Keycloak.
    "api",
    "centre",
    "realm",
    "test_enable_brings_no_token_back_minted_in_the_second_of_the_freeze",
    "test_freeze_closes_every_way_in_at_once",
    "test_freeze_of_a_unit_is_proved_for_each_account_and_asked_of_keycloak_again",
    "test_freeze_that_a_renaming_or_a_log_out_has_overwritten_is_true_again_after_the_sweep",
    "test_undo_by_two_people_lets_the_person_in_again_and_no_token_of_before",
    "town",
]
OLDEST = Artifact(KEYCLOAK.group, KEYCLOAK.name, SUPPORTED.oldest, KEYCLOAK.packaging)


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Keycloak:
    """The oldest supported Keycloak, one for the run; its program stays built in the cache of this account."""

    def start(folder: Path) -> tuple[Note, ServerProcess]:
        running = start_keycloak(data_dir=folder, cache_dir=default_cache(), artifact=OLDEST)
        note = {"url": running.url, "user": running.admin_user, "password": running.admin_password}
        return note, running.process

    note = share(run_folder(tmp_path_factory), "oldest-keycloak", start)
    return Keycloak(note["url"], note["user"], note["password"])


@pytest.mark.req("D7")
def test_certify_the_oldest_supported_keycloak_holds_every_fact(keycloak: Keycloak) -> None:
    certificate = certify(settings_for(keycloak), load_rulebook(PACKS))
    assert certificate.server_version == SUPPORTED.oldest
    assert {o.fact.id: o.evidence for o in certificate.outcomes if not o.held} == {}
    assert len(certificate.outcomes) == len(FACTS)
