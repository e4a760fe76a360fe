"""The verifier's checklist on the page of a decision: its boxes read, its answers kept for the second factor."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import entries
from connector.pages.drafts import Entries
from connector.pages.language import mark
from connector.pages.wording import Words
from connector.regulations.vocabulary import Verdict
from connector.requests.tables import RequestRow, StageRow
from connector.requests.verification import CHECKLIST, Comparison, check_decision, checklist_of

RESULTS = (("agrees", mark("一致")), ("differs", mark("不一致")), ("not_compared", mark("未比对")))


def answers(act: Act, stage: StageRow, row: RequestRow, form: Entries) -> tuple[dict[str, str], ...]:
    """What was ticked and noted for each item of the stage's checklist; items left open are left out."""
    found = []
    for item in checklist_of(act, row, stage):
        result = entries.text(form, f"compared.{item.name}")
        if result in dict(RESULTS):
            note = entries.text(form, f"note.{item.name}")[:200]
            found.append({"item": item.name, "result": result, "note": note})
    return tuple(found)


def comparisons(kept: Sequence[Mapping[str, Any]]) -> tuple[Comparison, ...]:
    """The answers as the service takes them."""
    return tuple(Comparison(**each) for each in kept)


def problems(
    act: Act, stage: StageRow, row: RequestRow, verdict: str, kept: Sequence[Mapping[str, Any]]
) -> list[FieldProblem]:
    """What is missing of the checklist, as the service will say it; asked before the second factor is."""
    if verdict not in set(Verdict):
        return []
    try:
        check_decision(act, row, stage, Verdict(verdict), comparisons(kept))
    except RefusedInputError as wrong:
        return wrong.fields
    return []


def drawn(act: Act, stage: StageRow, row: RequestRow, kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The checklist as the page draws it, with what was answered so far."""
    said = {each["item"]: each for each in kept}
    return [
        {
            "name": item.name,
            "label": item.label,
            "label_en": item.label_en,
            "clause": item.clause,
            "result": said.get(item.name, {}).get("result", ""),
            "note": said.get(item.name, {}).get("note", ""),
        }
        for item in checklist_of(act, row, stage)
    ]


def labels(act: Act, words: Words) -> dict[str, str]:
    """What each item of the checklist is called."""
    return {one.name: words.pick(Text(one.label, one.label_en)) for one in act.rulebook.checklist(CHECKLIST)}
