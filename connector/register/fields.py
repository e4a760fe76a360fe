"""Collects what is wrong with the fields of a form, so that all of it is said at once. Knows no table."""

import re
from collections.abc import Callable, Mapping
from typing import ParamSpec

from pydantic import BaseModel

from connector.errors import FieldProblem, RefusedInputError

P = ParamSpec("P")
MAIL = re.compile(r"(?=.{6,128}$)[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def checked(problems: list[FieldProblem], check: Callable[P, str], *args: P.args, **kwargs: P.kwargs) -> str:
    """What `check` makes of its arguments; when it refuses, "" and its reasons go to `problems`."""
    try:
        return check(*args, **kwargs)
    except RefusedInputError as refused:
        problems += refused.fields
        return ""


def too_long(form: BaseModel, limits: Mapping[str, int], clause: str) -> list[FieldProblem]:
    """One problem for each field of `form` that is longer than its limit in characters."""
    return [
        FieldProblem(field, f"不能超过{limit}字", f"at most {limit} characters", clause)
        for field, limit in limits.items()
        if len(getattr(form, field)) > limit
    ]
