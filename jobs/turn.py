"""What a job gets for its turn: the connector, of which nothing is stored any more once the turn was lost.

A process that was stopped, or whose database was away, may wake after another took its turn. Every act it opens asks,
last thing before the commit, whether the turn is still its own, and keeps the claim's row locked until it is stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.bootstrap import Connector
from connector.checks import runs
from connector.checks.runs import JobRunRow
from jobs.errors import TurnLostError


class Turn:
    """The connector during one run. With `once`, the first act that writes stores the end of the run as well."""

    def __init__(self, connector: Connector, run: JobRunRow, *, once: bool) -> None:
        self._connector, self._run, self._once = connector, run, once

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    @contextmanager
    def act(self, actor: Actor, *, now: datetime | None = None, **how: bool) -> Iterator[Act]:
        """One act of the connector; raises TurnLostError, and then nothing of it is stored."""
        with self._connector.act(actor, now=now, **how) as act:
            yield act
            if not how.get("reading") and not self._is_mine(act):
                raise TurnLostError(name=self._run.job)

    def _is_mine(self, act: Act) -> bool:
        if not self._once:
            return runs.is_held(act.session, self._run)
        at = runs.moment(act.session, self._connector.clock.now())
        return runs.finish(act.session, self._run, outcome=runs.DONE, summary={}, error=None, now=at)


def make_turn(connector: Connector, run: JobRunRow, *, once: bool) -> Connector:
    """The connector for this run; jobs need not know that it is not the whole one."""
    return cast(Connector, Turn(connector, run, once=once))
