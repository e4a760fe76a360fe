"""Drafts of a unit's next table of posts and permissions: typed on a page, sent, or read from a file (JC 4).

A draft allows nobody anything. It becomes a request, and the request a version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.register import matrix, matrix_lines, units
from connector.register.matrix_errors import MatrixDraftMovedOnError
from connector.register.matrix_lines import MatrixChange, MatrixLine
from connector.register.matrix_tables import MatrixDraftRow
from connector.register.offices import check_holds
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office

DOING = "修订本单位的账号权限对照表 / revise the unit's table of posts and permissions"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft, or where there is none (`revision` 0) the table in force to begin from."""

    unit_code: str
    unit_name: str
    based_on: int
    in_force: int
    revision: int
    lines: tuple[MatrixLine, ...]
    change: MatrixChange
    edited_by: str
    edited_at: datetime | None


def check_keeper(act: Act, unit_id: str) -> None:
    """A unit's table is kept by its head, or that of a unit above (JC 4); ForbiddenError for everybody else."""
    check_holds(act, Office.UNIT_HEAD, unit_id=unit_id, doing=DOING)


def get_draft(act: Act, unit_code: str) -> Draft:
    """The unit's draft with its difference to the table in force. Raises NotFoundError, ForbiddenError."""
    unit = _unit(act, unit_code)
    return _draft(act, unit, act.session.get(MatrixDraftRow, unit.id))


def save_draft(act: Act, unit_code: str, lines: Sequence[MatrixLine], *, revision: int) -> Draft:
    """Stores the draft in place of save `revision` (0: there was none); it may be unfinished, and empty.

    Raises MatrixDraftMovedOnError when somebody else has saved since, RefusedInputError, NotFoundError, ForbiddenError.
    """
    unit = matrix.lock_unit(act, _unit(act, unit_code).id)
    matrix_lines.check_lines(act, lines)
    row = act.session.get(MatrixDraftRow, unit.id, populate_existing=True)
    if (row.revision if row else 0) != revision:
        raise MatrixDraftMovedOnError(unit=unit.name, revision=row.revision if row else 0)
    if row is None:
        # A draft keeps the version it was begun from: saving it does not look at what another version brought.
        row = MatrixDraftRow(unit_id=unit.id, based_on=matrix.last_version(act, unit.id), revision=0)
        act.session.add(row)
    row.lines = [line.model_dump() for line in lines]
    row.revision, row.edited_by, row.edited_at = revision + 1, act.actor.name, act.now
    act.session.flush()
    _record(act, Event.MATRIX_DRAFT_SAVED, unit.id, unit=unit.code, revision=row.revision, lines=len(lines))
    return _draft(act, unit, row)


def discard_draft(act: Act, unit_code: str) -> None:
    """Throws the unit's draft away. Raises NotFoundError, ForbiddenError."""
    unit = _unit(act, unit_code)
    drop(act, unit.id)
    _record(act, Event.MATRIX_DRAFT_DISCARDED, unit.id, unit=unit.code)


def drop(act: Act, unit_id: str) -> None:
    """The draft has become a version, or is not wanted."""
    act.session.execute(delete(MatrixDraftRow).where(MatrixDraftRow.unit_id == unit_id))


def _record(act: Act, event: Event, unit_id: str, **data: Any) -> None:
    audit.record(act, event, f"unit:{unit_id}", **data)


def _unit(act: Act, unit_code: str) -> UnitRow:
    """The unit, for its keeper and for the operator of the machine: a draft changes nothing."""
    unit = units.get_unit(act, unit_code)
    if act.actor.kind is not ActorKind.HOST:
        check_keeper(act, unit.id)
    return unit


def _draft(act: Act, unit: UnitRow, row: MatrixDraftRow | None) -> Draft:
    present = matrix.lines_of(act, matrix.in_force(act, unit.id))
    lines = tuple(MatrixLine.model_validate(line) for line in row.lines) if row else tuple(present)
    last = matrix.last_version(act, unit.id)
    return Draft(
        unit_code=unit.code,
        unit_name=unit.name,
        based_on=row.based_on if row else last,
        in_force=last,
        revision=row.revision if row else 0,
        lines=lines,
        change=matrix_lines.compare(present, lines),
        edited_by=row.edited_by if row else "",
        edited_at=row.edited_at if row else None,
    )
