"""What a request would grant, against the table of posts and permissions in force (B5, JC 11), and who overrode it.

The head of the system department checks it at his stage. He may approve what the table does not allow only by naming it
and saying why; the override binds to what he was shown. A unit without any table has nothing to compare with: that is
shown, and needs no override. Where there is a table that does not know the post, nothing is allowed by it.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register import accounts, matrix, people, units
from connector.register.tables import MatrixRow, PersonRow, UnitRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests.entitlement_errors import (
    EntitlementChangedError,
    ExcessNeedsOverrideError,
    OverrideMisplacedError,
    OverrideStaleError,
)
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.forms import number_problems
from connector.requests.tables import DecisionRow, RequestRow, StageRow

LEAST_REASON = 4  # characters


class Standing(StrEnum):
    """What the table in force says of one permission for one post."""

    ALLOWED = "allowed"
    EXCESS = "excess"  # the post is in the table, and may not hold it
    UNKNOWN_POST = "unknown_post"  # the unit has a table, which does not know the post
    NO_TABLE = "no_table"  # the unit has no table: nothing to compare with


OUTSIDE = (Standing.EXCESS, Standing.UNKNOWN_POST)


class Override(BaseModel):
    """An override as it is sent: every permission in excess by name, why, and the digest of the check shown."""

    model_config = ConfigDict(extra="forbid")

    permissions: list[str] = Field(min_length=1, max_length=1000)
    reason: str = Field(max_length=500)
    digest: str = Field(min_length=64, max_length=64)


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """The check of one request. `version` is that of the table in force, None without one."""

    unit: UnitRow
    post: str
    matrix: MatrixRow | None
    lines: tuple[tuple[str, Standing], ...]  # permission id, what the table says
    digest: str

    @property
    def outside(self) -> tuple[str, ...]:
        """What only an override can approve."""
        return tuple(permission for permission, standing in self.lines if standing in OUTSIDE)

    @property
    def post_unknown(self) -> bool:
        return any(standing is Standing.UNKNOWN_POST for _, standing in self.lines)


def judge(may: Collection[str] | None, *, has_table: bool, asked: Collection[str]) -> tuple[tuple[str, Standing], ...]:
    """Pure: what the table says of each permission asked for. `may` is None for a post that it does not know."""
    if not has_table or may is None:
        missing = Standing.UNKNOWN_POST if has_table else Standing.NO_TABLE
        return tuple((permission, missing) for permission in sorted(asked))
    return tuple((one, Standing.ALLOWED if one in may else Standing.EXCESS) for one in sorted(asked))


def check_request(act: Act, request: RequestRow) -> Entitlement | None:
    """The check of a request that grants permissions, by the register and the table of this moment; None for others."""
    asked = _asked(act, request)
    if not asked or request.person_id is None:
        return None
    person = people.get_person(act, request.person_id)
    unit = units.get_unit_by_id(act, person.unit_id)
    table = matrix.in_force(act, unit.id)
    may = matrix.allowed(act, unit.id, person.post)
    lines = judge(may, has_table=table is not None, asked=asked)
    digest = _digest(unit.id, person, table, lines)
    return Entitlement(unit=unit, post=person.post, matrix=table, lines=lines, digest=digest)


def is_checked_at(stage: StageRow, stages: Sequence[StageRow]) -> bool:
    """Whether this is the stage that answers for the check: the system department's, or the last where it has none."""
    heads = [one.id for one in stages if one.office == Office.SYSTEM_DEPARTMENT_HEAD]
    return stage.id in heads if heads else stage.id == stages[-1].id


