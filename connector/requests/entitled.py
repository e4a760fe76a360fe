"""Composes what is shown of the check against the table of posts, of its overrides, and of a proposed table."""

from connector.auth.act import Act
from connector.register.tables import PersonRow
from connector.requests import entitlement, matrix_desk
from connector.requests.schemas import EntitledLine, EntitlementShown, MatrixChangeShown, OverrideShown
from connector.requests.tables import RequestRow


def show_entitlement(act: Act, request: RequestRow) -> EntitlementShown | None:
    """The check while the request may still be decided; afterwards its overrides say what was approved beyond it."""
    found = entitlement.check_request(act, request) if request.state == "pending" else None
    if found is None:
        return None
    return EntitlementShown(
        unit=found.unit.name,
        post=found.post,
        matrix_version=found.matrix.version if found.matrix else None,
        lines=[EntitledLine(permission=permission, standing=standing.value) for permission, standing in found.lines],
        outside=list(found.outside),
        digest=found.digest,
    )


def show_overrides(act: Act, request: RequestRow) -> list[OverrideShown]:
    """Every override of the request, of former versions too."""
    return [
        OverrideShown(
            version=row.version,
            permissions=row.permissions,
            post=row.post,
            post_unknown=row.post_unknown,
            decided_by=act.session.get_one(PersonRow, row.person_id).name,
            reason=row.reason,
            at=row.at,
        )
        for row in entitlement.overrides_of(act, request.id)
    ]


def show_matrix_change(act: Act, request: RequestRow) -> MatrixChangeShown | None:
    """What the proposed table changes; None for requests of other kinds."""
    change = matrix_desk.change_of(act, request)
    if change is None:
        return None
    return MatrixChangeShown(added=list(change.added), removed=list(change.removed), noted=list(change.noted))
