"""Steps: somebody changes Keycloak itself, past every request; it is found, shut out, or its repair is asked for."""

import time
from typing import Any

from connector.embedded.city import STAFFED
from connector.embedded.demo.expect import EarlierStepError, expect, wait_for
from connector.embedded.demo.scene import Evidence, Scene

FOUND_SECONDS = 60.0  # A change that no approved request explains is found within a minute (JC 9, GS 13).


def make_user_by_hand(scene: Scene) -> Evidence:
    """An administrator makes a user in Keycloak's console: nobody applied for him, so he is found and shut out."""
    made_at = time.monotonic()
    user_id = scene.keycloak.make_user_by_hand(f"by-hand-{scene.newcomer.person.number}")
    finding = _finding(scene, user_id, "user_created")
    found_after = round(time.monotonic() - made_at, 1)
    wait_for(lambda: not scene.keycloak.get_user(user_id)["enabled"], FOUND_SECONDS, "shut out")
    return {
        "found_after_seconds": found_after,
        "finding": finding["name"]["zh"],
        "by": finding["actor"],
        "done": finding["action_name"]["zh"],
        "enabled": False,
    }


def take_role_by_hand(scene: Scene) -> Evidence:
    """A role taken away by hand is a finding, and a difference that two offices are asked to have repaired."""
    user_name, user_id, role = _somebody(scene)
    scene.keycloak.take_role_by_hand(user_id, role)
    finding = _finding(scene, user_id, "role_withdrawn")
    run: dict[str, Any] = scene.machine.run("reconcile", "run", "--json")
    report = scene.api.get(scene.officers["security_administrator"], f"/reconciliations/{run['run']}")
    found = [each for each in report["differences"] if each["user_name"] == user_name]
    expect([each["name"] for each in found] == [role], found)
    expect(role not in scene.keycloak.roles_of(user_id), "repaired before anybody approved")
    request = scene.api.get(scene.officers["security_administrator"], f"/requests/{report['run']['request_id']}")
    expect(request["state"] == "pending" and len(request["stages"]) == 2, request["state"])
    return {
        "finding": finding["name"]["zh"],
        "difference": f"{user_name} {role}",
        "repair_request": request["number"],
        "waits_for": [stage["office_name"] for stage in request["stages"]],
    }


def _somebody(scene: Scene) -> tuple[str, str, str]:
    """User name, Keycloak id and a role of somebody without an office whom no step of this or an earlier play needs."""
    accounts: dict[str, str] = scene.machine.place.recall("city")
    for unit_code in STAFFED[1:]:
        for person in scene.city.members(unit_code)[1:]:
            user = scene.keycloak.find_user(accounts[person.directory_key])
            if roles := scene.keycloak.roles_of(user["id"]):
                return user["username"], user["id"], roles[0]
    raise EarlierStepError(missing="roles")


def _finding(scene: Scene, user_id: str, kind: str) -> dict[str, Any]:
    """The open finding of this kind about this user of Keycloak, when the gate has made it."""

    def found() -> dict[str, Any] | None:
        listed = scene.api.get(scene.officers["security_administrator"], "/provenance/findings?open=true")
        return next((each for each in listed if (each["keycloak_id"], each["kind"]) == (user_id, kind)), None)

    result: dict[str, Any] = wait_for(found, FOUND_SECONDS, f"finding {kind}")
    return result
