"""The accounts of a proposal about many, what speaks for each, and what became of it. Reads only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import Text
from connector.pages import evidence, owners
from connector.pages.owners import Owner
from connector.pages.paging import ON_A_PAGE, Paging, paging
from connector.register.tables import AccountStateRow
from connector.regulations.vocabulary import RequestKind
from connector.requests.store import excluded_of
from connector.requests.tables import RequestRow

BY_SYSTEM = Text("系统", "the system")
STRANGER = Text("无申请记录的用户", "a user whom nobody applied for")
EXCLUDED = Text("审批时除外", "left out by the decider")
DISABLED = Text("已禁用", "disabled")
REPAIRED = Text("已批准修复", "repair approved")
SPARED = Text("未禁用：提请后已使用或状态已变化", "not disabled: used or changed since it was proposed")
DISABLING = (RequestKind.DISABLE_DORMANT, RequestKind.DISABLE_FOUND)
EXCLUDING = (*DISABLING, RequestKind.REPAIR_DRIFT)


class Proposed(NamedTuple):
    """One account of a proposal; `key` names it in the form. A stranger has no account here: his Keycloak id names him.

    `is_out`: an earlier stage left it out, and no later one can bring it back. `outcome` is empty until the proposal
    is approved.
    """

    key: str
    user_name: str
    name: str
    unit: str
    evidence: Sequence[Text]
    is_out: bool = False
    outcome: Text | None = None


class Proposal(NamedTuple):
    """The accounts of one page of a proposal. Where accounts may be left out, all of them stand on one page."""

    rows: Sequence[Proposed]
    paging: Paging
    has_outcome: bool


def proposed(act: Act, row: RequestRow, page: int = 1, *, whole: bool = False) -> Proposal:
    """The accounts of a proposal, then the strangers; empty for a request about one person."""
    names, strangers = row.form.get("accounts", ()), dict.fromkeys(row.form.get("strangers", ()))
    place = paging(page, len(names) + len(strangers))
    keys = [*names, *strangers] if whole else [*names, *strangers][place.first : place.first + ON_A_PAGE]
    known = owners.by_user_name(act, [key for key in keys if key not in strangers])
    left_out = excluded_of(act, row) if row.kind in EXCLUDING else frozenset[str]()
    outcomes = _outcomes(act, row, keys, known, left_out) if row.state == "approved" else {}
    says = row.form.get("evidence", {})
    rows = [
        _proposed(key, known.get(key), says.get(key) or {}, is_stranger=key in strangers)._replace(
            is_out=key in left_out, outcome=outcomes.get(key)
        )
        for key in keys
    ]
    return Proposal(rows, place._replace(pages=1) if whole else place, bool(outcomes))


def may_exclude(row: RequestRow) -> bool:
    """Whether an approval can leave accounts out: a departure plan is released as a whole, or not."""
    return row.kind in EXCLUDING


def _outcomes(
    act: Act, row: RequestRow, keys: Sequence[str], known: Mapping[str, Owner], left_out: frozenset[str]
) -> dict[str, Text]:
    if row.kind not in EXCLUDING:
        return {}
    if row.kind not in DISABLING:
        return {key: EXCLUDED if key in left_out else REPAIRED for key in keys}
    statement = select(AccountStateRow.account_id).where(AccountStateRow.request_id == row.id)
    disabled = set(act.session.scalars(statement))
    return {
        key: EXCLUDED if key in left_out else DISABLED if owner.account_id in disabled else SPARED
        for key, owner in known.items()
    }


def _proposed(key: str, owner: Owner | None, found: Mapping[str, object], *, is_stranger: bool) -> Proposed:
    """A stranger is shown by the user name that the evidence tells, else by his id at Keycloak."""
    if is_stranger:
        return Proposed(key, str(found.get("user_name") or key), "", "", [STRANGER, *evidence.says(found)])
    return Proposed(key, key, owner.name if owner else "", owner.unit if owner else "", evidence.says(found))
