"""Lets the register follow the directory, and opens a case for whoever moved (JC 6, 13). Too many at once wait.

Movers that are too many hold no leaver: a reorganisation of hundreds must not keep one leaver's account open.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from connector.auth.act import Act
from connector.departures import mover_cases, release
from connector.departures.moves import MOVING, Move
from connector.outbox import service as outbox
from connector.register import following, people
from connector.register.tables import AccountRow

UPDATE_USER = "keycloak.follow_register"  # Keys write users by "keycloak.update_user": one kind has one handler.


class MoveRun(NamedTuple):
    """What became of the moves of a reading: carried out, or waiting for two people (then with the request)."""

    moved: int
    waiting: int
    request_id: str | None = None


def follow_directory(act: Act, moves: Sequence[Move], *, limit: int, recent: int) -> MoveRun:
    """Carries out the moves of a complete reading, at most `limit` of them with the `recent` ones of changes.

    More are held as one plan, for two people to release exactly these changes; nothing flows meanwhile but what was
    released. What they refused is not asked again as long as the directory says the same.
    """
    verdict = release.follow_moves(act, {move.mark for move in moves})
    free = [m for m in moves if m.mark not in verdict.released | verdict.refused | verdict.waiting]
    flowing = [move for move in moves if move.mark in verdict.released]
    request_id = verdict.request_id
    if free and not verdict.waiting:
        if recent + len(free) <= limit:
            flowing, free = flowing + free, []
        else:
            request_id = release.hold_moves(act, free).request_id
    apply_moves(act, flowing)
    return MoveRun(len(flowing), len(free) + len(verdict.waiting), request_id)


def follow_changes(act: Act, moves: Sequence[Move], *, limit: int, recent: int) -> MoveRun:
    """Carries out moves reported between two complete reads, where nothing waits and they are few; else none.

    What is left lies in the directory still: the next complete read finds it.
    """
    blocked = release.refused_marks(act)
    free = [move for move in moves if move.mark not in blocked]
    if release.waits(act) or recent + len(free) > limit:
        return MoveRun(0, len(free))
    apply_moves(act, free)
    return MoveRun(len(free), 0)


def apply_moves(act: Act, moves: Collection[Move]) -> None:
    """Writes the changes to the register, orders Keycloak to follow, and opens the cases of those who moved."""
    for move in moves:
        before = people.get_person(act, move.person_id)
        came_from = (before.unit_id, before.post)
        _, changed = following.change_from_directory(
            act,
            move.person_id,
            name=move.name,
            phone=move.phone,
            mail=move.mail,
            unit_id=move.unit_id,
            post=move.post,
        )
        account = act.session.get_one(AccountRow, move.account_id)
        if {"name", "unit"} & set(changed):
            outbox.enqueue_for_account(act, UPDATE_USER, account.id, {"fields": changed})
        if MOVING & set(changed):
            mover_cases.open_case(act, account, came_from)
