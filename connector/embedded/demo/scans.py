"""Steps: what the zombie scan and the password-age scan will say on a later day. Dry runs: nothing is decided here."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.embedded.demo.expect import expect, wait_for
from connector.embedded.demo.scene import Evidence, Scene

MIRROR_SECONDS = 60.0  # The mirror reads Keycloak's events every fifteen seconds.
DORMANT_AFTER = timedelta(days=120)
OLD_AFTER = timedelta(days=200)  # The limit is 180 days (GS 10(4)) or less (JC 25).


def find_zombies(scene: Scene) -> Evidence:
    """A third of a year without any login from now on: who would be proposed to the principal."""
    found = _scan(scene, "dormant", DORMANT_AFTER, lambda scan: scan["accounts"])
    kinds = sorted({account["verdict"] for account in found["accounts"]})
    expect(found["dry_run"] and found["request"] is None, "a dry run made a request")
    return {
        "as_of": found["as_of"],
        "would_be_proposed": len(found["accounts"]),
        "verdicts": kinds,
        "rule": found["rule"],
    }


def find_old_passwords(scene: Scene) -> Evidence:
    """Everybody who chose a password today and keeps it: who would be made to change it."""
    found = _scan(scene, "passwords", OLD_AFTER, lambda scan: scan["counts"]["expired"])
    expect(found["dry_run"], "not a dry run")
    forced = [account["user_name"] for account in found["accounts"] if account["days_left"] == 0]
    expect(scene.officers["operator"].user_name in forced, forced)
    return {"as_of": found["as_of"], "would_have_to_change": len(forced), "counts": found["counts"]}


def _scan(scene: Scene, name: str, later: timedelta, is_enough: Any) -> dict[str, Any]:
    """The dry run of a scan as of a later day, once the mirror has read what it needs."""
    day = (datetime.now(ZoneInfo("Asia/Shanghai")) + later).strftime("%Y-%m-%d")

    def scan() -> dict[str, Any] | None:
        found: dict[str, Any] = scene.machine.run("scans", name, "--dry-run", "--at", day, "--json")
        return {**found, "as_of": day} if is_enough(found) else None

    result: dict[str, Any] = wait_for(scan, MIRROR_SECONDS, f"scans {name}")
    return result
