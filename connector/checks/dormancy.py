"""Says which accounts are zombies, from the mirror alone (LC 7(2)). Never asks Keycloak, disables nobody.

The verdict is one SQL expression, so a million accounts cost one query. "unknown" is an answer: where the evidence does
not reach back far enough, nobody is called dormant.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select

from connector.activity.coverage import Coverage, login_coverage
from connector.activity.evidence import active_since, unknown_reason
from connector.activity.tables import ActivityRow
from connector.auth.act import Act
from connector.checks.scan import IN_USE, Counts, Found, Scan, count_in_use, iso
from connector.errors import Text
from connector.register.tables import AccountRow, AccountStateRow
from connector.regulations.vocabulary import AccountClass, RequestKind

CLAUSE = "LC 7(2)"
MOMENT = timedelta(microseconds=1)  # the finest step of the database's clock
Spans = Mapping[AccountClass, timedelta]


class DormancyVerdict(StrEnum):
    """What the evidence says of an account."""

    ACTIVE = "active"
    DORMANT = "dormant"  # not used for the whole period of the rule
    NEVER_USED = "never_used"  # not used once since it was opened, long enough ago
    UNKNOWN = "unknown"  # the evidence does not reach back far enough


FOUND = frozenset({DormancyVerdict.DORMANT.value, DormancyVerdict.NEVER_USED.value})


@dataclass(frozen=True, kw_only=True)
class DormancyRule:
    """The rule of one run, by class, and how far the evidence of use reaches."""

    now: datetime
    dormancy: Spans
    never_used: Spans
    coverage: Coverage

    def as_if_read(self) -> "DormancyRule":
        """The same rule, had the mirror been read at its moment: for a look into another day."""
        return replace(self, coverage=replace(self.coverage, read_at=self.now))

    def as_json(self) -> dict[str, Any]:
        return {
            "dormancy_days": _days(self.dormancy),
            "never_used_days": _days(self.never_used),
            "covers_since": iso(self.coverage.since),
            "read_at": iso(self.coverage.read_at),
            "evidence_days": (self.now - self.coverage.since).days if self.coverage.since else None,
            "clause": CLAUSE,
        }


def rule_in_force(act: Act) -> DormancyRule:
    """The rule at the act's moment, by the packs and by what the mirror has read."""
    return DormancyRule(
        now=act.now,
        dormancy=_by_class(act.rulebook.dormancy),
        never_used=_by_class(act.rulebook.never_used),
        coverage=login_coverage(act),
    )


def _by_class(span: Callable[[AccountClass], timedelta]) -> Spans:
    return {each: span(each) for each in AccountClass}


def _days(spans: Spans) -> dict[str, int]:
    return {name.value: span.days for name, span in spans.items()}


def _cutoff(now: datetime, spans: Spans) -> ColumnElement[datetime]:
    """The moment before which an account of the row's class was idle for long; one value where all classes agree."""
    longest = max(spans.values())
    kind = ActivityRow.last_used_at.type
    shorter = {name: span for name, span in spans.items() if span != longest}
    if not shorter:
        return literal(now - longest, type_=kind)
    branches = [(AccountRow.account_class == name.value, literal(now - span, kind)) for name, span in shorter.items()]
    return case(*branches, else_=literal(now - longest, kind))


# An account that was suspended for half a year could not be used: its time starts when it was enabled again.
_active_since: ColumnElement[datetime] = active_since()
_last_used: ColumnElement[datetime | None] = case(
    (ActivityRow.last_used_at >= _active_since, ActivityRow.last_used_at), else_=None
)
_idle_since: ColumnElement[datetime] = func.coalesce(_last_used, _active_since)


def verdict_of(rule: DormancyRule) -> ColumnElement[str]:
    """The verdict as an SQL expression over the join of `_accounts`."""
    idle, unused = _cutoff(rule.now, rule.dormancy), _cutoff(rule.now, rule.never_used)
    young = and_(_last_used.is_(None), _active_since > unused)
    return case(
        (_last_used > idle, DormancyVerdict.ACTIVE.value),
        (young, DormancyVerdict.ACTIVE.value),
        (and_(_last_used.is_(None), _unknown(rule, _active_since).is_(None)), DormancyVerdict.NEVER_USED.value),
        (and_(_idle_since <= idle, _unknown_since_idle(rule).is_(None)), DormancyVerdict.DORMANT.value),
        else_=DormancyVerdict.UNKNOWN.value,
    )


