"""One bound connection to the HR directory (ldap3). Every answer is judged here, and every error of ldap3 translated.

ldap3 reports partial answers as success (size limit, time limit, references), so nothing leaves this module that did
not come with result code 0 and without a reference dropped.
"""

import math
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ldap3 import BASE, NONE, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import (
    LDAPExceptionError,
    LDAPInvalidDnError,
    LDAPInvalidFilterError,
    LDAPObjectClassError,
    LDAPResponseTimeoutError,
    LDAPSocketOpenError,
)

from connector.adapters.ldap_values import Attributes
from connector.adapters.ldap_wire import Answer, RowReceiver
from connector.departures import errors
from connector.ports import DirectoryReadError
from connector.settings import DirectorySettings

_START_TLS = "1.3.6.1.4.1.1466.20037"
_BAD_CREDENTIALS = frozenset({7, 8, 13, 48, 49, 53})
ANYTHING = "(objectClass=*)"
NO_SUCH_OBJECT = 32

_BY_RESULT: dict[int, type[DirectoryReadError]] = {
    3: errors.TimeLimitError,
    4: errors.SizeLimitError,
    10: errors.ReferralError,
    11: errors.AdministrativeLimitError,
    12: errors.PagingRefusedError,
    NO_SUCH_OBJECT: errors.NoSuchBaseError,
    34: errors.FilterSyntaxError,
    50: errors.InsufficientAccessError,
}
# Active Directory refers from the root of a domain to these parts of itself; no person stands in them.
_PARTS_WITHOUT_PEOPLE = ("/cn=configuration,", "/dc=domaindnszones,", "/dc=forestdnszones,")


class Link:
    """A bound connection. `count` is the number of people read so far, for the errors that tell it."""

    def __init__(self, connection: Connection, settings: DirectorySettings) -> None:
        self._connection = connection
        self._receiver = RowReceiver(connection)
        self._active_directory = settings.kind == "active_directory"
        self.count = 0

    def send(self, base: str, text: str, attributes: list[str], **more: Any) -> int:
        """Sends a search and waits for its end; returns the result code and judges nothing."""
        self._receiver.expect(attributes)
        self._connection.search(base, text, attributes=attributes, **more)
        return int(self._connection.result["result"])

    def search(self, base: str, text: str, attributes: list[str], **more: Any) -> list[Answer]:
        """The answers to a search that ended with code 0; raises the error that names the case otherwise."""
        self.send(base, text, attributes, **more)
        self.judge()
        return self.answers()

    def answers(self) -> list[Answer]:
        """The answers to the last search. Raises ReferralError when a part of the people lives elsewhere."""
        answers: list[Answer] = self._connection.response or []
        if any(answer["type"] == "searchResRef" for answer in answers):
            if not all(self._is_harmless(a) for a in answers if a["type"] == "searchResRef"):
                raise errors.ReferralError
            answers = [answer for answer in answers if answer["type"] != "searchResRef"]
        return answers

    def entry(self, dn: str, attributes: list[str], text: str = ANYTHING) -> Attributes | None:
        """One entry's attributes; None when it is not there or not shown."""
        code = self.send(dn, text, attributes, search_scope=BASE)
        if code != NO_SUCH_OBJECT:
            self.judge()
        rows = self.answers()
        return rows[0]["raw_attributes"] if rows and code == 0 else None

    def check_base(self, base: str) -> None:
        """A misspelt or hidden base must not look like a directory without people."""
        if not self.search(base, ANYTHING, ["1.1"], search_scope=BASE):
            raise errors.NoSuchBaseError

    @property
    def result(self) -> dict[str, Any]:
        """The result of the last search, with its controls."""
        result: dict[str, Any] = self._connection.result
        return result

    def judge(self, *, binding: bool = False) -> None:
        """Raises unless the last result code is 0."""
        code = int(self.result["result"])
        if code == 0:
            return
        if binding and code in _BAD_CREDENTIALS:
            raise errors.CredentialsRefusedError(result=self.result["description"])
        known = _BY_RESULT.get(code)
        if known is None:
            raise errors.UnexpectedAnswerError(result=f"{code} {self.result['description']}")
        raise known(count=self.count)

    def bind(self) -> None:
        self._connection.bind()
        self.judge(binding=True)

    def start_tls(self, tls: "VerifyingTls") -> None:
        """Asks for TLS (RFC 4511, 4.14) before anything secret is sent."""
        self._connection.extended(_START_TLS)
        if self.result["result"] != 0:
            raise errors.StartTlsRefusedError
        tls.wrap_socket(self._connection, do_handshake=True)

    def _is_harmless(self, reference: Answer) -> bool:
        return self._active_directory and all(
            any(part in uri.casefold() for part in _PARTS_WITHOUT_PEOPLE) for uri in reference["uri"]
        )


@contextmanager
def connect(settings: DirectorySettings) -> Iterator[Link]:
    """A bound connection, closed at the end; every ldap3 error inside is translated."""
    connection: Connection | None = None
    link: Link | None = None
    limit = answer_seconds(settings)
    try:
        secure = settings.url.lower().startswith("ldaps:")
        tls = VerifyingTls(settings) if secure or settings.start_tls else None
        # Without the server's schema ldap3 does not check names itself; the server's own answer is what counts.
        server = Server(settings.url, get_info=NONE, connect_timeout=limit, tls=tls if secure else None)
        connection = Connection(
            server,
            user=settings.bind_dn or None,
            password=settings.password or None,
            client_strategy=SYNC,
            auto_referrals=False,
            auto_range=False,
            return_empty_attributes=False,
            check_names=False,
            read_only=True,
            receive_timeout=limit,
        )
        link = Link(connection, settings)
        connection.open()
        if tls is not None and not secure:
            link.start_tls(tls)
        link.bind()
        yield link
    except (LDAPExceptionError, OSError) as error:
        raise _translated(error, link.count if link else 0, limit) from error
    finally:
        if connection is not None:
            _close(connection)


def answer_seconds(settings: DirectorySettings) -> int:
    """The limit of one answer; ldap3 packs it as whole seconds."""
    return math.ceil(settings.timeout_seconds)


class VerifyingTls(Tls):
    """TLS checked by Python's own context (chain and host name), with the centre's private CA when one is set."""

    def __init__(self, settings: DirectorySettings) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        try:
            self._context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise errors.TlsFailedError from error

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=connection.server.host, do_handshake_on_connect=do_handshake
        )


def _close(connection: Connection) -> None:
    with suppress(LDAPExceptionError, OSError):
        connection.unbind()
    # After a connect or handshake that failed, ldap3 forgets to close its socket.
    if connection.socket is not None:
        connection.socket.close()


def _translated(error: Exception, count: int, limit: float) -> DirectoryReadError:
    causes = list(_causes(error))
    if any(isinstance(c, LDAPInvalidFilterError | LDAPInvalidDnError | LDAPObjectClassError) for c in causes):
        return errors.FilterSyntaxError()
    if any(isinstance(c, TimeoutError | BlockingIOError | LDAPResponseTimeoutError) for c in causes):
        return errors.AnswerTimeoutError(seconds=limit)
    if any(isinstance(c, ssl.SSLError) for c in causes) and not count:
        return errors.TlsFailedError()
    if any(isinstance(c, LDAPSocketOpenError) for c in causes) and not count:
        return errors.UnreachableError()
    return errors.CutOffError(count=count)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that ldap3 keeps in its history of tried addresses."""
    yield error
    for argument in error.args:
        for attempt in argument if isinstance(argument, list) else ():
            yield from (part for part in attempt if isinstance(part, BaseException))
