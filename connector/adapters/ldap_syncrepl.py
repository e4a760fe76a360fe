"""Follows changes of OpenLDAP by content synchronization (RFC 4533, refreshOnly with a cookie).

Only an answer of the delete phase is one of changes. In the present phase the server no longer knows what was
deleted and lists who is left: read as changes it would be wrong, so it loses the cursor.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Any

from ldap3 import BASE, DEREF_NEVER
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import namedtype, tag, univ

from connector.adapters.ldap_connection import ANYTHING, Link
from connector.adapters.ldap_follow import Delta
from connector.adapters.ldap_pages import read_attributes
from connector.adapters.ldap_wire import Answer
from connector.departures import errors
from connector.ports import CursorLostError
from connector.settings import DirectorySettings

REQUEST = "1.3.6.1.4.1.4203.1.9.1.1"
_STATE, _DONE, _INFO = "1.3.6.1.4.1.4203.1.9.1.2", "1.3.6.1.4.1.4203.1.9.1.3", "1.3.6.1.4.1.4203.1.9.1.4"
_PRESENT, _DELETE = 0, 3  # states of an entry; 1 is added, 2 is modified
_REFRESH_REQUIRED = 4096
# Size limit (changes are not paged, a whole read is), no such control here any more, a cookie from before a restore.
_LOST = frozenset({4, 12, 53})


class SyncReplication:
    """Positions are the server's cookies, base64."""

    way = "syncrepl"

    def __init__(self) -> None:
        # A server whose log of deletions is missing or too short would lose each next cursor too.
        self._log_is_short = False

    def start(self, link: Link, settings: DirectorySettings, now: datetime) -> str:  # noqa: ARG002  as Follower
        """The server's cookie of now; "" when the database is not replicated so.

        Where the account may not read entryCSN, no change would ever be shown, so that is looked at first.
        """
        if self._log_is_short:
            return ""
        code = _ask(link, settings.base, ANYTHING, ["entryCSN"], b"", search_scope=BASE)
        rows = link.answers() if code == 0 else []
        if not rows or not rows[0]["raw_attributes"].get("entryCSN"):
            return ""
        cookie, _ = _done(link.result)
        return urlsafe_b64encode(cookie).decode("ascii") if cookie else ""

    def changes(self, link: Link, settings: DirectorySettings, position: str, now: datetime) -> Delta:  # noqa: ARG002
        """Everybody whose entry was added, changed or renamed since, and the number of the deleted."""
        code = _ask(link, settings.base, settings.filter, read_attributes(settings), _cookie(position))
        if code in _LOST:
            raise CursorLostError
        if code == _REFRESH_REQUIRED:
            self._log_is_short = True
            raise CursorLostError
        link.judge()
        cookie, is_delete_phase = _done(link.result)
        answers = link.answers()
        if not is_delete_phase or any(_lists_present(answer) for answer in answers):
            self._log_is_short = True
            raise CursorLostError
        if cookie == b"":  # The server did not understand the old one, and told everything.
            raise CursorLostError
        rows = [(a["dn"], a["raw_attributes"]) for a in answers if _is_row(a) and _state(a) != _DELETE]
        gone = sum(_count_deleted(a) for a in answers)
        # A server with nothing to tell sends no cookie: the old one stays.
        return Delta(rows, gone, urlsafe_b64encode(cookie).decode("ascii") if cookie else position)


def _ask(link: Link, base: str, text: str, attributes: list[str], cookie: bytes, **more: Any) -> int:
    """Sends the search; aliases must not be followed with this control."""
    request = univ.Sequence()
    request.setComponentByPosition(0, univ.Enumerated(1))  # refreshOnly
    if cookie:
        request.setComponentByPosition(1, univ.OctetString(cookie))
    control = (REQUEST, True, encoder.encode(request))
    return link.send(base, text, attributes, controls=[control], dereference_aliases=DEREF_NEVER, **more)


def _cookie(position: str) -> bytes:
    try:
        cookie = urlsafe_b64decode(position)
    except (Base64Error, ValueError):
        raise CursorLostError from None
    if not cookie:
        raise CursorLostError
    return cookie


def _state(row: Answer) -> int:
    control = row.get("controls", {}).get(_STATE)
    if control is None:
        raise errors.UnexpectedAnswerError(result="no sync state")
    return int(_decode(control["value"], univ.Sequence())[0])


def _done(result: dict[str, Any]) -> tuple[bytes | None, bool]:
    """(cookie or none, whether this was the delete phase) of the Sync Done control."""
    control = (result.get("controls") or {}).get(_DONE)
    if control is None or not control["value"]:
        raise CursorLostError
    done = _decode(control["value"], _SyncDone())
    cookie = done["cookie"]
    return bytes(cookie) if cookie.hasValue() else None, bool(done["refreshDeletes"])


def _is_row(answer: Answer) -> bool:
    return bool(answer["type"] == "searchResEntry")


def _lists_present(answer: Answer) -> bool:
    """Whether it tells who is still there, of whom nothing may be concluded about the others."""
    if _is_row(answer):
        return _state(answer) == _PRESENT
    info = _info(answer)
    kind = info.getName()
    return kind == "refreshPresent" or (kind == "syncIdSet" and not bool(info["syncIdSet"]["refreshDeletes"]))


def _count_deleted(answer: Answer) -> int:
    if _is_row(answer):
        return int(_state(answer) == _DELETE)
    info = _info(answer)
    return len(info["syncIdSet"]["syncUUIDs"]) if info.getName() == "syncIdSet" else 0


def _info(answer: Answer) -> Any:
    """The Sync Info message that an intermediate answer holds."""
    if answer.get("responseName") != _INFO or not answer.get("responseValue"):
        raise errors.UnexpectedAnswerError(result="an unknown intermediate answer")
    return _decode(answer["responseValue"], _SyncInfo())


def _decode(value: bytes, spec: Any) -> Any:
    try:
        return decoder.decode(value, asn1Spec=spec)[0]
    except PyAsn1Error:
        raise errors.UnexpectedAnswerError(result="a malformed sync control") from None


def _tagged(part: Any, number: int, form: int) -> Any:
    return part.subtype(implicitTag=tag.Tag(tag.tagClassContext, form, number))


_COOKIE = namedtype.OptionalNamedType("cookie", univ.OctetString())


class _SyncDone(univ.Sequence):
    componentType = namedtype.NamedTypes(_COOKIE, namedtype.DefaultedNamedType("refreshDeletes", univ.Boolean(False)))


class _Refresh(univ.Sequence):
    componentType = namedtype.NamedTypes(_COOKIE, namedtype.DefaultedNamedType("refreshDone", univ.Boolean(True)))


class _IdSet(univ.Sequence):
    componentType = namedtype.NamedTypes(
        _COOKIE,
        namedtype.DefaultedNamedType("refreshDeletes", univ.Boolean(False)),
        namedtype.NamedType("syncUUIDs", univ.SetOf(componentType=univ.OctetString())),
    )


class _SyncInfo(univ.Choice):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("newcookie", _tagged(univ.OctetString(), 0, tag.tagFormatSimple)),
        namedtype.NamedType("refreshDelete", _tagged(_Refresh(), 1, tag.tagFormatConstructed)),
        namedtype.NamedType("refreshPresent", _tagged(_Refresh(), 2, tag.tagFormatConstructed)),
        namedtype.NamedType("syncIdSet", _tagged(_IdSet(), 3, tag.tagFormatConstructed)),
    )
