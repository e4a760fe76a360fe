"""Which rows of a case somebody sees who administers a part of the tree: those of the cases of his accounts (GS 3)."""

from sqlalchemy import ColumnElement, FromClause, select, true

from connector.register.confine import RULES, Confinement

# The list of created users too: one that another unit's account made is part of the case, not of that unit.
PARTS = ("incident_answers", "incident_outcomes", "incident_created", "incident_reports")


def _of_case(table: FromClause, own: Confinement) -> ColumnElement[bool]:
    cases = own.tables["incident_cases"].alias()
    return table.c.case_id.in_(select(cases.c.id).where(cases.c.account_id.in_(own.accounts)))


def _all(_table: FromClause, _own: Confinement) -> ColumnElement[bool]:
    return true()


for _name in PARTS:
    RULES[_name] = _of_case
RULES["incident_numbers"] = _all
