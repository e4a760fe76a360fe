"""Names and days as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.pages import wording
from connector.pages.language import CHINESE, ENGLISH
from connector.pages.wording import Words
from connector.regulations.calendar import ChinaCalendar
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, RequestKind, Verdict

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in China


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (wording.KINDS, RequestKind),
        (wording.VERDICTS, Verdict),
        (wording.STATUSES, AccountStatus),
        (wording.CLASSES, AccountClass),
    ],
)
def test_name_every_word_of_the_vocabulary(names: dict[str, object], values: type) -> None:
    assert set(names) == set(values)


def test_name_offices_and_unknown_words() -> None:
    assert Words(CHINESE).office(Office.UNIT_HEAD) == "科室（单位）负责人"
    assert Words(ENGLISH).office(Office.UNIT_HEAD) == "unit head"
    assert Words(CHINESE).kind("other") == "other"


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (2, "还有2个工作日", "2 working days left"),
        (1, "还有1个工作日", "1 working day left"),
        (0, "今日到期", "Due today"),
        (-1, "已超期1个工作日", "1 working day overdue"),
    ],
)
def test_tell_days_left_in_working_days(days: int, zh: str, en: str) -> None:
    assert (Words(CHINESE).days_left(days), Words(ENGLISH).days_left(days)) == (zh, en)


@pytest.mark.parametrize(
    ("later", "words", "kind"),
    [
        (timedelta(days=2), "还有2个工作日", ""),
        (timedelta(hours=7), "今日到期", "warn"),
        (timedelta(hours=-1), "今日到期", "warn"),
        (timedelta(days=-3), "已超期1个工作日", "bad"),
        (timedelta(days=-4), "已超期2个工作日", "bad"),
    ],
)
def test_tell_limit_counts_working_days_and_colours_what_presses(later: timedelta, words: str, kind: str) -> None:
    due = Words(CHINESE).due(MONDAY + later, MONDAY, ChinaCalendar())
    assert due is not None
    assert (due.words, due.kind) == (words, kind)


def test_tell_limit_of_friday_on_saturday_is_overdue() -> None:
    friday = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    due = Words(CHINESE).due(friday, friday + timedelta(days=1), ChinaCalendar())
    assert due == ("2026-11-20", "已超期", "bad")


def test_tell_no_limit_is_none() -> None:
    assert Words(CHINESE).due(None, MONDAY, ChinaCalendar()) is None


def test_tell_days_in_china() -> None:
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert Words.day(late) == "2026-11-23"
    assert Words.moment(late) == "2026-11-23 00:30"
    assert Words(CHINESE).day_text(late) == "2026年11月23日"
    assert Words(ENGLISH).day_text(late) == "23 November 2026"
    assert (Words.day(None), Words.moment(None), Words(CHINESE).day_text(None)) == ("--", "--", "--")
