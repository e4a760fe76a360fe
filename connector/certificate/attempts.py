"""Attempts that the facts make with a browser, told as an answer instead of an exception. Judges none."""

from collections.abc import Callable

from connector.certificate.scratch import ScratchRealm, Somebody
from connector.embedded.browser import FormBrowser, LoginRefusedError, Person, Tokens


def opens(attempt: Callable[[], object]) -> bool:
    """Whether the login goes through."""
    try:
        attempt()
    except LoginRefusedError:
        return False
    return True


def refreshes(browser: FormBrowser, tokens: Tokens) -> bool:
    """Whether the refresh token of an earlier login still gives tokens."""
    return opens(lambda: browser.refresh(tokens))


def level_of(scratch: ScratchRealm, browser: FormBrowser, client: str, person: Person | None, **ask: str) -> str:
    """The level of a login, "" when it is refused; never refused because of the failures before it."""
    scratch.admin.delete("/attack-detection/brute-force/users")
    try:
        return browser.log_in(client, person, **ask).level or "no level"
    except LoginRefusedError:
        return ""


def thief(somebody: Somebody) -> Person:
    """Knows the person's name and password, and holds nothing."""
    return Person(somebody.person.user_name, somebody.person.password)


def factors_of(scratch: ScratchRealm, somebody: Somebody) -> list[str]:
    """Types of the second factors the person has, sorted."""
    listed = scratch.idp.list_credentials(somebody.user_id)
    return sorted(credential.type for credential in listed if not credential.type.startswith("password"))
