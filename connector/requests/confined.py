"""Which requests somebody sees who administers a part of the tree: those of his units and those he takes part in."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from connector.register.confine import RULES, Confinement, among, rule

# Whatever belongs to a request is seen with it: a party hidden from a rule would be a rule broken.
PARTS = ("request_stages", "request_versions", "request_participants", "decisions", "scans")


@rule("requests")
def requests_in_reach(table: Any, own: Confinement) -> ColumnElement[bool]:
    """SQL condition: of a unit within the reach, or the actor is a party, or decides one of its stages (GS 3, GS 5)."""
    parties, stages, held, stands, alternates = (
        own.tables[name].alias()
        for name in ("request_participants", "request_stages", "appointments", "deputies", "stage_alternates")
    )
    same = and_(held.c.unit_id == stages.c.unit_id, held.c.office == stages.c.office, held.c.ended_at.is_(None))
    decides = select(stages.c.request_id).select_from(stages.join(held, same))
    stood_for = select(stands.c.appointment_id).where(
        stands.c.deputy_id == own.person_id, stands.c.confirmed_at.is_not(None), stands.c.ended_at.is_(None)
    )
    added = select(stages.c.request_id).select_from(stages.join(alternates, alternates.c.stage_id == stages.c.id))
    return or_(
        table.c.unit_id.in_(own.units),
        table.c.applicant_id == own.person_id,
        table.c.person_id == own.person_id,
        table.c.id.in_(select(parties.c.request_id).where(parties.c.person_id == own.person_id)),
        table.c.id.in_(decides.where(or_(held.c.person_id == own.person_id, held.c.id.in_(stood_for)))),
        table.c.id.in_(added.where(alternates.c.person_id == own.person_id)),
    )


def _part_of_request(table: Any, own: Confinement) -> ColumnElement[bool]:
    requests = own.tables["requests"].alias()
    return among(table.c.request_id, select(requests.c.id).where(requests_in_reach(requests, own)))


for _name in PARTS:
    RULES[_name] = _part_of_request


@rule("stage_alternates")
def _alternates(table: Any, own: Confinement) -> ColumnElement[bool]:
    stages = own.tables["request_stages"].alias()
    return among(table.c.stage_id, select(stages.c.id).where(_part_of_request(stages, own)))


@rule("verifications")
def _verifications(table: Any, own: Confinement) -> ColumnElement[bool]:
    return _part_of_request(table, own)
