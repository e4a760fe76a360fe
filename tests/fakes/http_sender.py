"""An HTTP sender that keeps what it was given and answers as it was told."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.errors import ConnectorError
from connector.ports import HttpAnswer


@dataclass(frozen=True)
class PostedMessage:
    url: str
    body: bytes
    headers: Mapping[str, str]


class FakeHttpSender:
    """Answers with `answers` one after another (an error among them is raised), then with 200 for ever."""

    def __init__(self, *answers: HttpAnswer | ConnectorError) -> None:
        self.posted: list[PostedMessage] = []
        self._answers = list(answers)

    def answer_next(self, *answers: HttpAnswer | ConnectorError) -> None:
        self._answers.extend(answers)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        self.posted.append(PostedMessage(url, body, dict(headers)))
        answer = self._answers.pop(0) if self._answers else HttpAnswer(200, None, "")
        if isinstance(answer, ConnectorError):
            raise answer
        return answer
