"""The connector's HTTP API as somebody signed in uses it. Sends what it is told, decides nothing."""

from typing import Any, Protocol

import httpx

from connector.embedded.demo.expect import expect

TIMEOUT_SECONDS = 30.0


class SignedIn(Protocol):
    """Somebody with an access token that is still good."""

    def token(self) -> str: ...


class Api:
    """One client for everybody: each call says who calls."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def call(self, who: SignedIn, method: str, path: str, body: Any = None) -> httpx.Response:
        """Any answer, also a refusal."""
        return self._http.request(method, path, json=body, headers={"Authorization": f"Bearer {who.token()}"})

    def get(self, who: SignedIn, path: str) -> Any:
        """The content of a 200; ends the step otherwise."""
        return _content(self.call(who, "GET", path))

    def post(self, who: SignedIn, path: str, body: Any = None) -> Any:
        """The content of a 200 or 201; ends the step otherwise."""
        return _content(self.call(who, "POST", path, body))

    def refusal(self, who: SignedIn, path: str, body: Any, *, status: int, code: str) -> dict[str, Any]:
        """The problem document of a POST that must be refused with this status and code; ends the step otherwise."""
        answer = self.call(who, "POST", path, body)
        problem: dict[str, Any] = answer.json()
        expect(answer.status_code == status and problem.get("code") == code, f"{answer.status_code} {problem}")
        return problem

    def open_welcome(self, link: str, suffix: str) -> httpx.Response:
        """The page behind a one-time link, asked for as its form asks. The password stands in it."""
        return self._http.post(httpx.URL(link).path, data={"suffix": suffix})

    def close(self) -> None:
        self._http.close()


def _content(answer: httpx.Response) -> Any:
    expect(answer.is_success, f"{answer.status_code} {answer.text[:400]}")
    return answer.json()
