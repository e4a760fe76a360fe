"""Running numbers of a year, each given once, whoever asks at the same moment. Knows no feature."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

CHINA = ZoneInfo("Asia/Shanghai")  # The year on the paper is the one people live in.


def next_number(session: Session, table: Any, prefix: str, now: datetime) -> str:
    """The next number of the year, "QX-2026-000123"; gaps only where a transaction was rolled back.

    `table` has a row per year: `year` and `last`, the last number given in it.
    """
    year = now.astimezone(CHINA).year
    bump = update(table).where(table.year == year).values(last=table.last + 1).returning(table.last)
    last = session.scalar(bump)
    if last is None:
        try:
            with session.begin_nested():
                session.add(table(year=year, last=0))
        except IntegrityError:  # Another transaction began the year first.
            session.expire_all()
        last = session.scalar(bump)
    return f"{prefix}-{year}-{last:06d}"
