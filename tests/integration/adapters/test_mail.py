"""The SMTP mailer against a real server: what arrives, and which refusals are final."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from connector.adapters.mail import MailRefusedError, SmtpMailer
from connector.embedded.process import free_port
from connector.errors import ConnectorError, UnavailableError


class Catcher:
    """Keeps mails; answers a recipient whose name is a code with that code."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        name = address.partition("@")[0]
        if name.isdigit():
            return f"{name} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(content)
        return "250 OK"


@pytest.fixture
def catcher() -> Iterator[tuple[Catcher, int]]:
    handler, port = Catcher(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def test_send_by_smtp_arrives(catcher: tuple[Catcher, int]) -> None:
    handler, port = catcher
    mailer = SmtpMailer("127.0.0.1", port, "trading-idp@centre.example")
    mailer.send(to="zhang@centre.example", subject="待审批", text="您好\n", message_id="mail-7")
    (raw,) = handler.mails
    mail = message_from_bytes(raw, policy=default)
    assert (mail["to"], mail["subject"], mail["message-id"]) == (
        "zhang@centre.example",
        "待审批",
        "<mail-7@trading-idp>",
    )
    assert mail.get_content().replace("\r\n", "\n") == "您好\n"


@pytest.mark.parametrize(
    ("code", "error"), [("550", MailRefusedError), ("554", MailRefusedError), ("450", UnavailableError)]
)
def test_send_to_refused_recipient_is_final_only_for_5xx(
    catcher: tuple[Catcher, int], code: str, error: type[ConnectorError]
) -> None:
    handler, port = catcher
    mailer = SmtpMailer("127.0.0.1", port, "trading-idp@centre.example")
    with pytest.raises(error):
        mailer.send(to=f"{code}@centre.example", subject="s", text="t", message_id="m")
    assert handler.mails == []


def test_send_without_server_is_tried_again() -> None:
    with pytest.raises(UnavailableError):
        SmtpMailer("127.0.0.1", free_port(), "a@b.example").send(
            to="c@d.example", subject="s", text="t", message_id="m"
        )


def test_send_to_silent_server_ends_at_the_limit() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mailer = SmtpMailer("127.0.0.1", silent.getsockname()[1], "a@b.example", timeout=0.3)
        with pytest.raises(UnavailableError):
            mailer.send(to="c@d.example", subject="s", text="t", message_id="m")
