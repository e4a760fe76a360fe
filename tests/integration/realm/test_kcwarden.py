"""kcwarden finds nothing in the applied realm but what realm-config/kcwarden-allow.toml explains."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connector.realm_config import config_dir
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]


def audit(export: dict[str, Any], folder: Path) -> set[tuple[str, str]]:
    """(auditor, entity) of each finding."""
    dump, result = folder / "realm.json", folder / "findings.json"
    dump.write_text(json.dumps(export), encoding="utf-8")
    kcwarden = Path(sys.executable).with_name("kcwarden")
    subprocess.run([kcwarden, "audit", "-f", "json", "-o", result, dump], check=True, capture_output=True, timeout=120)
    findings = json.loads(result.read_text(encoding="utf-8"))
    return {(finding["reporting_auditor"], finding["entity"]) for finding in findings}


@pytest.mark.req("C9")
def test_audit_realm_by_kcwarden_finds_only_what_is_explained(realm: RealmUnderTest, tmp_path: Path) -> None:
    allowed = tomllib.loads((config_dir() / "kcwarden-allow.toml").read_text(encoding="utf-8"))["allowed"]
    named = {(entry["auditor"], entry["entity"].format(realm=realm.name)) for entry in allowed}
    may_be_absent = {
        (entry["auditor"], entry["entity"].format(realm=realm.name)) for entry in allowed if entry.get("may_be_absent")
    }
    assert all(entry["reason"] for entry in allowed)
    found = audit(realm.admin.post("/partial-export", exportClients="true", exportGroupsAndRoles="true"), tmp_path)
    assert found - named == set()
    assert named - found <= may_be_absent


def test_audit_of_a_weakened_realm_finds_it(realm: RealmUnderTest, tmp_path: Path) -> None:
    export = realm.admin.post("/partial-export", exportClients="true", exportGroupsAndRoles="true")
    website = next(client for client in export["clients"] if client["clientId"] == "website")
    website["directAccessGrantsEnabled"] = True
    assert ("PublicClientShouldDisableDirectAccessGrants", "website") in audit(export, tmp_path)
