"""The accounts of a proposal about many, and what speaks for each, as a decider reads it. Reads only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connector.auth.act import Act
from connector.errors import Text
from connector.pages.wording import CLASSES, Words
from connector.register import accounts, people, units
from connector.regulations.vocabulary import RequestKind
from connector.requests.tables import RequestRow

VERDICTS: Mapping[str, Text] = {
    "dormant": Text("长期未使用", "long unused"),
    "never_used": Text("开通后从未使用", "never used since it was opened"),
}
BY_SYSTEM = Text("系统", "the system")


class Proposed(NamedTuple):
    """One account of a proposal."""

    user_name: str
    name: str
    unit: str
    evidence: Sequence[Text]


def proposed(act: Act, row: RequestRow) -> list[Proposed]:
    """The accounts of a proposal; empty for a request about one person."""
    found = []
    for user_name in row.form.get("accounts", ()):
        account = accounts.find_by_user_name(act, user_name)
        owner = people.get_person(act, account.person_id) if account else None
        unit = units.get_unit_by_id(act, owner.unit_id).name if owner else ""
        evidence = _evidence(row.form.get("evidence", {}).get(user_name) or {})
        found.append(Proposed(user_name, owner.name if owner else "", unit, evidence))
    return found


def may_exclude(row: RequestRow) -> bool:
    """Whether an approval can leave accounts out: a departure plan is released as a whole, or not."""
    return row.kind == RequestKind.DISABLE_DORMANT


def _evidence(found: Mapping[str, Any]) -> list[Text]:
    said = [VERDICTS[found["verdict"]]] if found.get("verdict") in VERDICTS else []
    if used := found.get("last_used_at"):
        day = Words.day(datetime.fromisoformat(used))
        said.append(Text(f"最近使用{day}", f"last used {day}"))
    if since := found.get("active_since"):
        day = Words.day(datetime.fromisoformat(since))
        said.append(Text(f"启用于{day}", f"in use since {day}"))
    if found.get("account_class") in CLASSES:
        said.append(CLASSES[found["account_class"]])
    return said
