"""Cursors, sync answers, ranges and schemas: what is read of a directory besides its people."""

from typing import Any

import pytest

from connector.adapters import ldap_connection, ldap_group, ldap_schema, ldap_syncrepl
from connector.adapters.ldap_cursor import make_cursor, open_cursor
from connector.departures import errors
from connector.ports import CursorLostError
from connector.settings import DirectorySettings

SETTINGS = DirectorySettings(url="ldap://one", base="dc=example,dc=cn")
NOBODY: frozenset[str] = frozenset()


def test_open_cursor_gives_way_and_position_as_they_were() -> None:
    cursor = make_cursor(SETTINGS, NOBODY, "usn", "abc/5:7")
    assert open_cursor(SETTINGS, NOBODY, cursor) == ("usn", "abc/5:7")
    assert cursor.startswith("1:openldap:usn:")


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ldap://two"},
        {"base": "dc=cn"},
        {"filter": "(uid=*)"},
        {"key_attribute": "uid"},
        {"status_attribute": "employeeStatus"},
        {"unit_attribute": ""},
        {"document_attribute": "idCard"},
        {"departed_values": ("gone",)},
        {"departed_base": "ou=left,dc=example,dc=cn"},
        {"departed_group": "cn=left,dc=example,dc=cn"},
        {"kind": "unboundid"},
    ],
)
def test_open_cursor_of_another_mapping_is_lost(change: dict[str, Any]) -> None:
    cursor = make_cursor(SETTINGS, NOBODY, "usn", "5")
    with pytest.raises(CursorLostError):
        open_cursor(SETTINGS.model_copy(update=change), NOBODY, cursor)


def test_open_cursor_of_another_group_of_leavers_is_lost() -> None:
    cursor = make_cursor(SETTINGS, frozenset({"cn=a", "cn=b"}), "usn", "5")
    assert open_cursor(SETTINGS, frozenset({"cn=b", "cn=a"}), cursor) == ("usn", "5")
    with pytest.raises(CursorLostError):
        open_cursor(SETTINGS, frozenset({"cn=a"}), cursor)


def test_open_cursor_of_another_version_is_lost() -> None:
    cursor = make_cursor(SETTINGS, NOBODY, "usn", "5")
    with pytest.raises(CursorLostError):
        open_cursor(SETTINGS, NOBODY, "2" + cursor[1:])


class OneAnswer:
    """A link that gives one answer to a sync request."""

    def __init__(self, done: bytes | None, *answers: dict[str, Any], code: int = 0) -> None:
        controls = {} if done is None else {ldap_syncrepl._DONE: {"value": done}}
        self.result = {"result": code, "controls": controls}
        self._answers, self._code = list(answers), code

    def send(self, *_: Any, **__: Any) -> int:
        return self._code

    def answers(self) -> list[dict[str, Any]]:
        return self._answers

    def judge(self) -> None:
        if self._code:
            raise errors.UnexpectedAnswerError(result=str(self._code))


DELETE_PHASE, PRESENT_PHASE = b"\x30\x06\x04\x01c\x01\x01\xff", b"\x30\x03\x04\x01c"
NOTHING_NEW, NOT_UNDERSTOOD = b"\x30\x03\x01\x01\xff", b"\x30\x05\x04\x00\x01\x01\xff"


def changed(state: int, dn: str = "uid=a") -> dict[str, Any]:
    value = bytes((0x30, 21, 0x0A, 1, state, 4, 16)) + bytes(16)
    controls = {ldap_syncrepl._STATE: {"value": value}}
    return {"type": "searchResEntry", "dn": dn, "raw_attributes": {"uid": [b"a"]}, "controls": controls}


def listed(tag: int, deletes: bool, count: int = 2) -> dict[str, Any]:
    """A Sync Info message: 0xA3 is a syncIdSet, 0xA2 refreshPresent, 0x80 a new cookie."""
    uuids = b"".join(b"\x04\x10" + bytes([n]) * 16 for n in range(count))
    sets = (b"\x01\x01\xff" if deletes else b"") + bytes((0x31, len(uuids))) + uuids
    content = sets if tag == 0xA3 else b"c" if tag == 0x80 else b""
    value = bytes((tag, len(content))) + content
    return {"type": "intermediateResponse", "responseName": ldap_syncrepl._INFO, "responseValue": value}


def follow(link: OneAnswer, position: str = "Yw==") -> Any:
    follower = ldap_syncrepl.SyncReplication()
    return follower.changes(link, SETTINGS, position, None)  # type: ignore[arg-type]


def test_follow_delete_phase_gives_rows_and_counts_the_gone() -> None:
    answers = [changed(1, "uid=a"), changed(2, "uid=b"), changed(3, "uid=c"), listed(0xA3, True), listed(0x80, False)]
    delta = follow(OneAnswer(DELETE_PHASE, *answers))
    assert ([dn for dn, _ in delta.rows], delta.gone, delta.position) == (["uid=a", "uid=b"], 3, "Yw==")


def test_follow_without_news_keeps_the_old_position() -> None:
    delta = follow(OneAnswer(NOTHING_NEW), "b2xk")
    assert (delta.rows, delta.gone, delta.position) == ([], 0, "b2xk")


@pytest.mark.parametrize(
    "link",
    [
        OneAnswer(PRESENT_PHASE, changed(1)),
        OneAnswer(DELETE_PHASE, listed(0xA3, False)),
        OneAnswer(DELETE_PHASE, listed(0xA2, False)),
        OneAnswer(DELETE_PHASE, changed(0)),
        OneAnswer(NOT_UNDERSTOOD, changed(1)),
        OneAnswer(None),
        *[OneAnswer(None, code=code) for code in (4, 12, 53, 4096)],
    ],
)
def test_follow_answer_that_is_not_of_changes_loses_the_cursor(link: OneAnswer) -> None:
    with pytest.raises(CursorLostError):
        follow(link)


