"""Confines a session to what its actor may see (GS 3, GS 5-7): every read of it, by whatever route, page or command.

Whoever administers a part of the tree works in a session in which the rest does not exist: rows of units, persons and
accounts outside his reach are not found, not listed and not counted, in tables that stand today and in those to come.
By which column a table is bound stands in `confined_tables`, what a column cannot say in a rule; all else is closed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    CompoundSelect,
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
from connector.register.confined_tables import CLOSED, LINKED, OPEN, PARTS
from connector.register.errors import AuditorReadsOnlyError
from connector.register.reach import Reach
from connector.register.separated import is_auditor
from connector.storage.tables import Base

SCOPE, AUDITS, BEYOND = "trading_idp_scope", "trading_idp_audits", "trading_idp_beyond"

# What an auditor's session may write: the record of his reading, and his own session at the pages.
AUDITORS_OWN = frozenset({"audit_entries", "page_sessions", "page_forms", "page_drafts", "page_sign_ins"})

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

    def ids(self, column: str) -> Select[Any]:
        """What a column that binds a row may name."""
        if column == "account_id":
            return self.accounts
        if column in ("keycloak_id", "user_id"):
            return self.users
        if column == "unit_id":
            return self.units
        return self.unit_codes if column == "unit_code" else self.persons


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


def is_decided(name: str) -> bool:
    """Whether somebody has decided who may see the rows of this table; otherwise it is closed."""
    return name in RULES or name in OPEN or name in CLOSED or name in LINKED or name in PARTS


def visible(table: Any, own: Confinement, name: str) -> ColumnElement[bool]:
    """SQL condition: the row of the table `name` is within the reach, by the closest link that is filled."""
    if name in RULES:
        return RULES[name](table, own)
    choices: list[ColumnElement[bool]] = []
    missing: list[ColumnElement[bool]] = []
    for column in LINKED.get(name, ()):
        choices.append(and_(*missing, table.c[column].in_(own.ids(column))))
        missing.append(table.c[column].is_(None))
    if name in PARTS:
        column, whole_name, key = PARTS[name]
        whole = own.tables[whole_name].alias()
        seen = select(whole.c[key]).where(visible(whole, own, whole_name))
        choices.append(and_(*missing, table.c[column].in_(seen)))
    return or_(false(), *choices)


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


@rule("deputies")
def _deputies(table: Any, own: Confinement) -> ColumnElement[bool]:
    return or_(table.c.holder_id.in_(own.persons), table.c.deputy_id == own.person_id)


@rule("administrator_reports")
def _administrator_reports(table: Any, own: Confinement) -> ColumnElement[bool]:
    """Whom a level reports about is known to it and to the level it reports to (GS 9)."""
    return or_(table.c.unit_id.in_(own.units), table.c.level_id.in_(own.units), table.c.person_id == own.person_id)


@rule("contact_changes")
def _contact_changes(table: Any, own: Confinement) -> ColumnElement[bool]:
    """Both who hand over and who take over see it, also when one of them works elsewhere by now (JC 15)."""
    parties = or_(table.c.giver_id == own.person_id, table.c.taker_id == own.person_id)
    return or_(table.c.unit_id.in_(own.units), parties)


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
        if str(entity.mapper.local_table.name) not in OPEN:
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
