"""Mail out: by SMTP, or into a folder when no mail server is set. Knows neither people nor why a mail is sent."""

import hashlib
import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Final

from connector.errors import ConnectorError, Text, UnavailableError

TIMEOUT_SECONDS: Final = 15.0
IMPLICIT_TLS_PORT: Final = 465
PERMANENT: Final = range(500, 600)


class MailRefusedError(ConnectorError):
    """The mail server will never take this mail, or it is not a mail: trying again will not help."""

    code = "mail-refused"
    status = 502
    says = Text("邮件被拒收：{reason}", "The mail was refused: {reason}")
    remedy = Text("请核对收件地址和邮件服务器设置", "Check the address and the settings of the mail server")


class SmtpMailer:
    """Sends by SMTP; encrypted and with the server's name verified whenever the server offers STARTTLS."""

    def __init__(self, host: str, port: int, sender: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._host, self._port, self._sender, self._timeout = host, port, sender, timeout

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """One mail. Raises MailRefusedError (5xx: final) or UnavailableError (no answer, 4xx: try again)."""
        message = compose(self._sender, to, subject, text, message_id)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            raise _refusal(max(codes, default=0)) from refused
        except smtplib.SMTPResponseException as answer:
            raise _refusal(answer.smtp_code) from answer
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError(part="SMTP", reason=type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        tls = ssl.create_default_context()
        if self._port == IMPLICIT_TLS_PORT:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=tls)
        server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
                server.ehlo()
        except BaseException:
            server.close()
            raise
        return server


class FolderMailer:
    """Writes each mail as a file only its owner may read; the same message id writes the same file again."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        message = compose(self._sender, to, subject, text, message_id)
        name = hashlib.sha256(message_id.encode()).hexdigest()[:24]
        partial = self._folder / f"{name}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes())
            partial.replace(self._folder / f"{name}.eml")
        except OSError as error:
            raise UnavailableError(part="mail folder", reason=error.strerror) from error


def compose(sender: str, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    """The mail as sent. Raises MailRefusedError for an address or subject that would break its headers."""
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Message-ID"] = f"<{message_id}@trading-idp>"
        addresses = message["To"].addresses
    except (ValueError, IndexError) as error:
        raise MailRefusedError(reason="headers") from error
    if len(addresses) != 1 or not addresses[0].domain:
        raise MailRefusedError(reason="address")
    message["Date"] = formatdate()
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note shall answer it.
    message.set_content(text, cte="base64")
    return message


def _refusal(smtp_code: int) -> ConnectorError:
    if smtp_code in PERMANENT:
        return MailRefusedError(reason=f"SMTP {smtp_code}")
    return UnavailableError(part="SMTP", reason=f"SMTP {smtp_code}")
