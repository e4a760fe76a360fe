"""What is shown of a departure plan and of a probe of the directory: user names and causes, no names of persons."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from connector.auth.act import Act
from connector.departures import service
from connector.departures.tables import DeparturePlanRow
from connector.ports import Directory


@dataclass(frozen=True, kw_only=True)
class PlanItemView:
    """One account of a plan. A `manual` one is never frozen by the machine."""

    user_name: str
    directory_key: str
    cause: str  # status, absence, or move
    manual: bool
    fields: list[str]  # what is to change of a mover


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """One plan. `request` is the number of the request that may release it; `leavers` counts those to be frozen."""

    hash: str
    kind: str  # leavers, or movers
    state: str
    made_at: datetime
    reasons: list[str]
    leavers: int
    request: str | None
    items: list[PlanItemView]


def show_plan(act: Act, plan_hash: str) -> PlanView:
    """The newest plan with this hash or this beginning of one; raises NotFoundError."""
    row, names = service.get_plan(act, plan_hash)
    return _view(act, row, names)


def show_plans(act: Act, *, limit: int = 50) -> list[PlanView]:
    """Plans, the newest first, without their accounts."""
    return [_view(act, row, {}) for row in service.list_plans(act, limit=limit)]


def show_probe(directory: Directory, *, whole: bool) -> dict[str, Any]:
    """The mapping against the live schema and a sample; with `whole`, also what a complete read gives.

    Raises DirectoryReadError.
    """
    probe = directory.probe()
    found: dict[str, Any] = {
        "server": probe.server,
        "kind": probe.kind,
        "changes_by": probe.incremental or "none",
        "sample": probe.sample,
        "departed_in_sample": probe.departed,
        "problems": list(probe.problems),
        "attributes": [asdict(line) for line in probe.attributes],
    }
    if whole:
        reading = directory.read()
        found |= {
            "people": len(reading.entries),
            "departed": sum(1 for entry in reading.entries if entry.departed),
            "quarantined": [{"dn": dn, "reason": reason} for dn, reason in reading.quarantined],
            "seconds": round(reading.seconds, 3),
        }
    return found


def _view(act: Act, row: DeparturePlanRow, names: dict[str, str]) -> PlanView:
    return PlanView(
        hash=row.hash,
        kind=row.kind,
        state=row.state,
        made_at=row.made_at,
        reasons=row.reasons,
        leavers=sum(1 for item in row.items if not item["manual"] and item["cause"] != "move"),
        request=service.request_number(act, row.request_id),
        items=[
            PlanItemView(
                user_name=names[item["account_id"]],
                directory_key=item["key"],
                cause=item["cause"],
                manual=item["manual"],
                fields=item.get("fields", []),
            )
            for item in row.items
            if item["account_id"] in names
        ],
    )
