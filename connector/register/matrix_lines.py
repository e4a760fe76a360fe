"""The lines of a unit's table of posts and permissions as they are sent, and what changed between two. Stores nothing.

JC annex 1 draws a line as 系统名称, 账号类别, 岗位, 使用人, 备注. System and class of account are the permission here;
who uses it follows from the register, and is never typed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register import identifiers
from connector.register.tables import PermissionRow
from connector.storage.batches import in_batches

MOST_LINES = 5000
MOST_NOTE = 200
CLAUSE = "JC 4, JC annex 1"

Key = tuple[str, str]  # post, permission id


class MatrixLine(BaseModel):
    """One permission ("subsystem:role") that one post of the unit may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    post: str = Field(min_length=1, max_length=64)
    permission: str = Field(min_length=1, max_length=96)
    note: str = Field("", max_length=MOST_NOTE)

    @property
    def key(self) -> Key:
        return self.post, self.permission


class MatrixProposal(BaseModel):
    """A whole table to be put in force in place of version `based_on` (0: the unit has none yet)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    based_on: int = Field(ge=0, le=10**6)
    lines: tuple[MatrixLine, ...] = Field(min_length=1, max_length=MOST_LINES)


class MatrixChange(NamedTuple):
    """What one table says otherwise than another, each sorted by post and permission."""

    added: tuple[MatrixLine, ...]
    removed: tuple[MatrixLine, ...]
    noted: tuple[MatrixLine, ...]  # the same line with another note

    @property
    def is_none(self) -> bool:
        return not (self.added or self.removed or self.noted)


def compare(former: Iterable[MatrixLine], present: Iterable[MatrixLine]) -> MatrixChange:
    """Pure: from `former` to `present`."""
    before, after = {line.key: line for line in former}, {line.key: line for line in present}
    return MatrixChange(
        added=tuple(after[key] for key in sorted(after.keys() - before.keys())),
        removed=tuple(before[key] for key in sorted(before.keys() - after.keys())),
        noted=tuple(after[key] for key in sorted(after.keys() & before.keys()) if after[key].note != before[key].note),
    )


def by_post(lines: Iterable[MatrixLine]) -> Mapping[str, frozenset[str]]:
    """Permission ids by post."""
    posts: dict[str, set[str]] = {}
    for line in lines:
        posts.setdefault(line.post, set()).add(line.permission)
    return {post: frozenset(held) for post, held in posts.items()}


def check_lines(act: Act, lines: Sequence[MatrixLine]) -> None:
    """Every permission is of the catalogue, no line stands twice, no text holds a number of a person.

    Raises RefusedInputError that names every wrong line (JC 4).
    """
    known: set[str] = set()
    for ids in in_batches([line.permission for line in lines]):
        known.update(row.id for row in act.session.query(PermissionRow).where(PermissionRow.id.in_(ids)))
    counted = Counter(line.key for line in lines)
    problems = [problem for n, line in enumerate(lines) for problem in _problems(n, line, known, counted)]
    if problems:
        raise RefusedInputError(problems, clause=CLAUSE)


def _problems(n: int, line: MatrixLine, known: set[str], counted: Counter[Key]) -> Iterable[FieldProblem]:
    place = f"lines.{n}"
    if line.permission not in known:
        zh, en = f"权限目录中没有：{line.permission}", f"is not in the catalogue: {line.permission}"
        yield FieldProblem(f"{place}.permission", zh, en, "JC 4")
    if counted[line.key] > 1:
        yield FieldProblem(place, "与另一行重复", "stands twice", "JC 4")
    if not line.post.isprintable():
        yield FieldProblem(f"{place}.post", "岗位名称含有控制字符", "the post holds control characters", "JC annex 1")
    if identifiers.holds_number(line.note) or identifiers.holds_number(line.post):
        zh, en = "请勿填写证件号码或手机号", "leave out document numbers and phones"
        yield FieldProblem(f"{place}.note", zh, en, "LC 5(5)")
