"""Checks and masks of identity documents, phones and credit codes. Pure: no table, no clock, no region file.

Each `check_…` returns the value in its one stored shape, or raises RefusedInputError with one problem for the field.
Messages never repeat the value: they are shown, logged and recorded.
"""

import re
from datetime import date
from enum import StrEnum
from typing import NoReturn

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError

from connector.errors import FieldProblem, RefusedInputError

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"  # ISO 7064 MOD 11-2
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
RESIDENT_ID_INSIDE = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
MOBILE_INSIDE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
CARD = re.compile(r"[0-9]{17}[0-9X]")
RESIDENCE_PERMIT_BEGINS = ("81", "82", "83")
BLANKS = re.compile(r"[\s\u200b\u2060\ufeff]+")

# First two digits of GB/T 2260; 81 to 83 are residence permits, 90 to 99 foreign permanent-resident cards.
MAINLAND = (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71)
REGIONS = frozenset(map(str, (*MAINLAND, *range(81, 84), *range(90, 100))))


class DocumentKind(StrEnum):
    """Documents a person may be registered with. The values stand in the register for ever."""

    RESIDENT_ID = "resident_id"  # 居民身份证 (GB 11643)
    PASSPORT = "passport"  # 护照
    HK_MACAO_PERMIT = "hk_macao_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    FOREIGN_RESIDENT = "foreign_resident"  # 外国人永久居留身份证: 2017 of fifteen characters, 2023 as GB 11643 with 9
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证: GB 11643 with 81, 82 or 83


def check_document(kind: str, number: str, today: date, *, field: str = "document_number") -> str:
    """The number in its stored shape. Raises RefusedInputError (LC 5(2)): unknown kind, or a number that cannot be."""
    text = _compact(number)
    if kind == DocumentKind.RESIDENT_ID:
        return _check_resident_id(text, today, field)
    if kind == DocumentKind.RESIDENCE_PERMIT or (kind == DocumentKind.FOREIGN_RESIDENT and len(text) == 18):
        return _check_numbered_card(kind, text, today, field)
    known = PATTERNS.get(kind)
    if known is None:
        _refuse("document_kind", "不认识的证件种类", f"not a known document kind; one of {', '.join(DocumentKind)}")
    pattern, shape, shape_en = known
    found = pattern.fullmatch(text)
    if not found:
        _refuse(field, f"号码格式不符：{shape}", f"not a number of this document: {shape_en}")
    return found[1]


def holds_number(text: str) -> bool:
    """Whether a free text holds a resident ID number or a mobile number (J5): those belong in sealed fields alone."""
    plain = text.translate(FULL_WIDTH)
    if MOBILE_INSIDE.search(plain):
        return True
    return any(_check_digit(found[0]) == found[0][17].upper() for found in RESIDENT_ID_INSIDE.finditer(plain))


def _check_digit(number: str) -> str:
    return CHECK_DIGITS[sum(int(d) * w for d, w in zip(number, WEIGHTS, strict=False)) % 11]


# The group is what is stored: the running number of a permit's renewals does not make another person.
PATTERNS: dict[str, tuple[re.Pattern[str], str, str]] = {
    DocumentKind.PASSPORT: (
        re.compile(r"((?=[A-Z]*[0-9])[A-Z0-9]{5,17})"),
        "5至17位字母和数字",
        "5 to 17 letters and digits",
    ),
    DocumentKind.HK_MACAO_PERMIT: (
        re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?"),
        "H或M加8位数字（旧版另有2位换证次数）",
        "H or M and 8 digits (older cards have 2 more for renewals)",
    ),
    DocumentKind.TAIWAN_PERMIT: (
        re.compile(r"([0-9]{8})(?:[0-9]{2}(?:\(?[A-Z]\)?)?)?"),
        "8位数字（旧版10位）",
        "8 digits (older ones 10)",
    ),
    DocumentKind.FOREIGN_RESIDENT: (
        re.compile(r"([A-Z]{3}[0-9]{12})"),
        "2017版为3位国籍代码加12位数字，2023版为以9开头的18位号码",
        "3 letters of nationality and 12 digits (2017), or 18 digits that begin with 9 (2023)",
    ),
}


def kind_of(kind: str, number: str) -> str:
    """The kind that a checked number says itself: the first digits of GB 11643 tell residence permits and cards."""
    if not CARD.fullmatch(number):
        return kind
    if number.startswith(RESIDENCE_PERMIT_BEGINS):
        return DocumentKind.RESIDENCE_PERMIT
    return DocumentKind.FOREIGN_RESIDENT if number.startswith("9") else DocumentKind.RESIDENT_ID


def identity_of(kind: str, number: str) -> str:
    """What is digested of a checked number: numbers of GB 11643 are one series, whatever the card is called."""
    return f"{DocumentKind.RESIDENT_ID if CARD.fullmatch(number) else kind}:{number}"


def birth_date(number: str) -> str:
    """The eight digits of the birth date in a checked number of GB 11643; "" where a document does not tell it."""
    return number[6:14] if CARD.fullmatch(number) else ""


