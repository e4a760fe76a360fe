"""Steps: the officers receive their first passwords and sign in; a unit's own approval system is connected."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.embedded.city import SampleCity
from connector.embedded.demo.expect import expect
from connector.embedded.demo.scene import NEWCOMER_UNIT, Evidence, Scene
from connector.register.founding import FoundingPerson
from connector.regulations.vocabulary import Office

AT_ONCE = 3
OA_OFFICE = Office.LEADER_IN_CHARGE


def cast_of(city: SampleCity) -> dict[str, FoundingPerson]:
    """Who has a part that needs a login. The leader in charge has none: he decides in his own system."""
    return {
        "applicant": city.members(NEWCOMER_UNIT)[0],
        "unit_head": city.holder(Office.UNIT_HEAD, NEWCOMER_UNIT),
        "verifier": city.holder(Office.VERIFIER),
        "system_department_head": city.holder(Office.SYSTEM_DEPARTMENT_HEAD),
        "operator": city.holder(Office.OPERATOR),
        "key_custodian": city.holder(Office.KEY_CUSTODIAN),
        "security_administrator": city.holder(Office.SECURITY_ADMINISTRATOR),
    }


def sign_in_officers(scene: Scene) -> Evidence:
    """Each opens his link, sees the initial password, changes it, enrols a second factor, and signs in with both.

    The city is new: by decision on paper a one-time code stands in for the keys of those who found it, for a year.
    """
    cast = cast_of(scene.city)

    def sign_in(key: str) -> str:
        return scene.officers.sign_in(key, cast[key].model_dump()).user_name

    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = dict(zip(cast, pool.map(sign_in, cast), strict=True))
    expect(all(scene.officers[key].person.totp_key for key in cast), "somebody has no second factor")
    levels = {scene.officers[key].tokens.level for key in cast}
    expect(levels == {"mfa"}, levels)
    until = scene.city.founding.codes_until
    return {"signed_in": names, "second_factor": "otp", "codes_instead_of_keys_until": str(until)}


def connect_oa(scene: Scene) -> Evidence:
    """The security administrator registers the unit's system and hands over its secrets; a later play changes them."""
    security, name = scene.officers["security_administrator"], f"oa-{NEWCOMER_UNIT}-{scene.machine.ports['oa']}"
    known = [endpoint["name"] for endpoint in scene.api.get(security, "/endpoints?active=true")]
    if name in known:
        made = scene.api.post(security, f"/endpoints/{name}/rotate", {"incoming_key": ""})
    else:
        made = scene.api.post(security, "/endpoints", _endpoint(scene, name))
    endpoint_id = made["endpoint"]["id"]
    scene.oa.trust(
        f"{scene.machine.url}/webhooks/{endpoint_id}/decisions", verifying=made["outgoing"], signing=made["incoming"]
    )
    return {"endpoint": name, "url": scene.oa.url, "offices": made["endpoint"]["offices"], "rotated": name in known}


def _endpoint(scene: Scene, name: str) -> dict[str, Any]:
    return {"unit_code": NEWCOMER_UNIT, "name": name, "url": scene.oa.url, "offices": [OA_OFFICE.value]}
