"""A person's browser that visits subsystems: it follows redirects, fills in Keycloak's forms and passes SAML's on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person
from connector.embedded.login_pages import LoginPage

MOST_STEPS = 30
CARRIED = ("SAMLResponse", "SAMLRequest", "SAMLart")  # Forms that the page sends on by itself.


class Visitor(FormBrowser):
    """Keycloak's pages are filled in; the page of any other site ends the visit.

    `carried` is the last form that was sent on for SAML, as Keycloak made it; `tamper` changes it on its way.
    """

    carried: dict[str, str]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.carried = {}
        self.tamper: Callable[[dict[str, str]], dict[str, str]] = dict

    def visit(self, url: str, person: Person | None = None) -> httpx.Response:
        """The page a visit to `url` ends at. Without a person nothing is typed; raises LoginRefusedError."""
        answer = self._send("GET", url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                answer = self._send("GET", urljoin(str(answer.url), answer.headers["location"]))
                continue
            page = LoginPage(answer.text)
            carried = next((form for form in page.forms if form.hidden.keys() & set(CARRIED)), None)
            if carried is not None:
                self.carried = dict(carried.hidden)
                answer = self._send("POST", urljoin(str(answer.url), carried.action), self.tamper(self.carried))
            elif not str(answer.url).startswith(self._realm):
                return answer
            else:
                answer = self._answer(answer, page, person)
        raise LoginRefusedError(f"still at {urlsplit(str(answer.url)).path}")

    def log_out_everywhere(self, url: str) -> httpx.Response:
        """Visits the logout of a subsystem and agrees at Keycloak's page, should it ask."""
        answer = self._send("GET", url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                answer = self._send("GET", urljoin(str(answer.url), answer.headers["location"]))
                continue
            page = LoginPage(answer.text)
            carried = next((form for form in page.forms if form.hidden.keys() & set(CARRIED)), None)
            if carried is None:
                return answer
            answer = self._send("POST", urljoin(str(answer.url), carried.action), carried.hidden)
        return answer

    def post(self, url: str, **form: str) -> httpx.Response:
        return self._send("POST", url, form)

    def get(self, url: str) -> httpx.Response:
        """One page, without following anything."""
        return self._send("GET", url)

    def _answer(self, answer: httpx.Response, page: LoginPage, person: Person | None) -> httpx.Response:
        if page.error or page.form is None or answer.status_code >= 400:
            raise LoginRefusedError(page.error or page.text or f"HTTP {answer.status_code}")
        if person is None:
            raise LoginRefusedError(f"the page {page.name} asks for a person")
        self.pages.append(page.name)
        form, typed = self._answers.to(page, page.form, person)
        return self._send("POST", urljoin(str(answer.url), form.action), {**form.hidden, **typed})
