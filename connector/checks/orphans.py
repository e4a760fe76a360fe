"""Accounts that nobody answers for (JC 9, LC 7(2)): no head above them, no permission left, unknown to the directory.

Three things a centre understands, in this order:
- no_head: in the unit and in every unit above it nobody holds the office of unit head, leader in charge or principal;
- no_permission: no permission for the span of the rule packs, and no office either, so it opens nothing;
- no_directory_key: the person is not tied to the HR directory, which would tell of his leaving. Only where a rule pack
  asks for it (`directory_key_days`), and never for agencies: their people are in no directory of the centre.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, false, func, not_, or_, select

from connector.auth.act import Act
from connector.checks.scan import IN_USE, Counts, Scan, count_in_use, iso
from connector.errors import Text
from connector.register import offices
from connector.register.tables import AccountRow, AppointmentRow, GrantRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office, RequestKind

CLAUSE = "JC 9, LC 7(2)"
QUIET = timedelta(days=90)  # A quarter: the clean-up list is filed each quarter (JC 19).
ANSWERABLE = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE, Office.PRINCIPAL)


class OrphanVerdict(StrEnum):
    """Why nobody answers for an account; the first that holds."""

    KEPT = "kept"
    NO_HEAD = "no_head"
    NO_PERMISSION = "no_permission"
    NO_DIRECTORY_KEY = "no_directory_key"


FOUND = frozenset({each.value for each in OrphanVerdict} - {OrphanVerdict.KEPT.value})


@dataclass(frozen=True, kw_only=True)
class OrphanRule:
    """The rule of one run. `headless` are ids of units that nobody answers for; `in_office` whom no scan may touch."""

    now: datetime
    no_permission: timedelta
    directory_key: timedelta | None
    headless: tuple[str, ...]
    in_office: ColumnElement[bool]

    def as_json(self) -> dict[str, Any]:
        return {
            "no_permission_days": self.no_permission.days,
            "directory_key_days": self.directory_key.days if self.directory_key else None,
            "units_without_head": len(self.headless),
            "clause": CLAUSE,
        }


def rule_in_force(act: Act) -> OrphanRule:
    units = act.session.execute(select(UnitRow.id, UnitRow.path))
    headed = act.session.scalars(
        select(UnitRow.path)
        .join(AppointmentRow, AppointmentRow.unit_id == UnitRow.id)
        .where(AppointmentRow.office.in_([office.value for office in ANSWERABLE]), offices.in_office(act))
        .distinct()
    )
    return OrphanRule(
        now=act.now,
        no_permission=act.rulebook.no_permission(),
        directory_key=act.rulebook.directory_key(),
        headless=headless_units({unit_id: path for unit_id, path in units}, headed),
        in_office=offices.in_office(act),
    )


def headless_units(paths: Mapping[str, str], headed: Iterable[str]) -> tuple[str, ...]:
    """Pure: units (by id, with their path "/a/b/") of which neither they nor any above are in `headed`."""
    known = set(headed)
    return tuple(sorted(unit_id for unit_id, path in paths.items() if not known & set(_paths_above(path))))


def _paths_above(path: str) -> list[str]:
    codes = path.strip("/").split("/")
    return ["/" + "/".join(codes[: depth + 1]) + "/" for depth in range(len(codes))]


_last_grant = (
    select(func.max(GrantRow.until)).where(GrantRow.account_id == AccountRow.id).correlate(AccountRow).scalar_subquery()
)


def _no_permission(rule: OrphanRule) -> ColumnElement[bool]:
    cutoff = rule.now - rule.no_permission
    held_since = or_(GrantRow.until.is_(None), GrantRow.until > cutoff)
    had_permission = exists().where(GrantRow.account_id == AccountRow.id, held_since)
    holds_office = exists().where(AppointmentRow.person_id == AccountRow.person_id, rule.in_office)
    return and_(AccountRow.opened_at <= cutoff, not_(had_permission), not_(holds_office))


def _no_directory_key(rule: OrphanRule) -> ColumnElement[bool]:
    if rule.directory_key is None:
        return false()
    old_enough = AccountRow.opened_at <= rule.now - rule.directory_key
    return and_(old_enough, PersonRow.directory_key.is_(None), UnitRow.kind.not_in(["agency", "region"]))


def _no_head(rule: OrphanRule) -> ColumnElement[bool]:
    return PersonRow.unit_id.in_(rule.headless) if rule.headless else false()


def _verdict(rule: OrphanRule) -> ColumnElement[str]:
    return case(
        (_no_head(rule), OrphanVerdict.NO_HEAD.value),
        (_no_permission(rule), OrphanVerdict.NO_PERMISSION.value),
        else_=OrphanVerdict.NO_DIRECTORY_KEY.value,
    )


def _accounts(columns: list[Any], rule: OrphanRule) -> Select[Any]:
    return (
        select(*columns)
        .select_from(AccountRow)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .where(IN_USE, or_(_no_head(rule), _no_permission(rule), _no_directory_key(rule)))
    )


def _count(act: Act, rule: OrphanRule) -> Counts:
    verdict = _verdict(rule).label("verdict")
    rows = act.session.execute(_accounts([verdict, func.count()], rule).group_by(verdict))
    counts = {each.value: 0 for each in OrphanVerdict} | {name: number for name, number in rows}
    kept = count_in_use(act) - sum(counts.values())
    return Counts(verdicts=counts | {OrphanVerdict.KEPT.value: kept}, unknown={})


def _select(rule: OrphanRule) -> Select[Any]:
    columns: list[Any] = [AccountRow.id.label("account_id"), AccountRow.user_name, AccountRow.account_class]
    columns += [_verdict(rule).label("verdict"), UnitRow.code.label("unit_code"), AccountRow.opened_at]
    columns += [_last_grant.label("last_grant")]
    return _accounts(columns, rule).order_by(AccountRow.opened_at, AccountRow.id)


def _evidence(_rule: OrphanRule, row: Row[Any]) -> dict[str, Any]:
    return {"unit": row.unit_code, "opened_at": iso(row.opened_at), "last_permission_until": iso(row.last_grant)}


ORPHANED = Scan[OrphanRule](
    name="orphaned",
    title=Text("无主账号", "accounts that nobody answers for"),
    clause=CLAUSE,
    kind=RequestKind.DISABLE_FOUND,
    found=FOUND,
    rule=rule_in_force,
    count=_count,
    select=_select,
    may_propose=lambda _rule: AccountRow.id.is_not(None),
    evidence=_evidence,
    reason=lambda _rule, count: f"检查发现{count}个账号无人负责、长期没有权限或不在人事目录中",
    quiet=lambda _rule: QUIET,
)
