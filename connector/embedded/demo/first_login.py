"""Steps: the person is given a key, opens the one-time link, logs in, and goes where a password alone does not."""

from dataclasses import replace

from connector.embedded.browser import LoginRefusedError
from connector.embedded.demo.expect import EarlierStepError, expect, wait_for
from connector.embedded.demo.officers import COMMAND_LINE, FIRST_DOOR, MAIL_SECONDS, Officer, newest_link
from connector.embedded.demo.scene import Evidence, Newcomer, Scene

ENROLMENT = "webauthn-register"
WEAK = "Abc123456!"  # Long enough and mixed enough, and among the first that are guessed.
FIRST, SECOND, NEITHER = FIRST_DOOR, "bid-opening", "centre"
MODEL, AAGUID = "示例密钥 K1", "01020304-0506-0708-0102-030405060708"


def issue_key(scene: Scene) -> Evidence:
    """The custodian takes a delivery of keys into stock, and gives one to the new person against a receipt."""
    custodian, newcomer = scene.officers["key_custodian"], scene.newcomer
    newcomer.key_serial = f"SN-{newcomer.person.number}"
    rows = [
        {"serial": serial, "model": MODEL, "aaguid": AAGUID}
        for serial in (newcomer.key_serial, f"{newcomer.key_serial}-2")
    ]
    paper = f"示例入库-{newcomer.person.number}"
    taken = scene.api.post(custodian, "/keys", {"paper": paper, "batch": paper, "rows": rows})
    account = scene.api.get(scene.officers["applicant"], f"/requests/{newcomer.request['id']}")["account"]
    sent = {"account": account, "receipt": f"示例收条-{newcomer.person.number}"}
    key = scene.api.post(custodian, f"/keys/{newcomer.key_serial}/issue", sent)
    expect(key["status"] == "issued", key)
    wait_for(lambda: _is_awaited(scene), MAIL_SECONDS, "webauthn-register")
    return {"taken_into_stock": taken["added"], "issued": newcomer.key_serial, "account": account}


def _is_awaited(scene: Scene) -> bool:
    return ENROLMENT in scene.keycloak.get_user(scene.newcomer.user_id)["requiredActions"]


def open_link(scene: Scene) -> Evidence:
    """Wrong digits open nothing; the right ones show the initial password, once."""
    if not scene.newcomer.user_id:
        raise EarlierStepError(missing="account")
    person = scene.newcomer.form["person"]
    link = wait_for(lambda: newest_link(scene.machine.place.mail, person["mail"]), MAIL_SECONDS, "mail")
    ending = person["document_number"][-6:]
    wrong = scene.api.open_welcome(link, ending[::-1] if ending != ending[::-1] else "000000")
    scene.newcomer.login = scene.officers.first_password(person)
    again = scene.api.open_welcome(link, ending)
    expect(wrong.is_client_error and again.is_client_error, (wrong.status_code, again.status_code))
    return {
        "account": scene.newcomer.login.user_name,
        "wrong_digits": wrong.status_code,
        "shown": "once",
        "second_opening": again.status_code,
    }


def refuse_weak_password(scene: Scene) -> Evidence:
    """Keycloak refuses a weak password at the forced change."""
    weak = replace(scene.newcomer.known_login, new_password=WEAK)
    with scene.new_browser() as browser:
        try:
            browser.log_in(FIRST, weak)
        except LoginRefusedError as refusal:
            expect(browser.pages[-1] == "update-password", browser.pages)
            return {"refused_at": browser.pages[-1], "keycloak_says": str(refusal.facts["reason"])}
    expect(False, "a weak password was taken")
    return {}


def log_in(scene: Scene) -> Evidence:
    """The first login asks for a new password and the key; the token carries exactly what was approved."""
    newcomer, login = scene.newcomer, scene.newcomer.known_login
    browser = scene.new_browser()
    tokens = browser.log_in(FIRST, login)
    newcomer.officer = Officer(newcomer.person.name, login, browser, tokens)
    expect(browser.pages == ["login", "update-password", "webauthn-register"], browser.pages)
    roles = tokens.roles
    expect(roles == _approved(newcomer, FIRST), roles)
    return {"pages": list(browser.pages), "subsystem": FIRST, "roles_in_token": roles}


def refuse_password_alone(scene: Scene) -> Evidence:
    """Who knows the password and has no key enters what a password opens, and nothing more."""
    thief = replace(scene.newcomer.known_login, key=None)
    with scene.new_browser() as browser:
        website = browser.log_in(FIRST, thief).level
        try:
            browser.log_in(SECOND)
        except LoginRefusedError:
            return {FIRST: website, SECOND: "refused", "asked_for": "webauthn-authenticate"}
    expect(False, f"{SECOND} opened without the key")
    return {}


def bind_key(scene: Scene) -> Evidence:
    """What Keycloak holds is compared with the inventory: the key that was enrolled is the one that was issued."""
    for job in ("ingest_events", "reconcile_keys"):
        scene.machine.run("jobs", "run", job, "--json")
    key = scene.api.get(scene.officers["key_custodian"], f"/keys/{scene.newcomer.key_serial}")
    expect(key["status"] == "bound" and key["key_id"], key)
    uses = scene.api.get(scene.officers["key_custodian"], f"/keys/{scene.newcomer.key_serial}/uses")
    return {"serial": key["serial"], "status": key["status"], "credential": key["key_id"], "logins_by_it": len(uses)}


def enter_second(scene: Scene) -> Evidence:
    """The key opens what a password does not; the next subsystem asks nothing, and gives nothing not approved."""
    newcomer, browser = scene.newcomer, scene.newcomer.known_officer.browser
    asked = len(browser.pages)
    tokens, nothing = browser.log_in(SECOND, newcomer.known_login), browser.log_in(NEITHER)
    questions = [page for page in browser.pages[asked:] if page != "consent"]
    newcomer.known_officer.tokens = browser.log_in_device(COMMAND_LINE, newcomer.known_login)
    expect(questions == ["webauthn-authenticate"], questions)
    expect(tokens.roles == _approved(newcomer, SECOND) and not nothing.roles, (tokens.roles, nothing.roles))
    newcomer.tokens = tokens
    return {
        "subsystem": SECOND,
        "asked": questions,
        "level": tokens.level,
        "methods": list(tokens.methods),
        "roles_in_token": tokens.roles,
        f"roles_in_{NEITHER}": [],
    }


def _approved(newcomer: Newcomer, client_id: str) -> list[str]:
    permissions = [name.split(":") for name in newcomer.form["permissions"]]
    return sorted(role for subsystem, role in permissions if subsystem == client_id)
