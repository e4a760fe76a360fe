"""Directories that take long to start are shared by all workers; each test has a place of its own in them."""

import pytest

from tests.servers import samba as samba_server
from tests.servers import unboundid as unboundid_server
from tests.servers.samba import Samba, start_samba
from tests.servers.shared import run_folder, share
from tests.servers.unboundid import UnboundId, start_unboundid


@pytest.fixture(scope="session")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Samba:
    """The Active Directory of this run (Samba)."""
    return samba_server.from_note(share(run_folder(tmp_path_factory), "samba", start_samba))


@pytest.fixture(scope="session")
def unboundid(tmp_path_factory: pytest.TempPathFactory) -> UnboundId:
    """The UnboundID directory of this run."""
    return unboundid_server.from_note(share(run_folder(tmp_path_factory), "unboundid", start_unboundid))
