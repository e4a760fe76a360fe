"""Rows are decoded as they were encoded, and never when their parts do not fit; answers come in any pieces."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.core.exceptions import LDAPSocketReceiveError
from ldap3.strategy.base import RESPONSE_COMPLETE, SESSION_TERMINATED_BY_SERVER

from connector.adapters.ldap_wire import Names, RowReceiver, decode_row

ROW, DONE, REFERENCE = 0x64, 0x65, 0x73
DONE_WELL = b"\x0a\x01\x00\x04\x00\x04\x00"
Attributes = dict[str, list[bytes]]


def element(tag: int, content: bytes) -> bytes:
    """One BER element of definite length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def row(dn: str, attributes: Attributes) -> bytes:
    parts = b"".join(
        element(0x30, element(4, name.encode()) + element(0x31, b"".join(element(4, v) for v in values)))
        for name, values in attributes.items()
    )
    return element(ROW, element(4, dn.encode()) + element(0x30, parts))


def message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    return element(0x30, element(2, bytes((number,))) + operation + controls)


attributes = st.dictionaries(
    st.text("abcdefgh;=", min_size=1, max_size=8), st.lists(st.binary(max_size=300), max_size=4), max_size=5
)


@given(dn=st.text(st.characters(codec="utf-8"), max_size=200), values=attributes)
def test_decode_row_gives_what_was_encoded(dn: str, values: Attributes) -> None:
    whole = row(dn, values)
    assert decode_row(whole, 0, Names(())) == (dn, values, len(whole))


@given(values=attributes, cut=st.integers(1, 50))
def test_decode_row_cut_short_is_refused(values: Attributes, cut: int) -> None:
    whole = row("cn=a", values | {"cn": [b"wang"]})
    with pytest.raises(LDAPSocketReceiveError):
        decode_row(whole[:-cut], 0, Names(()))


def test_decode_row_with_any_length_changed_gives_no_other_value_silently() -> None:
    whole = row("someone", {"cn": [b"wang", b"li"], "sn": [b"w"]})  # no byte of a text looks like a tag
    honest = decode_row(whole, 0, Names(()))
    lengths = [at + 1 for at in range(len(whole) - 1) if whole[at] in (ROW, 0x30, 0x31, 4) and whole[at + 1] < 0x40]
    believed = 0
    for at in lengths:
        changed = bytearray(whole)
        changed[at] += 1
        try:
            believed += decode_row(bytes(changed), 0, Names(())) != honest
        except LDAPSocketReceiveError:
            continue
    assert believed == 0


def test_decode_row_whose_parts_reach_over_one_another_is_refused() -> None:
    kind, inner = element(4, b"cn"), element(0x30, element(4, b"sn") + element(0x31, element(4, b"w")))
    more_than_a_set = element(0x30, kind + element(0x31, element(4, b"a")) + inner)
    value_beyond_its_set = element(0x30, kind + b"\x31\x02" + element(4, b"abcde"))
    for part in (more_than_a_set, value_beyond_its_set):
        with pytest.raises(LDAPSocketReceiveError):
            decode_row(element(ROW, element(4, b"cn=a") + element(0x30, part)), 0, Names(()))


def test_name_attributes_as_they_were_asked_for() -> None:
    names = Names(["employeeNumber", "member;range=0-9"])
    assert [names[n] for n in (b"EMPLOYEENUMBER", b"employeenumber", b"Member;Range=0-9", b"sn")] == [
        "employeeNumber",
        "employeeNumber",
        "member;range=0-9",
        "sn",
    ]


class OneConnection:
    """As much of an ldap3 connection as the receiver touches."""

    def __init__(self, end: Any) -> None:
        self.socket, self.strategy = end, self

    def decode_response_fast(self, decoded: dict[str, Any]) -> dict[str, Any]:
        return {"type": decoded["protocolOp"], "controls": decoded["controls"] and {"there": True}}


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Any]]:
    near, far = socket.socketpair()
    with near, far:
        receiver = RowReceiver(OneConnection(near))  # type: ignore[arg-type]
        receiver.expect(["cn"])
        yield far, receiver


def receive(ends: tuple[socket.socket, Any], *pieces: bytes) -> Any:
    far, receiver = ends
    for piece in pieces:
        far.sendall(piece)
    far.shutdown(socket.SHUT_WR)
    return receiver._receive(7, None)


class SevenBytesAtATime:
    """A connection on which an answer comes in small pieces."""

    def __init__(self, stream: bytes) -> None:
        self._pieces = iter([stream[at : at + 7] for at in range(0, len(stream), 7)])

    def recv(self, _size: int) -> bytes:
        return next(self._pieces, b"")


def test_receive_answers_in_small_pieces_gives_them_whole() -> None:
    people = [row(f"cn=p{n}", {"CN": [str(n).encode() * 200]}) for n in range(300)]
    stream = b"".join(message(7, person) for person in people) + message(7, element(DONE, DONE_WELL))
    receiver = RowReceiver(OneConnection(SevenBytesAtATime(stream)))  # type: ignore[arg-type]
    receiver.expect(["cn"])
    answers: Any = receiver._receive(7, None)
    assert [answer["dn"] for answer in answers[:-2]] == [f"cn=p{n}" for n in range(300)]
    assert answers[17]["raw_attributes"] == {"cn": [b"17" * 200]}
    assert answers[-1] == RESPONSE_COMPLETE


def test_receive_row_with_controls_keeps_them(ends: tuple[socket.socket, Any]) -> None:
    controls = element(0xA0, element(0x30, element(4, b"1.2.3")))
    with_controls = message(7, row("cn=a", {"cn": [b"a"]}), controls)
    answers = receive(ends, with_controls, message(7, element(DONE, DONE_WELL)))
    assert answers[0]["controls"] == {"there": True}


def test_receive_answer_cut_off_by_the_server_is_no_answer(ends: tuple[socket.socket, Any]) -> None:
    whole = message(7, row("cn=a", {"cn": [b"a"]}))
    assert receive(ends, whole, whole[:-3]) == SESSION_TERMINATED_BY_SERVER


def test_receive_notice_of_disconnection_is_no_answer(ends: tuple[socket.socket, Any]) -> None:
    notice = message(0, element(0x78, DONE_WELL))
    assert receive(ends, message(7, row("cn=a", {})), notice) == SESSION_TERMINATED_BY_SERVER


def test_receive_answer_to_another_request_is_refused(ends: tuple[socket.socket, Any]) -> None:
    with pytest.raises(LDAPSocketReceiveError):
        receive(ends, message(8, row("cn=a", {})))


def test_receive_more_than_the_answer_is_refused(ends: tuple[socket.socket, Any]) -> None:
    """What follows the end of an answer unasked could have been put there before TLS began."""
    with pytest.raises(LDAPSocketReceiveError):
        receive(ends, message(7, element(DONE, DONE_WELL)) + message(7, element(DONE, DONE_WELL)))
