"""The HR directory over LDAP (ldap3): a reading is returned only when it is provably complete.

ldap3 reports partial answers as success (size limit, time limit, references), so every page is judged here by hand:
result code 0, an empty last cookie, no reference dropped. Nothing else in this product imports ldap3.
"""

import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from ldap3 import BASE, LEVEL, NONE, SUBTREE, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import (
    LDAPExceptionError,
    LDAPInvalidDnError,
    LDAPInvalidFilterError,
    LDAPObjectClassError,
    LDAPResponseTimeoutError,
    LDAPSocketOpenError,
)

from connector.adapters.ldap_rows import changed_attribute, mapped_attributes, parse_rows
from connector.departures import errors
from connector.ports import CursorLostError, DirectoryChanges, DirectoryProbe, DirectoryReadError, DirectoryReading
from connector.settings import DirectorySettings

_PAGED_RESULTS = "1.2.840.113556.1.4.319"
_ANSWERS_PER_READ = 60  # A whole read may last this many times the limit of one answer.
_BAD_CREDENTIALS = frozenset({7, 8, 13, 48, 49, 53})


class LdapDirectory:
    """`Directory` of ports.py on a real server. Opens one connection per call; keeps none."""

    def __init__(self, settings: DirectorySettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic

    def read(self) -> DirectoryReading:
        """Reads everybody below the base, by pages. Raises the error of departures.errors that names the case."""
        started, read_at = self._monotonic(), datetime.now(UTC)
        rows: list[dict[str, Any]] = []
        with self._connected(rows) as connection:
            self._read_base(connection)
            for page in self._pages(connection, deadline=started + _ANSWERS_PER_READ * self._limit):
                rows.extend(page)
            if not rows:
                self._refuse_empty(connection)
        whole = [(row["dn"], row["raw_attributes"]) for row in rows]
        entries, quarantined = parse_rows(whole, self._settings, now=read_at)
        return DirectoryReading(
            entries=entries, quarantined=quarantined, read_at=read_at, seconds=self._monotonic() - started
        )

    def changes(self, cursor: str) -> DirectoryChanges:
        """What changed since `cursor`; no cursor is kept yet, so only a whole read will do."""
        raise CursorLostError

    def probe(self) -> DirectoryProbe:
        """Looks at schema and some entries."""
        raise NotImplementedError

    def check(self) -> str:
        """Connects, binds and reads the base entry; one line for `doctor`."""
        with self._connected([]) as connection:
            self._read_base(connection)
        return f"{self._settings.url}, base {self._settings.base}, as {self._settings.bind_dn or 'anonymous'}"

    @property
    def _limit(self) -> int:
        """ldap3 packs the limit as whole seconds."""
        return math.ceil(self._settings.timeout_seconds)

    def _server(self) -> Server:
        secure = self._settings.url.lower().startswith("ldaps:")
        # Without the server's schema ldap3 does not check names itself; the server's own answer is what counts.
        return Server(
            self._settings.url,
            get_info=NONE,
            connect_timeout=self._limit,
            tls=_VerifyingTls(self._settings) if secure else None,
        )

    @contextmanager
    def _connected(self, rows: list[dict[str, Any]]) -> Iterator[Connection]:
        """A bound connection; every ldap3 error inside is translated, `rows` tells how far the read had come."""
        connection: Connection | None = None
        try:
            connection = Connection(
                self._server(),
                user=self._settings.bind_dn or None,
                password=self._settings.password or None,
                client_strategy=SYNC,
                auto_referrals=False,
                auto_range=False,
                check_names=False,
                read_only=True,
                receive_timeout=self._limit,
            )
            connection.open()
            connection.bind()
            self._judge(connection.result, binding=True)
            yield connection
        except (LDAPExceptionError, OSError) as error:
            raise self._translated(error, rows) from error
        finally:
            if connection is not None:
                _close(connection)

    def _read_base(self, connection: Connection) -> None:
        """A misspelt or hidden base must not look like a directory without people."""
        connection.search(self._settings.base, "(objectClass=*)", search_scope=BASE, attributes=["1.1"])
        self._judge(connection.result)
        if not connection.response:
            raise errors.NoSuchBaseError
        _refuse_references(connection.response)

    def _pages(self, connection: Connection, *, deadline: float) -> Iterator[list[dict[str, Any]]]:
        settings, cookie, count = self._settings, None, 0
        names = {name for _, name in mapped_attributes(settings)}
        while True:
            connection.search(
                settings.base,
                settings.filter,
                search_scope=SUBTREE,
                attributes=sorted(names | {changed_attribute(settings)}),
                paged_size=settings.page_size,
                paged_criticality=True,
                paged_cookie=cookie,
            )
            page = connection.response or []
            count += len(page)
            self._judge(connection.result, count)
            _refuse_references(page)
            yield page
            cookie = _next_cookie(connection.result)
            if not cookie:
                return
            if self._monotonic() > deadline:
                raise errors.AnswerTimeoutError(seconds=_ANSWERS_PER_READ * self._limit)

    def _refuse_empty(self, connection: Connection) -> NoReturn:
        """Tells a directory without entries from a filter that selects none; LDAP calls both success."""
        connection.search(self._settings.base, "(objectClass=*)", search_scope=LEVEL, attributes=["1.1"], size_limit=1)
        raise errors.FilterMatchesNothingError if connection.response else errors.EmptyDirectoryError

    def _judge(self, result: dict[str, Any], count: int = 0, *, binding: bool = False) -> None:
        """Raises unless the result code is 0."""
        code = int(result["result"])
        if code == 0:
            return
        if binding and code in _BAD_CREDENTIALS:
            raise errors.CredentialsRefusedError(result=result["description"])
        known = _BY_RESULT.get(code)
        if known is None:
            raise errors.UnexpectedAnswerError(result=f"{code} {result['description']}")
        raise known(count=count)

    def _translated(self, error: Exception, rows: list[dict[str, Any]]) -> DirectoryReadError:
        causes = list(_causes(error))
        if any(isinstance(c, LDAPInvalidFilterError | LDAPInvalidDnError | LDAPObjectClassError) for c in causes):
            return errors.FilterSyntaxError()
        if any(isinstance(c, TimeoutError | BlockingIOError | LDAPResponseTimeoutError) for c in causes):
            return errors.AnswerTimeoutError(seconds=self._limit)
        if any(isinstance(c, ssl.SSLError) for c in causes):
            return errors.TlsFailedError()
        if any(isinstance(c, LDAPSocketOpenError) for c in causes) and not rows:
            return errors.UnreachableError()
        return errors.CutOffError(count=len(rows))


class _VerifyingTls(Tls):
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


_BY_RESULT: dict[int, type[DirectoryReadError]] = {
    3: errors.TimeLimitError,
    4: errors.SizeLimitError,
    10: errors.ReferralError,
    11: errors.AdministrativeLimitError,
    12: errors.PagingRefusedError,
    32: errors.NoSuchBaseError,
    34: errors.FilterSyntaxError,
    50: errors.InsufficientAccessError,
}


def _next_cookie(result: dict[str, Any]) -> bytes:
    """The cookie of the next page, empty after the last; no control in the answer means that nothing was paged."""
    control = (result.get("controls") or {}).get(_PAGED_RESULTS)
    if control is None:
        raise errors.PagingRefusedError
    return bytes(control["value"]["cookie"] or b"")


def _refuse_references(page: list[dict[str, Any]]) -> None:
    if any(row["type"] != "searchResEntry" for row in page):
        raise errors.ReferralError


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that ldap3 keeps in its history of tried addresses."""
    yield error
    for argument in error.args:
        for attempt in argument if isinstance(argument, list) else ():
            yield from (part for part in attempt if isinstance(part, BaseException))
