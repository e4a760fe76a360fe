"""对照表审核 in the decision page: what the table of posts says, and the override as it is typed. Decides nothing."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from connector.auth.act import Act
from connector.errors import FieldProblem, Text
from connector.pages import entries, facts
from connector.regulations.vocabulary import Verdict
from connector.requests import entitled
from connector.requests import service as requests
from connector.requests.entitlement import LEAST_REASON, Override, Standing, is_checked_at
from connector.requests.schemas import EntitlementShown
from connector.requests.tables import RequestRow, StageRow

STANDINGS: Mapping[str, Text] = {
    Standing.ALLOWED: Text("岗位可持有", "allowed"),
    Standing.EXCESS: Text("超出对照表", "beyond the table"),
    Standing.UNKNOWN_POST: Text("岗位不在对照表中", "post unknown to the table"),
    Standing.NO_TABLE: Text("单位没有对照表", "the unit has no table"),
}
TAGS: Mapping[str, str] = {
    Standing.ALLOWED: "ok", Standing.EXCESS: "bad", Standing.UNKNOWN_POST: "bad", Standing.NO_TABLE: "warn",
}  # fmt: skip


class Drawn(NamedTuple):
    """The check as the page draws it. `options` are the permissions to be ticked; empty where nothing is overridden."""

    found: EntitlementShown
    lines: list[tuple[facts.Part, str]]
    options: list[dict[str, str]]


def draw(act: Act, row: RequestRow, stage: StageRow) -> Drawn | None:
    """The check of the request, with what this stage would have to override; None for requests that grant nothing."""
    found = entitled.show_entitlement(act, row)
    if found is None:
        return None
    lines = [(facts.permissions(act, [line.permission])[0], line.standing) for line in found.lines]
    names = {line.permission: part for line, (part, _) in zip(found.lines, lines, strict=True)}
    asks = found.outside if is_checked_at(stage, requests.stages_of(act, row)) else []
    options = [{"value": one, "words": f"{names[one].group}：{names[one].text.zh}（{one}）"} for one in asks]
    return Drawn(found, lines, options)


def shown(act: Act, row: RequestRow, stage: StageRow) -> dict[str, Any]:
    """What the template asks of this room."""
    return {
        "entitled": draw(act, row, stage),
        "standings": STANDINGS,
        "standing_tags": TAGS,
        "matrix_change": entitled.show_matrix_change(act, row),
    }


def typed(form: Mapping[str, list[str]]) -> dict[str, Any] | None:
    """The override of a form; None where nothing is ticked."""
    permissions = list(form.get("override", ()))
    if not permissions:
        return None
    return {
        "permissions": permissions,
        "reason": entries.text(form, "override_reason"),
        "digest": entries.text(form, "entitlement"),
    }


def problems(
    act: Act, stage: StageRow, row: RequestRow, verdict: str, kept: Mapping[str, Any] | None
) -> list[FieldProblem]:
    """What is wrong with an approval before the person is sent to prove his second factor (JC 11)."""
    drawn = draw(act, row, stage) if verdict == Verdict.APPROVE else None
    if drawn is None or not drawn.options:
        return []
    if set(kept["permissions"] if kept else ()) != set(drawn.found.outside):
        zh = "超出对照表的权限须全部勾选并写明理由，否则请退回或不同意"
        en = "tick every permission beyond the table and say why, or return or reject the request"
        return [FieldProblem("override", zh, en, "JC 11")]
    if kept is not None and len(kept["reason"].strip()) < LEAST_REASON:
        zh, en = f"请写明例外理由（不少于{LEAST_REASON}个字）", f"say why, in {LEAST_REASON} characters or more"
        return [FieldProblem("override_reason", zh, en, "JC 11")]
    return []


def override(kept: Mapping[str, Any] | None, verdict: str) -> Override | None:
    """The override as the service takes it; a return or rejection has none, whatever was ticked."""
    try:
        return Override(**kept) if kept and verdict == Verdict.APPROVE else None
    except ValidationError:
        return None
