"""Receives the answers of an ldap3 connection and decodes rows by hand; everything that is no row is left to ldap3.

ldap3 decodes each value three times and in dictionaries that fold case, which is nine tenths of the time of a whole
read. Here a row is decoded once, its values stay bytes, and its attributes are named as they were asked for. Nothing
is guessed: a row whose lengths do not fit into each other ends the read.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ldap3 import Connection
from ldap3.core.exceptions import LDAPSocketReceiveError
from ldap3.strategy.base import RESPONSE_COMPLETE, SESSION_TERMINATED_BY_SERVER
from ldap3.utils.asn1 import decode_message_fast

Answer = dict[str, Any]  # ldap3's form: "type", and for rows "dn", "raw_attributes", with controls also "controls"

_decode: Callable[[bytes], Any] = decode_message_fast
_CHUNK = 65_536
_INTEGER, _OCTETS, _SEQUENCE, _SET = 0x02, 0x04, 0x30, 0x31
_ROW, _REFERENCE, _INTERMEDIATE = 0x64, 0x73, 0x79  # application tags of the answers that do not end a request
_GOES_ON = frozenset({_ROW, _REFERENCE, _INTERMEDIATE})


class RowReceiver:
    """Takes the place of the receiving side of one connection's strategy."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names = Names(())
        self._unread = 0  # bytes that came behind the last message
        connection.strategy._get_response = self._receive

    def expect(self, attributes: Iterable[str]) -> None:
        """The rows to come are asked for these attributes."""
        self._names = Names(attributes)

    def _receive(self, message_id: int, _timeout: float | None) -> list[Any] | str:
        """All answers to one request, in the form that ldap3 expects here."""
        answers: list[Any] = []
        for message in self._messages():
            number, tag, at = _head(message)
            if number == 0:  # A notice of disconnection (RFC 4511, 4.4.1).
                break
            if number != message_id:
                raise LDAPSocketReceiveError("an answer to another request")
            answers.append(self._row(message, at) if tag == _ROW else self._decoded(message))
            if tag not in _GOES_ON:
                if self._unread:  # Nobody asked for more; before TLS it could have been put there by somebody else.
                    raise LDAPSocketReceiveError("more than the answer")
                answers.append(RESPONSE_COMPLETE)
                return answers
        return str(SESSION_TERMINATED_BY_SERVER)

    def _messages(self) -> Iterator[bytes]:
        """Whole messages as they come; ends when the server closes the connection."""
        held = b""
        while data := self._connection.socket.recv(_CHUNK):
            held += data
            at, end = 0, _end_of_message(held, 0)
            while end is not None and end <= len(held):
                self._unread = len(held) - end
                yield held[at:end]
                at, end = end, _end_of_message(held, end)
            held = held[at:]

    def _row(self, message: bytes, at: int) -> Answer:
        dn, attributes, end = decode_row(message, at, self._names)
        row = {"type": "searchResEntry", "dn": dn, "raw_attributes": attributes}
        if end < len(message):
            row["controls"] = self._decoded(message)["controls"]
        return row

    def _decoded(self, message: bytes) -> Answer:
        answer: Answer = self._connection.strategy.decode_response_fast(_decode(message))
        return answer


class Names(dict[bytes, str]):
    """Attribute names as they were asked for, by those that the server writes: LDAP's have no case."""

    def __init__(self, asked: Iterable[str]) -> None:
        super().__init__()
        self._asked = {name.casefold(): name for name in asked}

    def __missing__(self, written: bytes) -> str:
        text = written.decode("utf-8", "replace")
        self[written] = name = self._asked.get(text.casefold(), text)
        return name


def decode_row(message: bytes, at: int, names: Names) -> tuple[str, dict[str, list[bytes]], int]:
    """(DN, values by attribute, where the row ends) of the SearchResultEntry (RFC 4511, 4.5.2) at `at`.

    Raises LDAPSocketReceiveError when its parts do not fill one another exactly.
    """
    attributes: dict[str, list[bytes]] = {}
    begin, row_end = _span(message, at, _ROW)
    begin, end = _span(message, begin, _OCTETS)
    dn = message[begin:end].decode("utf-8", "replace")
    at, list_end = _span(message, end, _SEQUENCE)
    while at < list_end:
        begin, attribute_end = _span(message, at, _SEQUENCE)
        begin, end = _span(message, begin, _OCTETS)
        name = names[message[begin:end]]
        at, set_end = _span(message, end, _SET)
        values = []
        while at < set_end:
            begin, at = _span(message, at, _OCTETS)
            values.append(message[begin:at])
        if at != set_end or at != attribute_end:
            raise LDAPSocketReceiveError("a malformed answer")
        attributes[name] = values
    if at != list_end or at != row_end or at > len(message):
        raise LDAPSocketReceiveError("a malformed answer")
    return dn, attributes, row_end


def _span(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of the BER element at `at`, which must bear this tag, begins and ends."""
    try:
        found, length = data[at], data[at + 1]
    except IndexError:
        raise LDAPSocketReceiveError("a malformed answer") from None
    if found != tag:
        raise LDAPSocketReceiveError("a malformed answer")
    begin = at + 2
    if length > 0x7F:
        end = begin + (length & 0x7F)
        length, begin = int.from_bytes(data[begin:end], "big"), end
    return begin, begin + length


def _head(message: bytes) -> tuple[int, int, int]:
    """(message id, tag of the operation, where it stands)."""
    begin, _ = _span(message, 0, _SEQUENCE)
    begin, end = _span(message, begin, _INTEGER)
    if end >= len(message):
        raise LDAPSocketReceiveError("a malformed answer")
    return int.from_bytes(message[begin:end], "big"), message[end], end


def _end_of_message(data: bytes, at: int) -> int | None:
    """Where the message at `at` ends; None while too little has come to tell."""
    if len(data) < at + 2 or len(data) < at + 2 + (data[at + 1] & 0x7F if data[at + 1] > 0x7F else 0):
        return None
    return _span(data, at, _SEQUENCE)[1]
