"""Confines a session to what its actor may see (GS 3, GS 5-7): every read of it, by whatever route, page or command.

Whoever administers a part of the tree works in a session in which the rest does not exist: rows of units, persons and
accounts outside his reach are not found, not listed and not counted, in tables that stand today and in those to come.
The rule is taken from the columns of a table; a table without such a column is closed unless it is named in OPEN.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    event,
    false,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.register import reach
from connector.register.errors import AuditorReadsOnlyError
from connector.register.reach import Reach
from connector.register.separated import is_auditor
from connector.storage.tables import Base

SCOPE, AUDITS, BEYOND = "trading_idp_scope", "trading_idp_audits", "trading_idp_beyond"

# What belongs to the installation and names no unit: the catalogue, the timetable, counters, one's own pages.
OPEN = frozenset({
    "subsystems", "permissions", "password_policies", "job_schedule", "job_runs",
    "page_sessions", "page_forms", "page_drafts", "page_sign_ins", "signal_streams", "ingestion_cursors",
    "activity_baselines", "directory_reads", "directory_cursor", "provenance_gate", "login_failures",
})  # fmt: skip
# What an auditor's session may write: the record of his reading, and his own session at the pages.
AUDITORS_OWN = frozenset({"audit_entries", "page_sessions", "page_forms", "page_drafts", "page_sign_ins"})

LINKS = frozenset({"account_id", "keycloak_id", "user_id", "person_id", "unit_id", "unit_code", "holder_id"})

Rule = Callable[[Any, "Confinement"], ColumnElement[bool]]  # over a bare table, or a mapped class in its place
RULES: dict[str, Rule] = {}  # by table; a room above adds what only it can say


class Columns:
    """The columns of a mapped class, or of an alias of it, by name: in the place of a table's own."""

    def __init__(self, mapper: Mapper[Any], entity: Any) -> None:
        self._named = {
            column.name: getattr(entity, mapper.get_property_by_column(column).key) for column in mapper.local_table.c
        }

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __getitem__(self, name: str) -> Any:
        return self._named[name]

    def __getattr__(self, name: str) -> Any:
        return self._named[name]


class Mapped:
    """Stands for the table of a mapped class in a rule."""

    def __init__(self, mapper: Mapper[Any], entity: Any) -> None:
        self.c = Columns(mapper, entity)


class Confinement:
    """The ids of one reach as subqueries on the bare tables, which are not confined themselves."""

    def __init__(self, scope: Reach, person_id: str) -> None:
        self.scope, self.person_id = scope, person_id
        self.tables = Base.metadata.tables
        units, persons, accounts = (self.tables[name].alias() for name in ("units", "persons", "accounts"))
        self.units: Select[Any] = select(units.c.id).where(scope.condition(units.c.path))
        self.unit_codes: Select[Any] = select(units.c.code).where(scope.condition(units.c.path))
        held = self.tables["appointments"].alias()
        self.own_units: CompoundSelect[Any] = union_all(
            select(held.c.unit_id).where(held.c.person_id == person_id, held.c.ended_at.is_(None)),
            select(persons.c.unit_id).where(persons.c.id == person_id),
        )
        self.persons: Select[Any] = select(persons.c.id).where(
            or_(persons.c.unit_id.in_(self.units), persons.c.id == person_id)
        )
        self.accounts: Select[Any] = select(accounts.c.id).where(accounts.c.person_id.in_(self.persons))
        self.users: Select[Any] = select(accounts.c.keycloak_id).where(
            accounts.c.person_id.in_(self.persons), accounts.c.keycloak_id.is_not(None)
        )

    def links(self) -> tuple[tuple[str, Select[Any]], ...]:
        """By which column a row is bound to the tree, the closest first."""
        return (
            ("account_id", self.accounts),
            ("keycloak_id", self.users),
            ("user_id", self.users),
            ("person_id", self.persons),
            ("holder_id", self.persons),
            ("unit_id", self.units),
            ("unit_code", self.unit_codes),
        )


def rule(table: str) -> Callable[[Rule], Rule]:
    """Names the rule of one table, where its columns do not say it."""

    def note(function: Rule) -> Rule:
        RULES[table] = function
        return function

    return note


def confine(act: Act) -> None:
    """Confines the act's session to its actor's reach, as it is at this moment (GS 3, GS 5). Called where acts open."""
    if act.actor.kind is not ActorKind.PERSON or act.actor.person_id is None:
        return
    info = act.session.info
    info.pop(SCOPE, None)
    info[AUDITS] = is_auditor(act)
    scope = reach.reach_of(act)
    if scope is not None:
        info[SCOPE] = Confinement(scope, act.actor.person_id)


