"""Steps: one person leaves and is frozen at once; many leave at once and nobody is, until two people say so."""

import time
from typing import Any

from connector.embedded.browser import LoginRefusedError, Tokens
from connector.embedded.demo.expect import EarlierStepError, expect, pick
from connector.embedded.demo.scene import Evidence, Scene
from connector.embedded.directory import RunningDirectory
from connector.embedded.errors import CommandFailedError
from connector.embedded.machine import Machine

MASS_SHARE = 0.4
PAUSE_SECONDS = 3.0


def leave(scene: Scene) -> Evidence:
    """The personnel department marks one person; the next run freezes his account and everything it held open."""
    newcomer, officer = scene.newcomer, scene.newcomer.known_officer
    before = scene.keycloak.sessions_of(newcomer.user_id)
    held = scene.api.call(officer, "GET", "/inbox").status_code
    expect(before and held == 200, f"{before} sessions, API {held}")
    _directory(scene).set_statuses({newcomer.person.number: "left"})
    summary = _sync(scene.machine)
    expect(summary["state"] in ("executed", "nothing"), summary)  # Nothing is left when the hourly run was first.
    enabled = scene.keycloak.get_user(newcomer.user_id)["enabled"]
    after = scene.keycloak.sessions_of(newcomer.user_id)
    expect(not enabled and after == 0, f"enabled {enabled}, {after} sessions")
    return {"people_read": summary["people"], "enabled": enabled, "sessions_before": before, "sessions_after": after}


def find_doors_shut(scene: Scene) -> Evidence:
    """Whatever the person held before opens nothing any more: tokens, refresh, password, the connector's API."""
    newcomer, officer = scene.newcomer, scene.newcomer.known_officer
    if newcomer.tokens is None:
        raise EarlierStepError(missing="tokens")
    shut = {
        "refresh": _refused(lambda: officer.browser.refresh(_tokens(newcomer.tokens))),
        "new_login": _refused(lambda: _log_in_anew(scene)),
        "access_token_at_keycloak": not scene.keycloak.is_token_good(newcomer.tokens.access_token),
        "access_token_at_connector": scene.api.call(officer, "GET", "/inbox").status_code == 401,
    }
    expect(all(shut.values()), shut)
    return {"refused": sorted(shut)}


def open_case(scene: Scene) -> Evidence:
    """The unit is asked for the written form, with a day by which it is due, and for the key."""
    user_name = scene.newcomer.known_login.user_name
    cases = scene.api.get(scene.officers["system_department_head"], "/departures/cases")
    case = pick(cases, "case", user_name=user_name)
    expect(case["account_status"] == "frozen" and case["form_due_at"], case)
    expect(case["key_serial"] == scene.newcomer.key_serial, case)
    return {
        "account": case["user_name"],
        "unit": case["unit"],
        "written_form_due_at": case["form_due_at"],
        "key_to_be_returned": case["key_serial"],
    }


def trip_breaker(scene: Scene) -> Evidence:
    """The directory suddenly says that two fifths have left: nobody is frozen, the plan waits for two people."""
    accounts: dict[str, str] = scene.machine.place.recall("city")
    number = round(MASS_SHARE * len(accounts))
    leaving = list(accounts)[-number:]
    disabled = scene.keycloak.count_disabled()
    try:
        _directory(scene).set_statuses(dict.fromkeys(leaving, "left"))
        summary = _sync(scene.machine)
    finally:
        _directory(scene).set_statuses(dict.fromkeys(leaving, "active"))
    expect(summary["state"] == "held" and summary["frozen"] == 0, summary)
    expect(scene.keycloak.count_disabled() == disabled, "somebody was disabled")
    request = scene.api.get(scene.officers["system_department_head"], f"/requests/{summary['request_id']}")
    stages = [f"{stage['office_name']}: {'、'.join(stage['deciders'])}" for stage in request["stages"]]
    expect(request["state"] == "pending" and len(stages) == 2 and not request["decisions"], request["state"])
    return {
        "marked_as_left": number,
        "frozen": summary["frozen"],
        "reasons": summary["reasons"],
        "release_request": request["number"],
        "waits_for": stages,
        "plan": summary["plan_hash"],
    }


def _sync(machine: Machine) -> dict[str, Any]:
    """Summary of a run by hand; one that meets the hourly run waits until that has ended."""
    for is_last in (False, False, True):
        try:
            summary: dict[str, Any] = machine.run("jobs", "run", "sync_departures", "--json")["summary"]
        except CommandFailedError:
            if is_last:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            break
    return summary


def _directory(scene: Scene) -> RunningDirectory:
    if scene.machine.directory is None:
        raise EarlierStepError(missing="directory")
    return scene.machine.directory


def _tokens(tokens: Tokens | None) -> Tokens:
    if tokens is None:
        raise EarlierStepError(missing="tokens")
    return tokens


def _log_in_anew(scene: Scene) -> None:
    with scene.new_browser() as browser:
        browser.log_in("website", scene.newcomer.known_login)


def _refused(attempt: Any) -> bool:
    try:
        attempt()
    except LoginRefusedError:
        return True
    return False
