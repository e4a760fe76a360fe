"""The boxes of a privileged use and of an exception: from what was typed to the form's terms, and back to words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

from connector.auth.act import Act
from connector.errors import FieldProblem, Text
from connector.register.offices import OFFICE_ZONE
from connector.regulations.vocabulary import RequestKind

BOXES = ("box_from", "box_to", "reviewer", "extends", "conflict", "project", "except_until")
BLACKOUT = "blackout"
HINTS: Mapping[str, Text] = {
    **dict.fromkeys(
        ("box_from", "box_to", "except_until"),
        Text("北京时间，例如 2026-12-01 09:30", "China time, for example 2026-12-01 09:30"),
    ),
    "reviewer": Text("使用人以外的人员，填账号", "Somebody other than the user, by user name"),
    "extends": Text(
        "仅延长时填写原编号；权限与原来相同，从原结束时间开始",
        "Only to extend: the number; same permissions, from its end on",
    ),
    "project": Text("项目编号；不填则为所有项目，封闭期例外须填", "Number; empty: every project; a blackout needs it"),
}
LABELS: Mapping[str, Text] = {
    "extends": Text("延长的临时使用编号", "Number of the use to extend"),
    "project": Text("项目编号", "Number of the project"),
}


def read_terms(kind: RequestKind, typed: Mapping[str, str], problems: list[FieldProblem]) -> dict[str, Any]:
    """`box` or `exception` of the form; adds what is wrong with a moment. Left out where a needed box is empty."""
    if kind is RequestKind.USE_PRIVILEGED:
        start, end = _moment(typed, "box_from", problems), _moment(typed, "box_to", problems)
        if start is None or end is None or not typed["reviewer"]:
            return {}
        reviewer = typed["reviewer"].lower()[:64]
        box = {"starts_at": start, "ends_at": end, "reviewer": reviewer, "extends": typed["extends"][:24] or None}
        return {"box": box}
    if kind is RequestKind.EXCEPT_CONFLICT:
        until = _moment(typed, "except_until", problems)
        rule = typed["conflict"]
        charges = () if rule == BLACKOUT else tuple(rule.split("+"))
        is_whole = bool(typed["project"]) if rule == BLACKOUT else len(set(charges)) == 2
        if until is None or not is_whole:
            return {}
        terms = {"rule": BLACKOUT if rule == BLACKOUT else "charges", "charges": charges, "until": until}
        return {"exception": terms | {"project": typed["project"][:64] or None}}
    return {}


def typed_of(form: Mapping[str, Any]) -> dict[str, str]:
    """What was typed for the terms of a stored form."""
    box, exception = form.get("box") or {}, form.get("exception") or {}
    found = {"reviewer": box.get("reviewer"), "extends": box.get("extends"), "project": exception.get("project")}
    for name, moment in (
        ("box_from", box.get("starts_at")), ("box_to", box.get("ends_at")), ("except_until", exception.get("until")),
    ):  # fmt: skip
        found[name] = _local(moment) if moment else None
    if exception:
        found["conflict"] = "+".join(exception["charges"]) or BLACKOUT
    return {name: value for name, value in found.items() if value}


def conflicts_offered(act: Act) -> Sequence[tuple[str, Text]]:
    """Every two charges that exclude each other, and the blackout."""
    pairs = [
        (f"{a.name}+{b.name}", Text(f"{a.title}与{b.title}", f"{a.title_en} and {b.title_en}"))
        for a, b in combinations(act.rulebook.charges(), 2)
        if act.rulebook.exclusion(a.name, b.name)
    ]
    return [*pairs, (BLACKOUT, Text("开标封闭期", "Blackout around the opening of bids"))]


def _moment(typed: Mapping[str, str], name: str, problems: list[FieldProblem]) -> datetime | None:
    if not typed[name]:
        return None
    try:
        moment = datetime.fromisoformat(typed[name])
    except ValueError:
        problems.append(FieldProblem(name, "时间应如 2026-12-01 09:30", "a moment like 2026-12-01 09:30", "JC 18"))
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=OFFICE_ZONE)


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"
