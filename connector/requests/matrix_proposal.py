"""What must hold of a proposed table of posts and permissions, and what its approval makes true (JC 4, 5)."""

from collections.abc import Collection

from sqlalchemy import select

from connector.auth.act import Act
from connector.register import matrix, matrix_drafts, matrix_lines
from connector.register.matrix_lines import MatrixProposal
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import RequestKind
from connector.requests.errors import NothingToChangeError, OpenTableRequestError
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow


def check_proposal(act: Act, form: RequestForm, unit: UnitRow) -> None:
    """The head of the unit proposes a table made from the one in force, different from it, and one at a time.

    Raises ForbiddenError, RefusedInputError, MatrixMovedOnError, NothingToChangeError, OpenTableRequestError.
    """
    if form.kind is not RequestKind.ADOPT_MATRIX or form.matrix is None:
        return
    matrix_drafts.check_keeper(act, unit.id)
    matrix.lock_unit(act, unit.id)
    pending = select(RequestRow.number).where(
        RequestRow.kind == form.kind.value, RequestRow.unit_id == unit.id, RequestRow.state == "pending"
    )
    if number := act.session.scalar(pending):
        raise OpenTableRequestError(unit=unit.name, number=number)
    matrix_lines.check_lines(act, form.matrix.lines)
    matrix.check_based_on(act, unit, form.matrix.based_on)
    present = matrix.lines_of(act, matrix.in_force(act, unit.id))
    if matrix_lines.compare(present, form.matrix.lines).is_none:
        raise NothingToChangeError


def adopt(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """The approved table is in force from now on, and its draft is done with."""
    proposal = MatrixProposal.model_validate(request.form["matrix"])
    matrix.adopt_proposal(act, request.unit_id, proposal, adopted_by=request.id)
    matrix_drafts.drop(act, request.unit_id)