def _accounts(columns: Sequence[Any]) -> Select[Any]:
    """Active accounts that Keycloak has, with their activity and the start of their present status."""
    return (
        select(*columns)
        .select_from(AccountRow)
        .outerjoin(ActivityRow, ActivityRow.keycloak_id == AccountRow.keycloak_id)
        .outerjoin(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(IN_USE)
    )


def _not_in_use(rule: DormancyRule) -> ColumnElement[bool]:
    """Accounts whose verdict can be other than active; those in use need no look at when they were enabled.

    Whoever was used within both periods is active, also when he was enabled again only afterwards.
    """
    newest_cutoff = rule.now - min((*rule.dormancy.values(), *rule.never_used.values()))
    return or_(ActivityRow.last_used_at.is_(None), ActivityRow.last_used_at <= newest_cutoff)


def _unknown(rule: DormancyRule, since: ColumnElement[datetime]) -> ColumnElement[str | None]:
    return unknown_reason(rule.coverage, since, rule.now)


def _unknown_since_idle(rule: DormancyRule) -> ColumnElement[str | None]:
    """A use in the very moment of the limit is none since: who was last seen then is idle, if all since is known."""
    return _unknown(rule, _cutoff(rule.now + MOMENT, rule.dormancy))


def why_unknown(rule: DormancyRule) -> ColumnElement[str | None]:
    """Why nothing can be said of an account whose verdict is UNKNOWN; as an SQL expression."""
    return func.coalesce(_unknown_since_idle(rule), _unknown(rule, _active_since))


def count_verdicts(act: Act, rule: DormancyRule) -> Counts:
    """How many accounts have each verdict. One query, and one that counts accounts."""
    verdict = verdict_of(rule).label("verdict")
    why = case((verdict_of(rule) == DormancyVerdict.UNKNOWN.value, why_unknown(rule)), else_="").label("why")
    rows = act.session.execute(_accounts([verdict, why, func.count()]).where(_not_in_use(rule)).group_by(verdict, why))
    counts, unknown = {each.value: 0 for each in DormancyVerdict}, {}
    for name, reason, number in rows:
        counts[name] += number
        if name == DormancyVerdict.UNKNOWN:
            unknown[reason] = number
    others = sum(number for name, number in counts.items() if name != DormancyVerdict.ACTIVE)
    return Counts(verdicts=counts | {DormancyVerdict.ACTIVE.value: count_in_use(act) - others}, unknown=unknown)


def _select(rule: DormancyRule, wanted: frozenset[str] = FOUND) -> Select[Any]:
    verdict = verdict_of(rule)
    columns: list[Any] = [AccountRow.id.label("account_id"), AccountRow.user_name, AccountRow.account_class]
    columns += [verdict.label("verdict"), ActivityRow.last_used_at, ActivityRow.last_used_source]
    columns += [_active_since.label("active_since"), why_unknown(rule).label("why")]
    return _accounts(columns).where(_not_in_use(rule), verdict.in_(sorted(wanted))).order_by(_idle_since, AccountRow.id)


def _evidence(rule: DormancyRule, row: Row[Any]) -> dict[str, Any]:
    unknown = row.verdict == DormancyVerdict.UNKNOWN.value
    why = {"why": row.why, "covers_since": iso(rule.coverage.since)} if unknown else {}
    return {
        "last_used_at": iso(row.last_used_at),
        "source": row.last_used_source,
        "active_since": row.active_since.isoformat(),
        **why,
    }


def list_dormant(act: Act, rule: DormancyRule, *, limit: int | None = None) -> list[Found]:
    """Dormant and never-used accounts, the longest idle first. Reads only."""
    return DORMANT.list_found(act, rule, count=limit)


def list_unknown(act: Act, rule: DormancyRule, *, limit: int | None = None) -> list[Found]:
    """Accounts of which nothing can be said, each with the reason and the age of the evidence. Reads only."""
    unknown = _select(rule, frozenset({DormancyVerdict.UNKNOWN.value}))
    return DORMANT.read(rule, act.session.execute(unknown.limit(limit)))


def _reason(rule: DormancyRule, count: int) -> str:
    spans = sorted({span.days for span in rule.dormancy.values()})
    days = "天、".join(map(str, spans))
    by_class = "（按账号类别）" if len(spans) > 1 else ""
    return f"检查发现{count}个账号连续{days}天{by_class}未使用或开通后从未使用"


DORMANT = Scan[DormancyRule](
    name="dormant",
    title=Text("僵尸用户", "zombie accounts"),
    clause=CLAUSE,
    kind=RequestKind.DISABLE_DORMANT,
    found=FOUND,
    rule=rule_in_force,
    count=count_verdicts,
    select=_select,
    may_propose=lambda _rule: literal(True),
    evidence=_evidence,
    reason=_reason,
    quiet=lambda rule: max(rule.dormancy.values()),
)
