"""Steps: a grant with a sensitive permission from its preview to the account, and what is refused on the way."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.embedded.city import person_fields
from connector.embedded.demo.expect import EarlierStepError, expect, pick, wait_for
from connector.embedded.demo.scene import NEWCOMER_UNIT, Evidence, Scene
from connector.embedded.demo.signing_in import OA_OFFICE

TASK_SECONDS = 120.0
ACCOUNT_SECONDS = 120.0


def preview(scene: Scene) -> Evidence:
    """The applicant sees the chain before he submits; the sensitive permission adds the leader in charge."""
    applicant, form = scene.officers["applicant"], scene.newcomer.form
    plain = {**form, "permissions": [name for name in form["permissions"] if "experts" not in name]}
    chain = scene.api.post(applicant, "/requests/preview", form)
    without = scene.api.post(applicant, "/requests/preview", plain)
    more = {stage["office"] for stage in chain} - {stage["office"] for stage in without}
    expect(more == {OA_OFFICE.value}, f"further stages: {more}")
    return {
        "stages": [f"{stage['office_name']}（{stage['unit']}）{stage['clause']}" for stage in chain],
        "because_sensitive": sorted(more),
    }


def submit(scene: Scene) -> Evidence:
    applicant, newcomer = scene.officers["applicant"], scene.newcomer
    newcomer.users_before = scene.keycloak.count_users(newcomer.person.name)
    newcomer.request = scene.api.post(applicant, "/requests", newcomer.form)
    expect(newcomer.request["state"] == "pending", newcomer.request["state"])
    return {
        "number": newcomer.request["number"],
        "document": newcomer.request["document"],
        "digest": newcomer.request["digest"],
        "due_at": newcomer.request["due_at"],
    }


def refuse_self_approval(scene: Scene) -> Evidence:
    """The applicant may not decide his own request, whatever office he holds."""
    request = _request(scene)
    sent = {"verdict": "approve", "reason": "", "digest": request["digest"]}
    problem = scene.api.refusal(
        scene.officers["applicant"], f"/stages/{_open_stage(request)['id']}/decision", sent,
        status=403, code="self-approval",
    )  # fmt: skip
    return {"refused": problem["title"], "clause": problem["clause"]}


def decide_first(scene: Scene) -> Evidence:
    """Head of the unit, then the verifier, each from his own inbox."""
    return {"decided": [_decide(scene, "unit_head"), _decide(scene, "verifier")]}


def decide_by_oa(scene: Scene) -> Evidence:
    """The leader in charge decides in his own system; its call is signed, and one that is too old is refused."""
    stage = _open_stage(_request(scene))
    expect(stage["office"] == OA_OFFICE.value, stage["office"])
    wait_for(lambda: stage["id"] in scene.oa.tasks, TASK_SECONDS, "task.opened")
    leader = scene.city.holder(OA_OFFICE, NEWCOMER_UNIT)
    user_name = scene.machine.place.recall("city")[leader.directory_key]
    late = scene.oa.send({"type": "task.decided", "data": {}}, at=datetime.now(UTC) - timedelta(minutes=6))
    expect(late.status_code == 401, f"late message: {late.status_code}")
    answer = scene.oa.decide(stage["id"], decided_by=user_name, reason="同意")
    expect(answer.is_success, f"{answer.status_code} {answer.text[:300]}")
    decision = _request(scene)["decisions"][-1]
    expect(decision["via"] == "webhook", decision)
    return {"decided_by": decision["decided_by"], "via": decision["via"], "older_than_5_minutes": late.json()["code"]}


def refuse_changed_content(scene: Scene) -> Evidence:
    """A decision counts for the content that was shown; on any other digest it is refused."""
    request = _request(scene)
    other = request["digest"][::-1]
    problem = scene.api.refusal(
        scene.officers["system_department_head"], f"/stages/{_open_stage(request)['id']}/decision",
        {"verdict": "approve", "reason": "同意", "digest": other}, status=409, code="content-changed",
    )  # fmt: skip
    return {"refused": problem["title"], "shown": other[:12], "present": request["digest"][:12]}


def check_nothing_yet(scene: Scene) -> Evidence:
    """All but one have approved, and Keycloak knows nothing of the person."""
    decided = _decide(scene, "system_department_head")
    request = _request(scene)
    left = [stage["office"] for stage in request["stages"] if stage["state"] in ("open", "waiting")]
    expect(left == ["operator"], left)
    user = scene.keycloak.find_user_of_request(request["id"])
    namesakes = scene.keycloak.count_users(scene.newcomer.person.name) - scene.newcomer.users_before
    expect(user is None and namesakes == 0, "Keycloak has the user already")
    return {"decided": decided, "left": left, "users_of_this_request_in_keycloak": 0}


def decide_last(scene: Scene) -> Evidence:
    """The last approval: the account appears in Keycloak with exactly the approved roles."""
    newcomer, started = scene.newcomer, time.monotonic()
    _decide(scene, "operator")
    wait_for(lambda: _request(scene)["provisioned"], ACCOUNT_SECONDS, "provisioning")
    seconds = round(time.monotonic() - started, 2)
    user = scene.keycloak.find_user_of_request(newcomer.request["id"])
    expect(user and user["enabled"], user)
    newcomer.user_id = (user or {})["id"]
    roles = scene.keycloak.roles_of(newcomer.user_id)
    expect(roles == sorted(newcomer.form["permissions"]), roles)
    return {"account": _request(scene)["account"], "roles": roles, "approval_to_account_seconds": seconds}


def refuse_second_account(scene: Scene) -> Evidence:
    """The same ID number again: refused, naming the unit and not the person."""
    again = {
        **scene.newcomer.form,
        "person": person_fields(scene.newcomer.person) | {"phone": "13900009999"},
        "permissions": ["member:deposit.clerk"],
    }
    problem = scene.api.refusal(
        scene.officers["applicant"], "/requests", again, status=409, code="second-account"
    )  # fmt: skip
    unit = next(unit.name for unit in scene.city.founding.units if unit.code == NEWCOMER_UNIT)
    expect(unit in problem["title"] and scene.newcomer.person.name not in str(problem), problem)
    return {"refused": problem["title"], "clause": problem["clause"]}


def _request(scene: Scene) -> dict[str, Any]:
    """The request as its applicant sees it now."""
    if not scene.newcomer.request:
        raise EarlierStepError(missing="request")
    shown: dict[str, Any] = scene.api.get(scene.officers["applicant"], f"/requests/{scene.newcomer.request['id']}")
    return shown


def _open_stage(request: dict[str, Any]) -> dict[str, Any]:
    return pick(request["stages"], "stage", state="open")


def _decide(scene: Scene, key: str) -> str:
    """Approves what stands in the officer's inbox for this request; the verifier says what he compared (HH 4)."""
    officer, request_id = scene.officers[key], _request(scene)["id"]
    task = pick(scene.api.get(officer, "/inbox"), "inbox", request_id=request_id)
    shown = scene.api.get(officer, f"/requests/{request_id}")
    compared = [{"item": item["name"], "result": "agrees"} for item in shown["registration"]["checklist"]]
    sent = {"verdict": "approve", "reason": "同意", "digest": task["digest"], "compared": compared}
    scene.api.post(officer, f"/stages/{task['stage_id']}/decision", sent)
    return f"{key}: {officer.user_name}"
