"""Documents, phones and credit codes: what is accepted, in which shape it is stored, what is refused and why."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import FieldProblem, RefusedInputError
from connector.register.identifiers import (
    DocumentKind,
    check_credit_code,
    check_digit,
    check_document,
    check_phone,
    has_known_region,
    mask_document,
    mask_phone,
)

TODAY = date(2026, 11, 23)
RESIDENT = DocumentKind.RESIDENT_ID


def make_id(first: str) -> str:
    return first + check_digit(first)


def refusal(kind: str, number: str) -> FieldProblem:
    with pytest.raises(RefusedInputError) as refused:
        check_document(kind, number, TODAY)
    return refused.value.fields[0]


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("given_number", "stored"),
    [
        ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643
        ("440524188001010014", "440524188001010014"),  # the other one
        ("11010519491231002x", "11010519491231002X"),
        ("  110105 19491231 002X ", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105\u300019491231\u00a0002ｘ", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),  # fifteen digits: century and check digit added
        (make_id("33011319900307001"), make_id("33011319900307001")),  # a district younger than the lists
        (make_id("32021419900307001"), make_id("32021419900307001")),
        (make_id("46040019900307001"), make_id("46040019900307001")),
        (make_id("81000019900307001"), make_id("81000019900307001")),  # residence permits
        (make_id("82000019900307001"), make_id("82000019900307001")),
        (make_id("83000019900307001"), make_id("83000019900307001")),
        (make_id("91108419900307001"), make_id("91108419900307001")),  # foreign permanent residents
        (make_id("37150020000229001"), make_id("37150020000229001")),  # a leap day
        (make_id("37150020261123001"), make_id("37150020261123001")),  # born today
    ],
)
def test_check_resident_id_valid_is_stored_in_one_shape(given_number: str, stored: str) -> None:
    assert check_document(RESIDENT, given_number, TODAY) == stored


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("", "18 characters"),
        ("11010519491231002", "18 characters"),
        ("11010519491231002XX", "18 characters"),
        ("1101054912310021", "18 characters"),
        ("11010519491231O02X", "17 digits"),
        ("1101051949123100X2", "17 digits"),
        ("11010519491231002A", "17 digits"),
        ("１1010519491231００²Ｘ", "17 digits"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "17 digits"),
        ("110105194912310021", "check digit"),
        ("11010519491231003X", "check digit"),
        (make_id("37150020260230001"), "does not exist"),
        (make_id("37150019990229001"), "does not exist"),
        (make_id("37150019991301001"), "does not exist"),
        (make_id("37150000000101001"), "does not exist"),
        (make_id("37150020990101001"), "after today"),
        (make_id("37150020261124001"), "after today"),
        ("110105491331002", "does not exist"),
    ],
)
def test_check_resident_id_bad_is_refused_with_its_reason(number: str, reason: str) -> None:
    problem = refusal(RESIDENT, number)
    assert problem.field == "document_number"
    assert reason in problem.en
    assert problem.zh
    assert problem.clause == "LC 5(2)"
    assert len(number) < 5 or number not in f"{problem.zh}{problem.en}"


@pytest.mark.req("A1")
@given(st.integers(0, 16), st.integers(1, 9), st.sampled_from(["11010519491231002X", "440524188001010014"]))
def test_check_resident_id_with_one_wrong_digit_is_always_refused(place: int, step: int, number: str) -> None:
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    with pytest.raises(RefusedInputError):
        check_document(RESIDENT, wrong, TODAY)


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("kind", "number", "stored"),
    [
        (DocumentKind.PASSPORT, "e 12345678", "E12345678"),
        (DocumentKind.PASSPORT, "533380006", "533380006"),
        (DocumentKind.HK_MACAO_PERMIT, "H12345678", "H12345678"),
        (DocumentKind.HK_MACAO_PERMIT, "m1234567802", "M12345678"),  # renewed, still the same person
        (DocumentKind.TAIWAN_PERMIT, "12345678", "12345678"),
        (DocumentKind.TAIWAN_PERMIT, "1234567801（B）", "12345678"),
        (DocumentKind.FOREIGN_RESIDENT, "usa110080010114", "USA110080010114"),
    ],
)
def test_check_other_document_is_stored_without_its_renewals(kind: str, number: str, stored: str) -> None:
    assert check_document(kind, number, TODAY) == stored


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (DocumentKind.PASSPORT, "ABCDEFGH"),
        (DocumentKind.PASSPORT, "E1"),
        (DocumentKind.PASSPORT, "张三12345"),
        (DocumentKind.HK_MACAO_PERMIT, "X12345678"),
        (DocumentKind.HK_MACAO_PERMIT, "H123456789"),
        (DocumentKind.TAIWAN_PERMIT, "1234567"),
        (DocumentKind.FOREIGN_RESIDENT, "US1110080010114"),
    ],
)
def test_check_other_document_of_wrong_shape_is_refused(kind: str, number: str) -> None:
    assert refusal(kind, number).field == "document_number"


@pytest.mark.req("A1")
def test_check_document_of_unknown_kind_is_refused_and_names_the_kinds() -> None:
    problem = refusal("driving_licence", "123456")
    assert problem.field == "document_kind"
    assert "passport" in problem.en


def test_region_is_advice_and_refuses_nothing() -> None:
    unknown = make_id("00000019900307001")
    assert check_document(RESIDENT, unknown, TODAY) == unknown
    assert not has_known_region(unknown)
    assert has_known_region(make_id("37150019900307001"))


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("number", "stored"),
    [
        ("18612341402", "18612341402"),
        ("186 1234 1402", "18612341402"),
        ("186-1234-1402", "18612341402"),
        ("+86 186 1234 1402", "18612341402"),
        ("0086-18612341402", "18612341402"),
        ("8618612341402", "18612341402"),
        ("１８６１２３４１４０２", "18612341402"),
        ("0635-8412345", "0635-8412345"),
        ("06358412345", "0635-8412345"),
        ("（0635）8412345", "0635-8412345"),
        ("+86 635 8412345", "0635-8412345"),
        ("010-65123456", "010-65123456"),
        ("+86 10 65123456", "010-65123456"),
        ("0471-4601234-803", "0471-4601234-803"),
    ],
)
def test_check_phone_valid_is_stored_in_one_shape(number: str, stored: str) -> None:
    assert check_phone(number) == stored
    assert check_phone(stored) == stored


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    "number",
    ["", "1861234140", "186123414021", "12612341402", "8412345", "6358412345", "010-6512345", "abc", "1861234140²"],
)
def test_check_phone_bad_is_refused(number: str) -> None:
    with pytest.raises(RefusedInputError) as refused:
        check_phone(number)
    assert refused.value.fields[0].field == "phone"


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    "code",
    ["91110000600037341L", "91110000600037341l", "9111 0000 6000 3734 1L", "９１１１００００６０００３７３４１Ｌ"],
)
def test_check_credit_code_valid_is_stored_in_capitals(code: str) -> None:
    assert check_credit_code(code) == "91110000600037341L"


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("9111000060003734", "18"),
        ("A1110000600037341L", "8 digits"),
        ("9111000060003734IL", "none of I, O"),
        ("91110000600037342L", "check digit"),
        ("91110000６00037341²", "18"),
        ("9111000060003734-L", "18"),
    ],
)
def test_check_credit_code_bad_is_refused_with_its_reason(code: str, reason: str) -> None:
    with pytest.raises(RefusedInputError) as refused:
        check_credit_code(code)
    assert reason in refused.value.fields[0].en


@pytest.mark.req("J5")
@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "1101**********002X"),
        ("USA110080010114", "USA1*******0114"),
        ("E12345678", "E******78"),
        ("12345678", "1*****78"),
        ("123", "***"),
        ("", ""),
    ],
)
def test_mask_document_hides_most_of_it(number: str, shown: str) -> None:
    assert mask_document(number) == shown


@pytest.mark.req("J5")
@pytest.mark.parametrize(
    ("number", "shown"),
    [("18612341402", "186****1402"), ("0635-8412345", "0635-*****45"), ("12", "**"), ("", "")],
)
def test_mask_phone_hides_most_of_it(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


ANY_TEXT = st.text() | st.text("0123456789Xx 　１２３Ｘ-+()²٣", max_size=24) | st.from_regex(r"[0-9]{17}[0-9X]")


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from([*DocumentKind, "", "other"]), ANY_TEXT, st.dates(min_value=date(1900, 1, 1)))
def test_checks_of_anything_answer_or_refuse_and_never_fail(kind: str, text: str, today: date) -> None:
    for check in (
        lambda: check_document(kind, text, today),
        lambda: check_phone(text),
        lambda: check_credit_code(text),
    ):
        try:
            stored = check()
        except RefusedInputError:
            continue
        assert re.fullmatch(r"[0-9A-Z-]+", stored)
    assert len(mask_document(text)) == len(text)
    assert mask_phone(text) == text or "*" in mask_phone(text)
