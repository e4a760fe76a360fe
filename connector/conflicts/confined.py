"""Which assignments to tender projects somebody sees who administers a part of the tree (GS 3, GS 5)."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select

from connector.register.confine import Confinement, rule


@rule("tender_assignments")
def assignments_in_reach(table: Any, own: Confinement) -> ColumnElement[bool]:
    """SQL condition: of a person within the reach, or in a project of a unit within it."""
    phases, projects = own.tables["tender_phases"].alias(), own.tables["tender_projects"].alias()
    inside = (
        select(phases.c.id)
        .select_from(phases.join(projects, projects.c.id == phases.c.project_id))
        .where(projects.c.unit_id.in_(own.units))
    )
    return or_(table.c.person_id.in_(own.persons), table.c.phase_id.in_(inside))
