"""What no person may hold together, and what nobody gets around the opening of bids: checked, never decided here."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from connector.auth.act import Act
from connector.conflicts import exceptions, holdings
from connector.conflicts.errors import BlackoutError, ConflictOfDutyError, OwnExceptionError
from connector.conflicts.rules import Conflict, Held, Window, blackout, first_blackout, new_conflicts
from connector.conflicts.tables import ExceptionRow, ProjectRow
from connector.register import catalogue
from connector.register.offices import OFFICE_ZONE
from connector.register.tables import PermissionRow, PersonRow, UnitRow


class Use(Protocol):
    """A box of privileged use, as this room sees it."""

    person_id: Any
    unit_id: Any
    permissions: Any
    ends_at: Any


def lock_person(act: Act, person_id: str) -> None:
    """Two who give one person charges at the same moment come one after another."""
    act.session.execute(select(PersonRow.id).where(PersonRow.id == person_id).with_for_update())


def check_permissions(
    act: Act, person_id: str, permissions: Sequence[PermissionRow], *, start: datetime, end: datetime | None = None,
    without: Collection[str] = (),
) -> list[ExceptionRow]:  # fmt: skip
    """The exceptions that these permissions rest on, from `start` up to `end` (None: for good) (HH 3, JC 7).

    `without` are permissions withdrawn by the same request. ConflictOfDutyError for the first conflict that no
    exception in force covers.
    """
    asked = [Held(charge.name, row.id, start, end) for row in permissions if (charge := holdings.charge_of(act, row))]
    return check_charges(act, person_id, asked, holdings.charges_of(act, person_id, without=without))


def check_charges(act: Act, person_id: str, asked: Sequence[Held], held: Sequence[Held]) -> list[ExceptionRow]:
    """As `check_permissions`, of charges wherever they come from."""
    used: dict[str, ExceptionRow] = {}
    for conflict in new_conflicts(asked, held, act.rulebook.exclusion):
        covering = exceptions.find_covering(act, person_id, conflict, _until(asked))
        if covering is None:
            raise refusal(act, conflict)
        used[covering.id] = covering
    return list(used.values())


def check_blackout(
    act: Act, person_id: str, unit: UnitRow, permissions: Sequence[PermissionRow], start: datetime, end: datetime
) -> list[ExceptionRow]:
    """The exceptions under which sensitive permissions are given or used from `start` up to `end` (LC 8).

    `end` equal to `start` asks about that moment. BlackoutError names the project and when its blackout is over.
    """
    sensitive = sorted(row.id for row in permissions if row.sensitive)
    used: list[ExceptionRow] = []
    windows = windows_of(act, unit) if sensitive else []
    while (window := first_blackout(start, end, windows)) is not None:
        covering = exceptions.find_for_blackout(act, person_id, window.project, max(start, window.start))
        if covering is None:
            until = f"{window.end.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"
            raise BlackoutError(project=window.project, until=until, permissions=", ".join(sensitive))
        used.append(covering)
        windows = [other for other in windows if other.project != window.project]
    return used


def check_decider(used: Sequence[ExceptionRow], deciders: Collection[str]) -> None:
    """None of the deciders approved an exception that the request rests on; OwnExceptionError (JC 7, HH 3)."""
    for exception in used:
        if set(exception.approvers) & set(deciders):
            raise OwnExceptionError(number=exception.number, act="-", offices="-")


def forbids_box(act: Act, box: Use) -> bool:
    """Whether a blackout or a conflict of duty forbids this box at the act's moment (LC 8, HH 3)."""
    rows = catalogue.check_permissions(act, box.permissions)
    unit = act.session.get_one(UnitRow, box.unit_id)
    try:
        check_permissions(act, box.person_id, rows, start=act.now, end=max(box.ends_at, act.now))
        check_blackout(act, box.person_id, unit, rows, act.now, act.now)
    except (ConflictOfDutyError, BlackoutError):
        return True
    return False


def windows_of(act: Act, unit: UnitRow) -> list[Window]:
    """The blackouts of every open project of the unit's region, of which any may be spoiled by one look."""
    region = "/".join(unit.path.split("/")[:2]) + "/"
    before, after = act.rulebook.number("blackout_minutes_before"), act.rulebook.number("blackout_minutes_after")
    rows = act.session.execute(
        select(ProjectRow.number, ProjectRow.bid_opening_at)
        .join(UnitRow, UnitRow.id == ProjectRow.unit_id)
        .where(ProjectRow.closed_at.is_(None), ProjectRow.bid_opening_at.is_not(None))
        .where(UnitRow.path.startswith(region, autoescape=True))
    )
    windows = [blackout(number, opening, before, after) for number, opening in rows if opening is not None]
    return [window for window in windows if window.end > act.now]


def refusal(act: Act, conflict: Conflict) -> ConflictOfDutyError:
    """The conflict in words, with the clause that forbids it."""
    named = {charge.name: charge for charge in act.rulebook.charges()}
    first, second = named[conflict.first.charge], named[conflict.second.charge]
    project = conflict.project
    return ConflictOfDutyError(
        clause=conflict.clause, first=conflict.first.source, second=conflict.second.source,
        first_zh=first.title, first_en=first.title_en, second_zh=second.title, second_en=second.title_en,
        project_zh=f"（项目{project}）" if project else "", project_en=f" in project {project}" if project else "",
    )  # fmt: skip


def _until(asked: Sequence[Held]) -> datetime | None:
    """The latest end of what is asked for, where all of it ends."""
    ends = [held.end for held in asked]
    return max((end for end in ends if end is not None), default=None) if None not in ends else None
