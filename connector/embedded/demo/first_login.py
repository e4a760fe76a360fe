"""Steps: the person opens the one-time link, chooses a password, logs in to one subsystem and is let into the next."""

from dataclasses import replace

from connector.embedded.browser import LoginRefusedError
from connector.embedded.demo.expect import EarlierStepError, expect, wait_for
from connector.embedded.demo.officers import COMMAND_LINE, MAIL_SECONDS, Officer, newest_link
from connector.embedded.demo.scene import Evidence, Newcomer, Scene

WEAK = "Abc123456!"  # Long enough and mixed enough, and among the first that are guessed.
FIRST, SECOND, NEITHER = "bid-opening", "website", "member"


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
    """The first login asks for a new password and a second factor; the token carries exactly what was approved."""
    newcomer, login = scene.newcomer, scene.newcomer.known_login
    browser = scene.new_browser()
    tokens = browser.log_in(FIRST, login)
    newcomer.officer = Officer(newcomer.person.name, login, browser, tokens)
    expect(browser.pages == ["login", "update-password", "configure-totp"], browser.pages)
    roles = tokens.roles
    expect(roles == _approved(newcomer, FIRST), roles)
    return {"pages": list(browser.pages), "subsystem": FIRST, "roles_in_token": roles}


def enter_second(scene: Scene) -> Evidence:
    """One login opens the next subsystem without a question, and gives nothing in one that was not approved."""
    newcomer, browser = scene.newcomer, scene.newcomer.known_officer.browser
    asked = len(browser.pages)
    tokens, nothing = browser.log_in(SECOND), browser.log_in(NEITHER)
    newcomer.known_officer.tokens = browser.log_in_device(COMMAND_LINE, newcomer.known_login)
    questions = [page for page in browser.pages[asked:] if page != "consent"]
    expect(not questions, questions)
    expect(tokens.roles == _approved(newcomer, SECOND) and not nothing.roles, (tokens.roles, nothing.roles))
    newcomer.tokens = tokens
    return {"subsystem": SECOND, "password_asked": False, "roles_in_token": tokens.roles, f"roles_in_{NEITHER}": []}


def _approved(newcomer: Newcomer, client_id: str) -> list[str]:
    permissions = [name.split(":") for name in newcomer.form["permissions"]]
    return sorted(role for subsystem, role in permissions if subsystem == client_id)
