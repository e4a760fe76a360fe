"""The retention floor: 1,827 days in the settings, and whatever more the rules in force ask."""

from datetime import timedelta
from typing import Any, cast

import pytest
from pydantic import ValidationError

from connector.audit.errors import RetentionTooShortError
from connector.audit.retention import check_retention
from connector.settings import RETENTION_FLOOR_DAYS, Settings


class Rules:
    def __init__(self, least: timedelta) -> None:
        self.least = least

    def retention(self) -> timedelta:
        return self.least


@pytest.mark.req("J2")
def test_settings_below_five_years_are_refused() -> None:
    assert Settings(retention_days=1827).retention_days == RETENTION_FLOOR_DAYS == 1827
    with pytest.raises(ValidationError, match="1827"):
        Settings(retention_days=1826)


@pytest.mark.req("J2")
def test_check_retention_below_the_rules_is_refused_with_the_clause() -> None:
    rules = cast(Any, Rules(timedelta(days=2000)))
    check_retention(2000, rules)
    with pytest.raises(RetentionTooShortError) as refusal:
        check_retention(1999, rules)
    assert refusal.value.problem()["clause"] == "GX 10"
    assert refusal.value.problem()["facts"] == {"days": 1999, "least": 2000}
