"""Which cases and alarms somebody sees who administers a part of the tree: those about his accounts (GS 3)."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select

from connector.register.confine import RULES, Confinement, among, rule, visible

# The list of created users too: one that another unit's account made is part of the case, not of that unit.
PARTS = ("incident_answers", "incident_outcomes", "incident_created", "incident_reports")


def _of_case(table: Any, own: Confinement) -> ColumnElement[bool]:
    cases = own.tables["incident_cases"].alias()
    return among(table.c.case_id, select(cases.c.id).where(_cases(cases, own)))


for _name in PARTS:
    RULES[_name] = _of_case


@rule("incident_cases")
def _cases(table: Any, own: Confinement) -> ColumnElement[bool]:
    """Who opened a case sees it until it is closed, wherever the account is moved to."""
    return or_(table.c.account_id.in_(own.accounts), table.c.opener_id == own.person_id)


@rule("alarm_entries")
def _alarm_entries(table: Any, own: Confinement) -> ColumnElement[bool]:
    entries = own.tables["audit_entries"].alias()
    return exists().where(entries.c.id == table.c.entry_id, visible(entries, own, "audit_entries"))


@rule("alarms")
def _alarms(table: Any, own: Confinement) -> ColumnElement[bool]:
    """An alarm is his who administers a part when each entry that it counts is: a count tells of the others."""
    mine, others = own.tables["alarm_entries"].alias(), own.tables["alarm_entries"].alias()
    seen = select(mine.c.alarm_id).where(_alarm_entries(mine, own))
    foreign = select(others.c.alarm_id).where(not_(_alarm_entries(others, own)))
    return and_(table.c.id.in_(seen), table.c.id.not_in(foreign))
