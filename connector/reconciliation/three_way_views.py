"""What is shown of the three-way check: the newest one, and the worklist. No names of persons."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import NotFoundError
from connector.reconciliation.three_way_exports import newest_export
from connector.reconciliation.three_way_rules import GAP_NAMES, ROAD_NAMES, ROADS, Gap
from connector.reconciliation.three_way_tables import MatrixCheckRow, MatrixDifferenceRow
from connector.register import catalogue
from connector.register.reach import Units, inside, units_in_reach
from connector.register.readers import RECONCILIATIONS
from connector.register.tables import UnitRow
from connector.requests.tables import RequestRow

DOING = "查看对照表差异清单 / the worklist of the three-way check"


@dataclass(frozen=True, kw_only=True)
class RoadView:
    """A way to settle a difference: withdraw, matrix, repair, grant, or export."""

    road: str
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class GapView:
    """One line of the worklist. `permission` is "subsystem:role", empty for a user as a whole."""

    id: str
    kind: str
    kind_zh: str
    kind_en: str
    user_name: str
    account_id: str | None
    unit_code: str | None
    unit_name: str | None
    post: str
    permission: str
    roads: list[RoadView]
    found_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    request: str | None
    request_state: str | None


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One check: what it found, by kind and by unit, and what it was compared with."""

    id: str
    finished_at: datetime
    run: str
    counts: dict[str, int]
    by_unit: dict[str, dict[str, int]]
    opened: int
    closed: int
    excepted: int
    unproved: int
    without_table: int
    exports: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ExportView:
    """What a subsystem said last of its users; all but `subsystem` empty where it never did."""

    subsystem: str
    name: str
    taken_at: datetime | None
    received_at: datetime | None
    received_by: str
    rows: int
    sha256: str


def reach(act: Act) -> Units:
    """The units whose lines the actor may see; the machine's operator and the jobs see all (GS 3)."""
    if act.actor.kind in (ActorKind.HOST, ActorKind.JOB):
        return None
    return units_in_reach(act, RECONCILIATIONS, doing=DOING)


def list_gaps(
    act: Act,
    *,
    unit_code: str = "",
    kind: Gap | None = None,
    open_only: bool = True,
    first: int = 0,
    count: int = 200,
) -> list[GapView]:
    """The worklist, the oldest first; a unit head sees that of his units. Raises ForbiddenError."""
    query = _selected(act, unit_code, kind, open_only=open_only)
    ordered = query.order_by(MatrixDifferenceRow.found_at, MatrixDifferenceRow.id).offset(first).limit(count)
    return [_view(*row) for row in act.session.execute(ordered)]


def count_gaps(act: Act, *, unit_code: str = "", kind: Gap | None = None, open_only: bool = True) -> int:
    """How many lines `list_gaps` has in all."""
    query = _selected(act, unit_code, kind, open_only=open_only).with_only_columns(
        func.count(), maintain_column_froms=True
    )
    return act.session.scalar(query) or 0


def get_gap(act: Act, gap_id: str) -> GapView:
    """One line; NotFoundError also for whoever may not see it."""
    query = _selected(act, "", None, open_only=False).where(MatrixDifferenceRow.id == gap_id)
    row = act.session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(kind="对照表差异 (difference)", name=gap_id)
    return _view(*row)


def newest_check(act: Act) -> CheckView | None:
    """The last complete check; for those who see the whole, because its counts are of every unit."""
    reach(act)
    row = act.session.scalars(
        select(MatrixCheckRow).order_by(MatrixCheckRow.finished_at.desc(), MatrixCheckRow.id).limit(1)
    ).first()
    if row is None:
        return None
    return CheckView(
        id=row.id,
        finished_at=row.finished_at,
        run=row.run_id,
        counts=row.counts,
        by_unit=_within(act, row.by_unit),
        opened=row.opened,
        closed=row.closed,
        excepted=row.excepted,
        unproved=row.unproved,
        without_table=row.without_table,
        exports=row.exports,
    )


def list_exports(act: Act) -> list[ExportView]:
    """Every subsystem with its newest list of users, if it ever sent one."""
    reach(act)
    shown = []
    for subsystem in catalogue.list_subsystems(act):
        row = newest_export(act, subsystem.id)
        shown.append(
            ExportView(
                subsystem=subsystem.id,
                name=subsystem.name,
                taken_at=row.taken_at if row else None,
                received_at=row.received_at if row else None,
                received_by=row.received_by if row else "",
                rows=row.rows if row else 0,
                sha256=row.sha256 if row else "",
            )
        )
    return shown


def _within(act: Act, by_unit: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    within = reach(act)
    if within is None:
        return by_unit
    own = set(act.session.scalars(select(UnitRow.code).where(*inside(within, UnitRow.path))))
    return {code: counts for code, counts in by_unit.items() if code in own}


Selected = Select[MatrixDifferenceRow, str, str, str, str]


def _selected(act: Act, unit_code: str, kind: Gap | None, *, open_only: bool) -> Selected:
    query = (
        select(MatrixDifferenceRow, UnitRow.code, UnitRow.name, RequestRow.number, RequestRow.state)
        .outerjoin(UnitRow, UnitRow.id == MatrixDifferenceRow.unit_id)
        .outerjoin(RequestRow, RequestRow.id == MatrixDifferenceRow.request_id)
        .where(*inside(reach(act), UnitRow.path))
    )
    if open_only:
        query = query.where(MatrixDifferenceRow.closed_at.is_(None))
    if unit_code:
        query = query.where(UnitRow.code == unit_code)
    return query if kind is None else query.where(MatrixDifferenceRow.kind == kind.value)


def _view(
    row: MatrixDifferenceRow, unit_code: str | None, unit_name: str | None, number: str | None, state: str | None
) -> GapView:
    kind = Gap(row.kind)
    return GapView(
        id=row.id,
        kind=row.kind,
        kind_zh=GAP_NAMES[kind].zh,
        kind_en=GAP_NAMES[kind].en,
        user_name=row.user_name,
        account_id=row.account_id,
        unit_code=unit_code,
        unit_name=unit_name,
        post=row.post,
        permission=row.permission,
        roads=[RoadView(road=road.value, zh=ROAD_NAMES[road].zh, en=ROAD_NAMES[road].en) for road in ROADS[kind]],
        found_at=row.found_at,
        seen_at=row.seen_at,
        closed_at=row.closed_at,
        request=number,
        request_state=state,
    )