def check_decision(
    act: Act,
    request: RequestRow,
    stage: StageRow,
    stages: Sequence[StageRow],
    verdict: Verdict,
    override: Override | None,
) -> Entitlement | None:
    """The check that the decision overrides, to be recorded with it; None when there is nothing to override.

    Raises ExcessNeedsOverrideError, EntitlementChangedError, OverrideMisplacedError, RefusedInputError (JC 11).
    """
    approves = verdict is Verdict.APPROVE and is_checked_at(stage, stages)
    found = check_request(act, request) if approves else None
    outside = found.outside if found else ()
    if override is None:
        if found is not None and outside:
            raise ExcessNeedsOverrideError(unit=found.unit.name, post=found.post, permissions="、".join(outside))
        return None
    if found is None:
        raise OverrideMisplacedError(permissions="--")
    if override.digest != found.digest:
        raise EntitlementChangedError(unit=found.unit.name, post=found.post)
    if set(override.permissions) != set(outside):
        raise OverrideMisplacedError(permissions="、".join(outside) or "--")
    _check_reason(override.reason)
    return found


def record_override(
    act: Act, request: RequestRow, decision: DecisionRow, found: Entitlement, override: Override
) -> OverrideRow:
    """Stores the override with its decision, and in the record, where the ledger finds it (JC 8(2), JC 15)."""
    if found.matrix is None:
        raise ValueError("nothing is outside a table that does not exist")
    row = OverrideRow(
        request_id=request.id,
        version=request.version,
        decision_id=decision.id,
        person_id=decision.person_id,
        unit_id=found.unit.id,
        post=found.post,
        matrix_id=found.matrix.id,
        permissions=list(found.outside),
        post_unknown=found.post_unknown,
        reason=override.reason.strip(),
        digest=found.digest,
        at=act.now,
    )
    act.session.flush()  # The decision comes first: the override refers to it.
    act.session.add(row)
    act.session.flush()
    return row


def facts_of(row: OverrideRow, found: Entitlement) -> dict[str, object]:
    """What the record says of an override: names of permissions, and no reason, which may name people."""
    return {
        "permissions": row.permissions,
        "unit": found.unit.code,
        "matrix": row.matrix_id,
        "matrix_version": found.matrix.version if found.matrix else 0,
        "post_unknown": row.post_unknown,
        "entitlement": row.digest,
    }


def check_still_covered(act: Act, request: RequestRow) -> None:
    """Before a request takes effect: what is outside the table now was overridden by this very table.

    Raises OverrideStaleError when table, post or unit changed between the department's stage and the last one.
    """
    found = check_request(act, request)
    if found is None or not found.outside:
        return
    statement = select(OverrideRow.digest).where(
        OverrideRow.request_id == request.id, OverrideRow.version == request.version
    )
    if found.digest not in set(act.session.scalars(statement)):
        raise OverrideStaleError(permissions="、".join(found.outside))


def overrides_of(act: Act, request_id: str) -> list[OverrideRow]:
    """The overrides of every version of a request, in order."""
    return list(
        act.session.scalars(select(OverrideRow).where(OverrideRow.request_id == request_id).order_by(OverrideRow.at))
    )


def _asked(act: Act, request: RequestRow) -> tuple[str, ...]:
    """Permissions that approval gives, or gives back: an account that is enabled holds again what it held."""
    if request.kind == RequestKind.GRANT:
        return tuple(dict.fromkeys(request.form.get("permissions", ())))
    if request.kind == RequestKind.ENABLE and request.account_id:
        account = accounts.get_account(act, request.account_id)
        return tuple(permission.id for permission in accounts.list_grants(act, account))
    return ()


def _digest(unit_id: str, person: PersonRow, table: MatrixRow | None, lines: tuple[tuple[str, Standing], ...]) -> str:
    """SHA-256 (hex) over everything the check says: what an override binds to (B12)."""
    content = [unit_id, person.id, person.post, table.id if table else None, [list(line) for line in lines]]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _check_reason(reason: str) -> None:
    problems = number_problems("override.reason", reason)
    if len(reason.strip()) < LEAST_REASON:
        zh, en = f"请写明例外理由（不少于{LEAST_REASON}个字）", f"say why, in {LEAST_REASON} characters or more"
        problems.append(FieldProblem("override.reason", zh, en, "JC 11"))
    if problems:
        raise RefusedInputError(problems, clause="JC 11")
