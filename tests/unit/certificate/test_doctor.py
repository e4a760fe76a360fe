"""What the doctor says of Keycloak's version; the version itself is given by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connector.certificate.supported import SUPPORTED
from connector.cli import doctor
from connector.regulations.loader import load_rulebook
from connector.settings import Settings


def installation(folder: Path, **settings: Any) -> Any:
    return SimpleNamespace(settings=Settings(data_dir=folder, **settings), rulebook=load_rulebook(("LC", "GS")))


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("version", "state"),
    [(SUPPORTED.oldest, "ok"), (SUPPORTED.newest, "ok"), ("26.1.0", "wrong"), ("99.0.0", "warning"), ("", "warning")],
)
def test_examine_the_version_of_keycloak_warns_of_one_that_nobody_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    monkeypatch.setattr(doctor, "server_version", lambda _: version)
    found = doctor.check_keycloak_version(
        installation(tmp_path, keycloak_admin_user="admin", keycloak_admin_password="admin")
    )
    assert found.state == state
    assert (version or "?") in found.says
    assert found.do == ("" if state == "ok" else "trading-idp certify")


def test_examine_the_version_without_an_administrator_is_off(tmp_path: Path) -> None:
    found = doctor.check_keycloak_version(installation(tmp_path))
    assert found.state == "off"
    assert SUPPORTED.oldest in found.says
