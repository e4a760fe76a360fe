"""Mails into the folder, and what makes a mail impossible. SMTP itself is tested against a server."""

import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from connector.adapters.mail import FolderMailer, MailRefusedError, compose
from connector.errors import UnavailableError

SENDER = "trading-idp@centre.example"


def send(mailer: FolderMailer, **changed: str) -> None:
    mail = {"to": "zhang@centre.example", "subject": "待审批", "text": "您好：\n正文\n", "message_id": "mail-1"}
    mailer.send(**{**mail, **changed})


def test_send_to_folder_writes_mail_for_owner_alone(tmp_path: Path) -> None:
    send(FolderMailer(tmp_path / "mail", SENDER))
    (file,) = (tmp_path / "mail").iterdir()
    assert file.suffix == ".eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert (mail["to"], mail["from"], mail["subject"]) == ("zhang@centre.example", SENDER, "待审批")
    assert mail["message-id"] == "<mail-1@trading-idp>"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == "您好：\n正文\n"


def test_send_to_folder_twice_keeps_one_mail(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path, SENDER)
    send(mailer)
    send(mailer)
    send(mailer, message_id="../../mail-2")
    assert len(list(tmp_path.iterdir())) == 2
    assert all(file.suffix == ".eml" for file in tmp_path.iterdir())


def test_send_to_folder_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(UnavailableError):
        send(FolderMailer(tmp_path / "mail", SENDER))


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "zhang@centre.example\r\nBcc: all@centre.example"},
        {"subject": "待审批\nBcc: all@centre.example"},
        {"to": "zhang"},
        {"to": ""},
        {"to": "a@centre.example, b@centre.example"},
        {"message_id": "x\r\ny"},
    ],
)
def test_compose_with_headers_that_break_is_refused(changed: dict[str, str]) -> None:
    mail = {"to": "zhang@centre.example", "subject": "s", "text": "t", "message_id": "m", **changed}
    with pytest.raises(MailRefusedError):
        compose(SENDER, mail["to"], mail["subject"], mail["text"], mail["message_id"])
