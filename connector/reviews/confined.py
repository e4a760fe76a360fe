"""Which rows of the reviews somebody sees who administers a part of the tree: those of his units (GS 3, GS 5)."""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, or_, select

from connector.register.confine import Confinement, rule


@rule("review_campaigns")
def campaigns_in_reach(table: Any, own: Confinement) -> ColumnElement[bool]:
    """SQL condition: one of the campaign's units is within the reach."""
    sheets = own.tables["review_sheets"].alias()
    found: ColumnElement[bool] = table.c.id.in_(select(sheets.c.campaign_id).where(sheets.c.unit_id.in_(own.units)))
    return found


@rule("inspections")
def inspections_in_reach(table: Any, own: Confinement) -> ColumnElement[bool]:
    """SQL condition: something within the reach was drawn or drawn from, or the actor is named as an inspector."""
    items = own.tables["inspection_items"].alias()
    drawn = select(items.c.inspection_id).where(items.c.unit_id.in_(own.units))
    return or_(table.c.unit_id.in_(own.units), table.c.id.in_(drawn), _is_named(table, own))


@rule("inspection_items")
def items_in_reach(table: Any, own: Confinement) -> ColumnElement[bool]:
    """SQL condition: of a unit within the reach, or of an inspection that the actor makes."""
    whole = own.tables["inspections"].alias()
    named = select(whole.c.id).where(_is_named(whole, own))
    return or_(table.c.unit_id.in_(own.units), table.c.inspection_id.in_(named))


def _is_named(table: Any, own: Confinement) -> ColumnElement[bool]:
    return cast(table.c.inspectors, String).contains(own.person_id, autoescape=True)
