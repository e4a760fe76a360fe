"""What every scan has in common: a rule, counts, and one query of what it finds. Knows no single scan; writes nothing.

A scan is a query over the mirror and the register, never a walk through Keycloak: a million accounts cost one query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, not_, or_, select

from connector.auth.act import Act
from connector.checks.tables import FindingRow
from connector.errors import Text
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus, RequestKind
from connector.requests.store import OPEN_STATES
from connector.requests.tables import RequestRow


class Rule(Protocol):
    """The rule of one run, with every number in it, as it is kept with the run (GS 17)."""

    @property
    def now(self) -> datetime: ...

    def as_json(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One account a scan found. `evidence` is plain JSON without personal values: what a decider is shown."""

    account_id: str
    user_name: str
    verdict: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many accounts have each verdict; and of those that nothing can be said of, why, with how many."""

    verdicts: Mapping[str, int]
    unknown: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Scan(Generic[R]):
    """One scan. `name` stands in the table of runs and is the cause of the requests that the scan makes.

    `select` gives the accounts it finds, worst first: the columns `account_id`, `user_name`, `account_class`,
    `verdict`, and those `evidence` reads; AccountRow is in it. `may_propose` says which of them go to the principal.
    """

    name: str
    title: Text
    clause: str
    kind: RequestKind
    found: frozenset[str]  # the verdicts that are findings
    rule: Callable[[Act], R]
    count: Callable[[Act, R], Counts]
    select: Callable[[R], Select[Any]]
    may_propose: Callable[[R], ColumnElement[bool]]
    evidence: Callable[[R, Row[Any]], dict[str, Any]]
    reason: Callable[[R, int], str]  # what stands in the request, for so many accounts
    quiet: Callable[[R], timedelta]  # whom a principal looked at within this is not proposed again

    def list_found(self, act: Act, rule: R, *, first: int = 0, count: int | None = None) -> list[Found]:
        """What the scan finds, worst first. Reads only."""
        return self.read(rule, act.session.execute(self.select(rule).offset(first).limit(count)))

    def list_proposable(self, act: Act, rule: R, count: int) -> tuple[list[Found], int]:
        """The accounts to be proposed now, at most `count`, and how many are left for the next time.

        Not proposed: who is in an open proposal, and whom a principal looked at lately.
        """
        wanted = self.select(rule).where(self.may_propose(rule), not_(self._spoken_for(rule)))
        rows = act.session.execute(wanted.add_columns(func.count().over().label("total")).limit(count)).all()
        return self.read(rule, rows), rows[0].total - len(rows) if rows else 0

    def read(self, rule: R, rows: Iterable[Row[Any]]) -> list[Found]:
        """Rows of `select` as what was found."""
        return [
            Found(
                account_id=row.account_id,
                user_name=row.user_name,
                verdict=row.verdict,
                evidence={
                    "verdict": row.verdict, **self.evidence(rule, row), "account_class": row.account_class,
                },
            )
            for row in rows
        ]  # fmt: skip

    def _spoken_for(self, rule: R) -> ColumnElement[bool]:
        asked_lately = and_(FindingRow.found_at > rule.now - self.quiet(rule), RequestRow.state != "withdrawn")
        return exists().where(
            FindingRow.account_id == AccountRow.id,
            RequestRow.id == FindingRow.request_id,
            or_(RequestRow.state.in_(OPEN_STATES), and_(RequestRow.cause == self.name, asked_lately)),
        )


IN_USE: ColumnElement[bool] = and_(AccountRow.status == AccountStatus.ACTIVE.value, AccountRow.keycloak_id.is_not(None))


def count_in_use(act: Act) -> int:
    """Active accounts that Keycloak has: whom the scans look at."""
    return act.session.scalar(select(func.count()).select_from(AccountRow).where(IN_USE)) or 0


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
