"""Test accounts in the register: those approved as such, and those whose name says so (JC 21). Disables nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, false, func, or_, select

from connector.auth.act import Act
from connector.checks.scan import IN_USE, Counts, Scan, count_in_use, iso
from connector.errors import Text
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountPurpose, RequestKind

CLAUSE = "JC 21"
QUIET = timedelta(days=90)  # A quarter: the clean-up list is filed each quarter (JC 19).


class TestVerdict(StrEnum):
    """What speaks for a test account."""

    __test__ = False  # no test of ours, whatever its name

    OTHER = "other"
    TEST = "test"  # approved as a test account, until a day that has not come: listed only
    TEST_NO_END = "test_no_end"  # a test account that nobody gave an end
    NAMED_TEST = "named_test"  # applied for as something else, and named like a test


@dataclass(frozen=True, kw_only=True)
class LeftOverRule:
    """The rule of one run: the words a test account is known by."""

    now: datetime
    words: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"words": list(self.words), "clause": CLAUSE}


def rule_in_force(act: Act) -> LeftOverRule:
    return LeftOverRule(now=act.now, words=act.rulebook.test_words())


def named_like_test(words: Sequence[str]) -> ColumnElement[bool]:
    """The user name or the person's name holds one of the words; letters of either case.

    User names are lower case and Chinese has no case: nothing is folded that need not be, over a million names.
    """
    latin = [word.casefold() for word in words if word.isascii()]
    chinese = [word for word in words if not word.isascii()]
    named = [PersonRow.name.contains(word, autoescape=True) for word in chinese]
    named += [func.lower(PersonRow.name).contains(word, autoescape=True) for word in latin]
    coded = [AccountRow.user_name.contains(word, autoescape=True) for word in latin]
    return or_(false(), *coded, AccountRow.person_id.in_(select(PersonRow.id).where(or_(false(), *named))))


_is_test: ColumnElement[bool] = AccountRow.purpose == AccountPurpose.TEST.value


_verdict: ColumnElement[str] = case(
    (_is_test & AccountRow.valid_until.is_(None), TestVerdict.TEST_NO_END.value),
    (_is_test, TestVerdict.TEST.value),
    else_=TestVerdict.NAMED_TEST.value,
)


def _found(rule: LeftOverRule) -> ColumnElement[bool]:
    return or_(_is_test, named_like_test(rule.words))


def _count(act: Act, rule: LeftOverRule) -> Counts:
    verdict = _verdict.label("verdict")
    rows = act.session.execute(select(verdict, func.count()).where(IN_USE, _found(rule)).group_by(verdict))
    counts = {each.value: 0 for each in TestVerdict} | {name: number for name, number in rows}
    return Counts(verdicts=counts | {TestVerdict.OTHER.value: count_in_use(act) - sum(counts.values())}, unknown={})


def _select(rule: LeftOverRule) -> Select[Any]:
    columns: list[Any] = [AccountRow.id.label("account_id"), AccountRow.user_name, AccountRow.account_class]
    columns += [_verdict.label("verdict"), AccountRow.purpose, AccountRow.valid_until, AccountRow.opened_at]
    return select(*columns).where(IN_USE, _found(rule)).order_by(AccountRow.opened_at, AccountRow.id)


def _evidence(_rule: LeftOverRule, row: Row[Any]) -> dict[str, Any]:
    return {"purpose": row.purpose, "valid_until": iso(row.valid_until), "opened_at": iso(row.opened_at)}


TEST_ACCOUNT = Scan[LeftOverRule](
    name="test_account",
    title=Text("测试账号", "test accounts"),
    clause=CLAUSE,
    kind=RequestKind.DISABLE_FOUND,
    found=frozenset({TestVerdict.TEST.value, TestVerdict.TEST_NO_END.value, TestVerdict.NAMED_TEST.value}),
    rule=rule_in_force,
    count=_count,
    select=_select,
    may_propose=lambda _rule: or_(~_is_test, AccountRow.valid_until.is_(None)),
    evidence=_evidence,
    reason=lambda _rule, count: f"检查发现{count}个测试账号未设截止日期或未按测试账号申请",
    quiet=lambda _rule: QUIET,
)
