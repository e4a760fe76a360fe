"""The boxes that a form is drawn of: plain data for the template "form". Reads nothing.

A form is {"annex", "title", "columns", "rows", "above", "notes", "foot"}; columns are millimetres, 0 shares the rest.
Every box names the field it is, so that a character no font has can be found again.
"""

from collections.abc import Sequence
from typing import Any

Box = dict[str, Any]


def label(text: str, cols: int = 1, rows: int = 1) -> Box:
    """The words of the annex beside a box."""
    return {"kind": "label", "text": text, "cols": cols, "rows": rows}


def value(field: str, text: str, cols: int = 1, *, high: int = 8, rows: int = 1) -> Box:
    """A box with text; `high` is its least height in millimetres."""
    return {"kind": "value", "field": field, "text": text, "cols": cols, "high": high, "rows": rows}


def flow(field: str, text: str, cols: int = 1) -> Box:
    """A box of a heading, which is `field`, and a text that may be long: it goes on over the page."""
    return {"kind": "flow", "field": field, "head": field, "text": text, "cols": cols}


def tick(on: bool) -> Box:
    """A box of the annex that is ticked or empty."""
    return {"kind": "tick", "on": on}


def sealed(field: str, text: str, cols: int = 1) -> Box:
    """A unit's name with the place of its seal, which stays empty (LC 6(1))."""
    return {"kind": "sealed", "field": field, "text": text, "cols": cols, "high": 14}


def option(text: str, on: bool, *, round_: bool = False) -> Box:
    """One choice among several, square or round as the annex draws it."""
    return {"text": text, "on": on, "round": round_}


def options(choices: Sequence[Box], cols: int = 1, rows: int = 1) -> Box:
    """A box of choices."""
    return {"kind": "options", "options": list(choices), "cols": cols, "rows": rows}


def said(*, verdict: str, text: str, signer: str, when: str, proof: str) -> Box:
    """One decision in a box of opinions: what, why, by whom, when, and how he proved himself."""
    return {"verdict": verdict, "text": text, "signer": signer, "when": when, "proof": proof}


def opinion(field: str, decisions: Sequence[Box], cols: int = 1, *, high: int = 34) -> Box:
    """A box of opinions; with none, a line to sign on."""
    return {"kind": "opinion", "field": field, "said": list(decisions), "cols": cols, "high": high}