@pytest.mark.parametrize("position", ["", "=", "not base64!"])
def test_follow_from_no_cookie_loses_the_cursor(position: str) -> None:
    with pytest.raises(CursorLostError):
        follow(OneAnswer(DELETE_PHASE), position)


def test_follow_malformed_or_other_answers_are_refused() -> None:
    for link in (
        OneAnswer(b"\x30\x7f\x04", changed(1)),
        OneAnswer(DELETE_PHASE, {"type": "intermediateResponse", "responseName": "1.2.3", "responseValue": b"x"}),
        OneAnswer(DELETE_PHASE, {"type": "searchResEntry", "dn": "", "raw_attributes": {}}),
        OneAnswer(DELETE_PHASE, code=51),
    ):
        with pytest.raises(errors.UnexpectedAnswerError):
            follow(link)


class OneGroup:
    """A link to a directory that gives at most `most` values at once, whatever it is asked for."""

    def __init__(self, count: int, most: int, *, ends: bool = True) -> None:
        self.members = [f"cn={n}".encode() for n in range(count)]
        self.most, self.ends = most, ends

    def entry(self, _dn: str, names: list[str]) -> dict[str, list[bytes]]:
        first, last = (int(part) for part in names[0].partition(";range=")[2].split("-"))
        some = self.members[first : min(last + 1, first + self.most)]
        if not some:
            return {}
        end = first + len(some)
        bound = "*" if end == len(self.members) and self.ends else str(end - 1)
        return {"member": [], f"Member;range={first}-{bound}": some}


@pytest.mark.parametrize(("count", "most"), [(0, 5), (1, 5), (5, 5), (6, 5), (23, 5), (3000, 1500), (3001, 1000)])
def test_read_ranges_gives_every_member_however_few_come_at_once(count: int, most: int) -> None:
    group = OneGroup(count, most)
    assert ldap_group.read_ranges(group, "cn=left") == [m.decode() for m in group.members]  # type: ignore[arg-type]


def test_read_ranges_without_an_end_is_refused() -> None:
    with pytest.raises(errors.GroupCutShortError) as caught:
        ldap_group.read_ranges(OneGroup(23, 5, ends=False), "cn=left")  # type: ignore[arg-type]
    assert caught.value.facts["count"] == 23


@pytest.mark.parametrize("found", [{"member": [b"cn=a"]}, {"member;range=5-*": [b"cn=a"]}])
def test_read_ranges_answered_otherwise_than_asked_is_refused(found: dict[str, list[bytes]]) -> None:
    class Other:
        def entry(self, _dn: str, _names: list[str]) -> dict[str, list[bytes]]:
            return found

    with pytest.raises(errors.GroupCutShortError):
        ldap_group.read_ranges(Other(), "cn=left")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        ("( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )", ["2.5.4.3", "cn", "commonname"]),
        ("( 1.2.3 NAME 'employeeStatus' EQUALITY caseIgnoreMatch )", ["1.2.3", "employeestatus"]),
        ("( 1.2.3 DESC 'no name of its own' )", ["1.2.3"]),
        ("nonsense", []),
    ],
)
def test_read_names_of_attribute_type(definition: str, names: list[str]) -> None:
    assert ldap_schema._names(definition) == names


def test_check_schema_names_every_unknown_attribute_and_its_setting() -> None:
    mapping = SETTINGS.model_copy(update={"post_attribute": "jobTitel", "name_attribute": "cn;lang-zh"})
    known = frozenset({"employeenumber", "cn", "employeetype", "departmentnumber", "mobile"})
    with pytest.raises(errors.UnknownAttributeError) as caught:
        ldap_schema.check_schema(known, mapping)
    assert caught.value.facts == {
        "attributes": "jobTitel, mail",
        "settings": "TRADING_IDP_LDAP_MAIL_ATTRIBUTE, TRADING_IDP_LDAP_POST_ATTRIBUTE",
    }
    ldap_schema.check_schema(None, mapping)
    ldap_schema.check_schema(known | {"jobtitel", "mail"}, mapping)


class References:
    """An ldap3 connection whose last search ended with these references."""

    def __init__(self, *uris: str) -> None:
        self.strategy = self
        self.response = [{"type": "searchResRef", "uri": [uri]} for uri in uris] + [{"type": "searchResEntry"}]


PARTS = ("ldap://d.cn/CN=Configuration,DC=d,DC=cn", "ldap://d.cn/DC=DomainDnsZones,DC=d,DC=cn")


def test_answers_with_references_to_parts_without_people_are_whole() -> None:
    mapping = SETTINGS.model_copy(update={"kind": "active_directory"})
    link = ldap_connection.Link(References(*PARTS), mapping)  # type: ignore[arg-type]
    assert [answer["type"] for answer in link.answers()] == ["searchResEntry"]


@pytest.mark.parametrize("kind", ["openldap", "active_directory"])
def test_answers_with_reference_to_another_domain_are_refused(kind: str) -> None:
    mapping = SETTINGS.model_copy(update={"kind": kind})
    uris = (*PARTS, "ldap://child.d.cn/DC=child,DC=d,DC=cn") if kind == "active_directory" else PARTS
    with pytest.raises(errors.ReferralError):
        ldap_connection.Link(References(*uris), mapping).answers()  # type: ignore[arg-type]
