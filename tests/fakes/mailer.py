"""A mailer that keeps what it was given, and fails when told to."""

from dataclasses import dataclass

from connector.errors import ConnectorError


@dataclass(frozen=True, kw_only=True)
class SentMail:
    to: str
    subject: str
    text: str
    message_id: str


class FakeMailer:
    """`fails_with` is raised instead of sending until it is set to None again."""

    def __init__(self) -> None:
        self.sent: list[SentMail] = []
        self.fails_with: ConnectorError | None = None

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        self.sent.append(SentMail(to=to, subject=subject, text=text, message_id=message_id))