def among(column: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """SQL condition: the column names one of these."""
    return column.in_(ids)


@contextmanager
def beyond(act: Act) -> Iterator[None]:
    """Within the block the session sees everything: for rules that must know it, never for what is shown."""
    info = act.session.info
    info[BEYOND] = info.get(BEYOND, 0) + 1
    try:
        yield
    finally:
        info[BEYOND] -= 1


def lift(act: Act) -> None:
    """From here on the act sees everything: what it is about was found within the reach, and rules must know it all."""
    act.session.info[BEYOND] = act.session.info.get(BEYOND, 0) + 1


def is_open(name: str) -> bool:
    """Whether a table belongs to the installation and names nobody; the counters of numbers are such."""
    return name in OPEN or name.endswith("_numbers")


def is_governed(table: FromClause) -> bool:
    """Whether the table says by itself, by a rule or by OPEN, who may see its rows; otherwise it is closed."""
    name = str(getattr(table, "name", ""))
    return name in RULES or is_open(name) or bool(LINKS & set(table.c.keys())) or _parent(table) is not None


def visible(table: Any, own: Confinement, name: str) -> ColumnElement[bool]:
    """SQL condition: the row of the table `name` is within the reach, by the closest link that is filled."""
    if name in RULES:
        return RULES[name](table, own)
    present = [(table.c[column], ids) for column, ids in own.links() if column in table.c]
    if not present:
        return _with_parent(table, own, name)
    choices: list[ColumnElement[bool]] = []
    missing: list[ColumnElement[bool]] = []
    for column, ids in present:
        choices.append(and_(*missing, column.in_(ids)))
        missing.append(column.is_(None))
    return or_(*choices, and_(*missing, _with_parent(table, own, name)))


def _parent(table: FromClause) -> tuple[str, str, str] | None:
    """The column of a part, and table and column of the whole it belongs to, where the whole is governed."""
    for column in sorted(table.c, key=lambda one: (not one.primary_key, one.name)):
        for key in column.foreign_keys if column.name not in LINKS else ():
            whole = key.column.table
            if not is_open(whole.name) and whole.name != getattr(table, "name", "") and is_governed(whole):
                return column.name, whole.name, key.column.name
    return None


def _with_parent(table: Any, own: Confinement, name: str) -> ColumnElement[bool]:
    """A part is seen with the whole it belongs to."""
    found = _parent(own.tables[name])
    if found is None:
        return false()
    column, whole_name, key = found
    whole = own.tables[whole_name].alias()
    return among(table.c[column], select(whole.c[key]).where(visible(whole, own, whole_name)))


@rule("units")
def _units(table: Any, own: Confinement) -> ColumnElement[bool]:
    return or_(own.scope.condition(table.c.path), table.c.id.in_(own.own_units))


@rule("persons")
def _persons(table: Any, own: Confinement) -> ColumnElement[bool]:
    return or_(table.c.unit_id.in_(own.units), table.c.id == own.person_id)


@rule("accounts")
def _accounts(table: Any, own: Confinement) -> ColumnElement[bool]:
    return among(table.c.person_id, own.persons)


@rule("appointments")
def _appointments(table: Any, own: Confinement) -> ColumnElement[bool]:
    return or_(table.c.unit_id.in_(own.units), table.c.person_id == own.person_id)


@rule("audit_entries")
def _audit_entries(table: Any, own: Confinement) -> ColumnElement[bool]:
    nobody = and_(table.c.account_id.is_(None), table.c.person_id.is_(None))
    return or_(
        table.c.account_id.in_(own.accounts),
        and_(table.c.account_id.is_(None), table.c.person_id.in_(own.persons)),
        and_(nobody, table.c.actor_person_id.in_(own.persons)),
    )


def _own_orders(table: Any, own: Confinement) -> ColumnElement[bool]:
    return among(table.c.orderer_id, own.persons)  # Its size counts people of every unit.


RULES["freeze_orders"] = _own_orders


def _total(_table: Any, _own: Confinement) -> ColumnElement[bool]:
    return false()


for _name in ("scan_runs", "reconciliations", "departure_plans"):
    RULES[_name] = _total  # They count the accounts of every unit, whoever decides what they propose.


@rule("key_batches")
def _key_batches(table: Any, own: Confinement) -> ColumnElement[bool]:
    accounts = own.tables["accounts"].alias()
    return among(table.c.received_by, select(accounts.c.user_name).where(accounts.c.person_id.in_(own.persons)))


@event.listens_for(Session, "do_orm_execute")
def _confine_statement(state: ORMExecuteState) -> None:
    own: Confinement | None = state.session.info.get(SCOPE)
    if own is None or state.session.info.get(BEYOND) or not state.is_select or state.is_column_load:
        return
    parts = visitors.iterate(cast(ClauseElement, state.statement))
    entities: set[Any] = {part._annotations.get("parententity") for part in parts}
    for entity in entities - {None}:
        if not is_open(str(entity.mapper.local_table.name)):
            state.statement = state.statement.options(_criteria(entity, own))


def _criteria(entity: Any, own: Confinement) -> Any:
    """The condition on one mapped class or one alias of it: each is named by itself, for none is adapted."""
    seen = visible(Mapped(entity.mapper, entity.entity), own, str(entity.mapper.local_table.name))
    return with_loader_criteria(entity.entity, seen)


@event.listens_for(Session, "before_flush")
def _refuse_auditor(session: Session, *_: object) -> None:
    if not session.info.get(AUDITS):
        return
    changed = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    if any(row.__tablename__ not in AUDITORS_OWN for row in changed):
        raise AuditorReadsOnlyError


@event.listens_for(Session, "do_orm_execute")
def _refuse_auditor_statement(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_delete or state.is_insert
    if changes and state.session.info.get(AUDITS):
        mapper = state.bind_mapper
        if mapper is None or mapper.class_.__tablename__ not in AUDITORS_OWN:
            raise AuditorReadsOnlyError
