"""Duties that wait in other rooms: decisions, forms of leavers, secrets, passwords, test accounts. Reads only."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select

from connector.auth.act import Act
from connector.checks import passwords
from connector.checks.passwords import PasswordVerdict
from connector.departures import service as departures
from connector.duties.duty import Duty
from connector.errors import Text
from connector.register import units
from connector.register.tables import AccountRow, GrantRow, PermissionRow, SubsystemRow, UnitRow
from connector.regulations.vocabulary import AccountPurpose, AccountStatus, Office
from connector.requests.tables import RequestRow, StageRow


def list_waiting(act: Act) -> Iterator[Duty]:
    """What people must do now, put together by office and unit."""
    yield from _decisions(act)
    yield from _leavers(act)
    yield from _secrets(act)
    yield from _passwords(act)
    yield from _test_accounts(act)


def _decisions(act: Act) -> Iterator[Duty]:
    rows = act.session.execute(
        select(StageRow.office, UnitRow, StageRow.clause, func.count(), func.min(StageRow.due_at))
        .join(UnitRow, UnitRow.id == StageRow.unit_id)
        .join(RequestRow, RequestRow.id == StageRow.request_id)
        .where(StageRow.state == "open", RequestRow.state == "pending")
        .group_by(StageRow.office, UnitRow.id, StageRow.clause)
        .order_by(func.min(StageRow.due_at))
    )
    for office, unit, clause, count, due_at in rows:
        yield Duty(
            key=f"decide:{office}:{unit.code}:{clause}",
            what=Text("审批申请", "decide requests"),
            clause=clause,
            page="/pages/inbox",
            office=Office(office),
            unit=unit,
            count=count,
            due_at=due_at,
        )


def _leavers(act: Act) -> Iterator[Duty]:
    """The written form that follows a leaver's freeze, by unit (LC 7(2), JC 14)."""
    by_unit: dict[str, list[datetime]] = {}
    for case in departures.list_cases(act, open_only=True, limit=10_000):
        if case.form_request_id is None:
            by_unit.setdefault(case.unit, []).append(case.form_due_at)
    for code, dues in sorted(by_unit.items()):
        yield Duty(
            key=f"departure:{code}",
            what=Text("补交离岗书面申请", "the written form for leavers"),
            clause="LC 7(2), JC 14",
            page="/pages/departures",
            office=Office.UNIT_HEAD,
            unit=units.find_unit(act, code),
            count=len(dues),
            due_at=min(dues),
        )


def _secrets(act: Act) -> Iterator[Duty]:
    for case in departures.list_rotations(act, open_only=True):
        yield Duty(
            key=f"rotation:{case.case_id}",
            what=Text("更改离岗管理员知晓的口令", "change what a leaving administrator knew"),
            clause="JC 22",
            page="/pages/departures/rotations",
            office=Office.SYSTEM_ADMINISTRATOR,
            unit=units.centre(act),
            count=case.open_items,
            due_at=case.due_at,
        )


def _passwords(act: Act) -> Iterator[Duty]:
    counts = passwords.count_verdicts(act)
    late = counts[PasswordVerdict.EXPIRED] + counts[PasswordVerdict.INITIAL]
    if late:
        yield Duty(
            key="passwords",
            what=Text("口令到期或初始口令未修改", "passwords past their limit, or initial ones never changed"),
            clause="JC 25, GS 10(4), JC 23",
            page="/pages/scans/passwords",
            office=Office.SYSTEM_DEPARTMENT_HEAD,
            unit=units.centre(act),
            count=late,
        )


def _test_accounts(act: Act) -> Iterator[Duty]:
    """The acceptance check of each subsystem in which test accounts are left (JC 21)."""
    rows = act.session.execute(
        select(
            SubsystemRow.id, SubsystemRow.name, func.count(AccountRow.id.distinct()), func.min(AccountRow.valid_until)
        )
        .join(PermissionRow, PermissionRow.subsystem_id == SubsystemRow.id)
        .join(GrantRow, GrantRow.permission_id == PermissionRow.id)
        .join(AccountRow, AccountRow.id == GrantRow.account_id)
        .where(
            GrantRow.until.is_(None),
            AccountRow.purpose == AccountPurpose.TEST.value,
            AccountRow.status != AccountStatus.CANCELLED.value,
        )
        .group_by(SubsystemRow.id, SubsystemRow.name)
        .order_by(SubsystemRow.id)
    )
    for subsystem, name, count, ends in rows:
        yield Duty(
            key=f"acceptance:{subsystem}",
            what=Text(f"验收检查：删除{name}的测试账号", f"acceptance check: delete the test accounts of {subsystem}"),
            clause="JC 21",
            page="/pages/scans",
            office=Office.SYSTEM_DEPARTMENT_HEAD,
            unit=units.centre(act),
            count=count,
            due_at=ends,
        )
