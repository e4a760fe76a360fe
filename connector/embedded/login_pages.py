"""Reads the pages of Keycloak's login: which page it is, its forms, the values of its script, the error shown. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

# The field that only this page has, and the page's name; the first that is there counts.
_NAMES = (
    ("accept", "consent"),
    ("totpSecret", "configure-totp"),
    ("password-new", "update-password"),
    ("attestationObject", "webauthn-register"),
    ("authenticatorData", "webauthn-authenticate"),
    ("isSetRetry", "webauthn-error"),
    ("authenticationExecution", "select-authenticator"),
    ("otp", "otp"),
    ("password", "login"),
)
_ANOTHER_WAY = "tryAnotherWay"
_SCRIPT_VALUE = re.compile(r'(\w+) ?: ?("(?:[^"\\]|\\.)*")')


@dataclass
class Form:
    """One form: where it is sent, its hidden values, the names of all its fields."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)


class LoginPage(HTMLParser):
    """One page. `error` is what Keycloak says was wrong, `text` the title or the message of an error page.

    `values` are those that the page's script works with; `keys` the credential ids a security key may answer for;
    `ways` the executions to choose from, each with the classes of its icon.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.values: dict[str, str] = {}
        self.keys: list[str] = []
        self.ways: list[tuple[str, str]] = []
        self.error = self.text = ""
        self._inside: Form | None = None
        self._into = ""
        self.feed(html)

    @property
    def name(self) -> str:
        return next((name for marker, name in _NAMES if self._with(marker)), "unknown")

    @property
    def form(self) -> Form | None:
        """The form that goes on with the login."""
        marker = next((marker for marker, _ in _NAMES if self._with(marker)), "")
        return self._with(marker) if marker else next((form for form in self.forms if form.action), None)

    @property
    def another_way(self) -> Form | None:
        """The form behind "try another way", where Keycloak offers one."""
        return self._with(_ANOTHER_WAY)

    def hidden(self, name: str) -> str:
        """A hidden value of the form that goes on; "" without it."""
        return self.form.hidden.get(name, "") if self.form else ""

    def _with(self, name: str) -> Form | None:
        return next((form for form in self.forms if form.action and name in form.fields), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(given.get("action", ""))
            self.forms.append(self._inside)
        elif tag in ("input", "button") and given.get("name"):
            self._take_field(given)
        elif tag == "i" and self.ways and not self.ways[-1][1]:
            self.ways[-1] = (self.ways[-1][0], given.get("class", ""))
        if tag == "script":
            self._into = "script"
        elif _is_error(given):
            self._into = "error"
        elif given.get("id") == "kc-error-message" or tag == "title":
            self._into = "text"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "script" and self._into == "script":
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "script":
            self.values.update({name: json.loads(text) for name, text in _SCRIPT_VALUE.findall(data)})
        elif self._into and data.strip():
            setattr(self, self._into, data.strip())
            self._into = ""

    def _take_field(self, given: Mapping[str, str]) -> None:
        """A field outside of any form belongs to the first one: Keycloak's key page has its button beside its form."""
        name, value = given["name"], given.get("value", "")
        if name == "authn_use_chk":
            self.keys.append(value)
        elif name == "authenticationExecution":
            self.ways.append((value, ""))
        form = self._inside or next(iter(self.forms), None)
        if form is not None:
            form.fields.add(name)
            if given.get("type", "").lower() == "hidden":
                form.hidden[name] = value


def _is_error(given: Mapping[str, str]) -> bool:
    named = given.get("id", "")
    return (named.startswith("input-error") and "container" not in named) or "m-danger" in given.get("class", "")
