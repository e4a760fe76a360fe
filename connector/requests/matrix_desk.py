"""The desk of the units' tables: drafts become requests, every version stays readable with who signed it (JC 4, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register import accounts, catalogue, matrix, matrix_drafts, matrix_lines, matrix_sheets, units
from connector.register.matrix_errors import MatrixDraftMovedOnError
from connector.register.matrix_lines import MatrixChange, MatrixLine, MatrixProposal
from connector.register.reach import units_of_ledger
from connector.register.tables import MatrixRow, PersonRow, UnitRow
from connector.regulations.vocabulary import RequestKind, Verdict
from connector.requests.forms import RequestForm
from connector.requests.resubmit import resubmit_request
from connector.requests.submit import submit_request
from connector.requests.tables import DecisionRow, RequestRow, StageRow


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who approved a version: office, name, when, and how he proved himself."""

    office: str
    name: str
    at: datetime
    proof: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version with its difference to the one before. `paper`: of a first version taken over at installation."""

    unit_code: str
    unit_name: str
    version: int
    since: datetime
    until: datetime | None
    request: str | None
    paper: str
    applicant: str
    signed: tuple[Signature, ...]
    lines: tuple[MatrixLine, ...]
    change: MatrixChange


def get_unit_to_read(act: Act, unit_code: str) -> UnitRow:
    """The unit whose table may be read: overseers every one, a unit head his own (GS 3); NotFoundError otherwise."""
    unit = units.get_unit(act, unit_code)
    within = units_of_ledger(act)
    if within is not None and not any(units.is_within(unit, top) for top in within):
        raise NotFoundError(kind="单位 (unit)", name=unit_code)
    return unit


def show_version(act: Act, unit_code: str, version: int = 0) -> Version:
    """One version of the unit's table, or the one in force (0). Raises NotFoundError."""
    unit = get_unit_to_read(act, unit_code)
    row = matrix.get_version(act, unit.id, version) if version else matrix.in_force(act, unit.id)
    if row is None:
        raise NotFoundError(kind="现行对照表 (table in force)", name=unit_code)
    return _version(act, unit, row)


def show_versions(act: Act, unit_code: str) -> list[Version]:
    """Every version of the unit's table, the newest first (JC 15)."""
    unit = get_unit_to_read(act, unit_code)
    return [_version(act, unit, row) for row in matrix.list_versions(act, unit.id)]


def submit_draft(act: Act, unit_code: str, *, revision: int, reason: str = "") -> RequestRow:
    """The unit head asks for his draft to be put in force; one that was returned to him goes on as a new version.

    Raises MatrixDraftMovedOnError when the draft is not the one he has read, and what submission raises.
    """
    draft = matrix_drafts.get_draft(act, unit_code)
    if not draft.revision or draft.revision != revision:
        raise MatrixDraftMovedOnError(unit=draft.unit_name, revision=draft.revision)
    form = RequestForm(
        kind=RequestKind.ADOPT_MATRIX,
        unit_code=draft.unit_code,
        matrix=MatrixProposal(based_on=draft.based_on, lines=draft.lines),
        reason=reason,
    )
    unit = units.get_unit(act, unit_code)
    own = select(RequestRow.id).where(
        RequestRow.kind == form.kind.value,
        RequestRow.unit_id == unit.id,
        RequestRow.state == "returned",
        RequestRow.applicant_id == act.actor.person_id,
    )
    returned = act.session.scalars(own.order_by(RequestRow.submitted_at.desc())).first()
    return resubmit_request(act, returned, form) if returned else submit_request(act, form)


def read_sheet(act: Act, content: bytes, suffix: str) -> list[MatrixLine]:
    """The lines of an uploaded .csv or .xlsx; raises RefusedInputError with every wrong row."""
    known = matrix_sheets.make_catalogue(catalogue.list_permissions(act), catalogue.list_subsystems(act))
    return matrix_sheets.parse_sheet(content, suffix, known)


def write_sheet(act: Act, unit_code: str, suffix: str) -> bytes:
    """The unit's table in force as a file with the columns of JC annex 1, an empty one where there is none."""
    unit = get_unit_to_read(act, unit_code)
    permissions = {row.id: row for row in catalogue.list_permissions(act)}
    names = {row.id: row.name for row in catalogue.list_subsystems(act)}
    users: dict[str, str] = {}
    for name, post in act.session.execute(
        select(PersonRow.name, PersonRow.post).where(PersonRow.unit_id == unit.id).order_by(PersonRow.name)
    ):
        users[post] = f"{users[post]}、{name}" if post in users else name

    def words(permission: str) -> tuple[str, str]:
        row = permissions[permission]
        return names.get(row.subsystem_id, row.subsystem_id), f"{row.module}.{row.workflow_role}"

    lines = matrix.lines_of(act, matrix.in_force(act, unit.id))
    return matrix_sheets.write_sheet(lines, suffix, names=words, users=users)


def change_of(act: Act, request: RequestRow) -> MatrixChange | None:
    """What a request for a table would change of the one it was made from; None for other kinds."""
    if request.kind != RequestKind.ADOPT_MATRIX:
        return None
    proposal = MatrixProposal.model_validate(request.form["matrix"])
    former = matrix.get_version(act, request.unit_id, proposal.based_on) if proposal.based_on else None
    return matrix_lines.compare(matrix.lines_of(act, former), proposal.lines)


def _version(act: Act, unit: UnitRow, row: MatrixRow) -> Version:
    lines = matrix.lines_of(act, row)
    former = matrix.get_version(act, unit.id, row.version - 1) if row.version > 1 else None
    request_id = accounts.request_of(row.adopted_by)
    request = act.session.get(RequestRow, request_id) if request_id else None
    return Version(
        unit_code=unit.code,
        unit_name=unit.name,
        version=row.version,
        since=row.since,
        until=row.until,
        request=request.number if request else None,
        paper="" if request else row.adopted_by.removeprefix(accounts.PAPER),
        applicant=request.submitted_by if request else "",
        signed=tuple(_signatures(act, request)) if request else (),
        lines=tuple(lines),
        change=matrix_lines.compare(matrix.lines_of(act, former), lines),
    )


def _signatures(act: Act, request: RequestRow) -> Sequence[Signature]:
    rows = act.session.execute(
        select(DecisionRow, StageRow.office, PersonRow.name)
        .join(StageRow, StageRow.id == DecisionRow.stage_id)
        .join(PersonRow, PersonRow.id == DecisionRow.person_id)
        .where(
            DecisionRow.request_id == request.id,
            DecisionRow.version == request.version,
            DecisionRow.verdict == Verdict.APPROVE.value,
        )
        .order_by(StageRow.position)
    )
    return [
        Signature(office=office, name=name, at=decision.decided_at, proof=decision.proof)
        for decision, office, name in rows
    ]
