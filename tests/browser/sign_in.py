"""What a person does on Keycloak's pages in Chromium, by their ids; each step waits for the page that must follow."""

import base64
import time
from collections.abc import Callable

import pyotp
from playwright.sync_api import Page

from connector.embedded.browser import Person
from connector.embedded.login_pages import LoginPage
from tests.browser.chromium import Window

HALF_MINUTE = 30


def page_name(page: Page) -> str:
    """Which page of the login this is, as the form browser names it; "unknown" outside of it."""
    return LoginPage(page.content()).name


def type_password(window: Window, person: Person) -> None:
    """Also the name, unless Keycloak knows it already and asks for the proof anew."""
    if window.page.locator("#username").count():
        window.page.fill("#username", person.user_name)
    window.page.fill("#password", person.password)
    _leave(window, lambda: window.page.click("#kc-login"))


def change_password(window: Window, person: Person) -> None:
    """Chooses `new_password`, which then is the person's password."""
    window.page.fill("#password-new", person.new_password)
    window.page.fill("#password-confirm", person.new_password)
    _leave(window, lambda: window.page.locator("#kc-passwd-update-form [type=submit]").first.click())
    person.password, person.new_password = person.new_password, ""


def register_key(window: Window) -> None:
    """Registers the key in the USB port; window.usb.key() is the registered one afterwards."""
    _leave(window, lambda: window.page.click("#registerWebAuthn"))


def use_key(window: Window) -> None:
    _leave(window, lambda: window.page.click("#authenticateWebAuthnButton"))


def try_another_way(window: Window) -> None:
    _leave(window, lambda: window.page.click("#try-another-way"))


def choose_way(window: Window, person: Person) -> None:
    """On the page of the ways: the key for who has one, else the one-time code."""
    icon = ".fa-key" if person.key else ".fa-mobile"
    way = window.page.locator("[role=button]", has=window.page.locator(icon))
    _leave(window, way.click)


def set_up_codes(window: Window, person: Person) -> None:
    """Reads the secret that the page shows for typing, as a person without camera does, and enters the first code."""
    page = window.page
    if page.locator("#mode-manual").count():
        _leave(window, lambda: page.click("#mode-manual"))
    secret = page.inner_text("#kc-totp-secret-key").replace(" ", "")
    person.totp_key = pyotp.TOTP(secret).byte_secret()
    page.fill("#totp", next_code(person))
    page.fill("#userLabel", "手机")
    _leave(window, lambda: page.click("#saveTOTPBtn"))


def type_code(window: Window, code: str) -> None:
    window.page.fill("#otp", code)
    _leave(window, lambda: window.page.click("#kc-login"))


def next_code(person: Person) -> str:
    """The person's next unused code; each counts once, and one half minute ahead is allowed."""
    step = max(int(time.time() // HALF_MINUTE), person.last_totp_step + 1)
    while step > time.time() // HALF_MINUTE + 1:
        time.sleep(0.5)
    person.last_totp_step = step
    return pyotp.TOTP(base64.b32encode(person.totp_key).decode()).generate_otp(step)


def go_through(window: Window, person: Person, *, most_pages: int = 8) -> list[str]:
    """Does what each page of the login asks, until the browser is outside of it; returns the pages' names.

    The person's key is in the USB port before and after; his Person holds it as it is at the end.
    """
    seen: list[str] = []
    while (name := page_name(window.page)) != "unknown" and len(seen) < most_pages:
        seen.append(name)
        act_on(name, window, person)
    return seen


def act_on(name: str, window: Window, person: Person) -> None:
    """Does what this one page asks."""
    assert name in _ACTS, f"the login shows {name}: {window.text()[:300]}"
    _ACTS[name](window, person)


def _register_blank_key(window: Window, person: Person) -> None:
    window.usb.insert_blank()
    register_key(window)
    person.key = window.usb.key()


def _use_own_key(window: Window, person: Person) -> None:
    if person.key is None:
        try_another_way(window)
        return
    window.usb.insert(person.key)
    use_key(window)
    person.key = window.usb.key()


def _type_own_code(window: Window, person: Person) -> None:
    if person.key is not None and window.page.locator("#try-another-way").count():
        try_another_way(window)
        return
    type_code(window, next_code(person))


_ACTS: dict[str, Callable[[Window, Person], None]] = {
    "login": type_password,
    "update-password": change_password,
    "configure-totp": set_up_codes,
    "webauthn-register": _register_blank_key,
    "webauthn-authenticate": _use_own_key,
    "select-authenticator": choose_way,
    "otp": _type_own_code,
}


def _leave(window: Window, act: Callable[[], None]) -> None:
    """Does what leads to another page and waits until that is there; keys answer by script, after a while."""
    with window.page.expect_navigation(wait_until="load"):
        act()