def _check_numbered_card(kind: str, text: str, today: date, field: str) -> str:
    number = _check_resident_id(text, today, field)
    if kind == DocumentKind.RESIDENCE_PERMIT and not number.startswith(RESIDENCE_PERMIT_BEGINS):
        _refuse(field, "港澳台居民居住证号码以81、82或83开头", "a residence permit begins with 81, 82 or 83")
    if kind == DocumentKind.FOREIGN_RESIDENT and not number.startswith("9"):
        _refuse(field, "2023版外国人永久居留身份证号码以9开头", "the card of 2023 begins with 9")
    return number


def _check_resident_id(text: str, today: date, field: str) -> str:
    if re.fullmatch(r"[0-9]{15}", text):
        text = f"{text[:6]}19{text[6:]}"
        text += check_digit(text)
    if len(text) != 18:
        _refuse(field, "身份证号应为18位（旧号15位）", "an ID number has 18 characters (old ones 15)")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        _refuse(field, "前17位应为数字，末位为数字或X", "17 digits, then a digit or X")
    born = _real_date(text[6:14])
    if born is None:
        _refuse(field, "出生日期不存在（第7至14位）", "the birth date (characters 7 to 14) does not exist")
    if born > today:
        _refuse(field, "出生日期晚于今天（第7至14位）", "the birth date (characters 7 to 14) is after today")
    if text[17] != check_digit(text):
        _refuse(field, "校验位不符，请核对每一位", "the check digit does not fit; compare every digit")
    return text


def check_digit(number: str) -> str:
    """The 18th character for the first 17 digits (GB 11643)."""
    return CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False)) % 11]


def has_known_region(resident_id: str) -> bool:
    """Whether the first two digits are a region of GB/T 2260. Advice only: codes outlive the districts they named."""
    return resident_id[:2] in REGIONS


def _real_date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


COUNTRY_CODE = re.compile(r"^(?:\+86|0086|86(?=1[3-9][0-9]{9}$))-?")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"(?:(10|2[0-9])-?([2-9][0-9]{7})|([3-9][0-9]{2})-?([2-9][0-9]{6,7}))(?:-([0-9]{1,6}))?")


def check_phone(number: str, *, field: str = "phone") -> str:
    """A mainland mobile as 11 digits, or a landline as 0635-8412345 with its extension. Raises RefusedInputError."""
    text = re.sub(r"[()]", "", _compact(number))
    national = COUNTRY_CODE.sub("", text, count=1)
    if MOBILE.fullmatch(national.replace("-", "")):
        return national.replace("-", "")
    trunk = national.removeprefix("0")
    found = LANDLINE.fullmatch(trunk) if trunk != text else None
    if not found:
        _refuse(
            field,
            "应为11位手机号码，或带区号的座机号码",
            "give an 11-digit mobile number, or a landline with area code",
        )
    area, line, extension = found[1] or found[3], found[2] or found[4], found[5]
    return f"0{area}-{line}" + (f"-{extension}" if extension else "")


def check_credit_code(code: str, *, field: str = "credit_code") -> str:
    """A unified social credit code (GB 32100) in capitals. Raises RefusedInputError."""
    text = _compact(code)
    if not re.fullmatch(r"[0-9A-Z]{18}", text):
        _refuse(field, "统一社会信用代码应为18位数字和大写字母", "a credit code has 18 digits and letters")
    try:
        return str(uscc.validate(text))
    except (ValidationError, ValueError, LookupError) as fault:
        zh, en = USCC_REASONS.get(type(fault), ("无法识别", "cannot be read"))
        _refuse(field, f"统一社会信用代码{zh}", f"the credit code {en}")


USCC_REASONS: dict[type[Exception], tuple[str, str]] = {
    InvalidLength: ("应为18位", "must have 18 characters"),
    InvalidFormat: (
        "含有不允许的字符（不用I、O、Z、S、V，前8位为数字）",
        "uses none of I, O, Z, S, V, and begins with 8 digits",
    ),
    InvalidChecksum: ("校验位不符，请核对每一位", "has a check digit that does not fit; compare every character"),
}


def mask_document(number: str) -> str:
    """First four and last four; of short numbers only the first and the last two, so that most stays hidden."""
    head, tail = (4, 4) if len(number) >= 15 else (1, 2)
    if len(number) <= head + tail:
        return "*" * len(number)
    return f"{number[:head]}{'*' * (len(number) - head - tail)}{number[-tail:]}"


def mask_phone(number: str) -> str:
    """186****1402 for a mobile; of a landline the area and the last two digits."""
    if MOBILE.fullmatch(number):
        return f"{number[:3]}****{number[-4:]}"
    area, hyphen, line = number.partition("-")
    if not hyphen or len(line) <= 2:
        return "*" * len(number)
    return f"{area}-{'*' * (len(line) - 2)}{line[-2:]}"


def _compact(text: str) -> str:
    """Full-width as half-width, no blanks, capitals. Nothing else is forgiven: ² or ٣ are not digits here."""
    return BLANKS.sub("", text.translate(FULL_WIDTH)).upper()


def _refuse(field: str, zh: str, en: str) -> NoReturn:
    raise RefusedInputError([FieldProblem(field, zh, en, CLAUSES.get(field, ""))], CLAUSES.get(field, ""))


CLAUSES = {"document_number": "LC 5(2)", "document_kind": "LC 5(2)", "phone": "HH 1", "credit_code": "HH 1"}
