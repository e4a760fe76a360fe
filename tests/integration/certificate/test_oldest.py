"""The whole certificate on the oldest Keycloak that is said to be supported, started for this test."""

from pathlib import Path

import pytest

from connector.certificate.certify import FACTS, certify
from connector.certificate.supported import SUPPORTED
from connector.embedded.artifacts import KEYCLOAK, Artifact, default_cache
from connector.embedded.keycloak import start_keycloak
from connector.embedded.process import ServerProcess
from connector.regulations.loader import load_rulebook
from connector.settings import Settings
from tests.servers.realm import PACKS
from tests.servers.shared import Note, run_folder, share

OLDEST = Artifact(KEYCLOAK.group, KEYCLOAK.name, SUPPORTED.oldest, KEYCLOAK.packaging)


@pytest.fixture(scope="session")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Note:
    """The oldest supported Keycloak, one for the run; its program stays built in the cache of this account."""

    def start(folder: Path) -> tuple[Note, ServerProcess]:
        running = start_keycloak(data_dir=folder, cache_dir=default_cache(), artifact=OLDEST)
        note = {"url": running.url, "user": running.admin_user, "password": running.admin_password}
        return note, running.process

    return share(run_folder(tmp_path_factory), "oldest-keycloak", start)


@pytest.mark.req("D7")
def test_certify_the_oldest_supported_keycloak_holds_every_fact(oldest: Note) -> None:
    settings = Settings(
        keycloak_url=oldest["url"], keycloak_admin_user=oldest["user"], keycloak_admin_password=oldest["password"]
    )
    certificate = certify(settings, load_rulebook(PACKS))
    assert certificate.server_version == SUPPORTED.oldest
    assert {o.fact.id: o.evidence for o in certificate.outcomes if not o.held} == {}
    assert len(certificate.outcomes) == len(FACTS)
