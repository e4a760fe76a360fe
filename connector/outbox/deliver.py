"""Runs leased steps: the call outside any transaction, then the outcome with its audit entry in one."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.errors import ConflictError, ConnectorError, UnavailableError
from connector.outbox import backoff, lanes, lease
from connector.outbox.behind import Behind
from connector.outbox.tables import StepRow
from connector.ports import ForeignAccountError

Settle = Callable[[Act], None]
Handler = Callable[[StepRow], Settle | None]
OpenAct = Callable[[Actor, datetime | None], AbstractContextManager[Act]]

WORKER = job_actor("deliver_outbox")
HEAD_START_SECONDS = 1.0  # A freeze takes half of it (measured); for each round of the threads.
SIGNAL_THREADS = 8  # More than there are subsystems: one that hangs holds up no other.
THREADS = 8  # More win nothing: Keycloak works for longer on each call than this side does.
ROUND = 32  # Steps leased at once: all are tried well within one lease even when Keycloak hangs on each.
log = structlog.get_logger()


class Outcome(NamedTuple):
    """How one try ended; `delay` until the next one, `settle` for the transaction that writes it down."""

    state: str  # done, pending (to be tried again), conflict, dead
    error: str | None = None
    delay: timedelta | None = None
    settle: Settle | None = None


class Round(NamedTuple):
    """Leased steps by their turns; those of the first turn are being tried."""

    turns: Sequence[Sequence[StepRow]]
    first: Sequence[Future[Outcome]]

    @property
    def lanes(self) -> set[str]:
        return {step.lane for turn in self.turns for step in turn}

    def gets_through(self) -> bool:
        """Whether something of the first turn can be done. Known when half is tried: then the next may begin."""
        through = False
        for number, future in enumerate(self.first, 1):
            through = through or future.result().state != "pending"
            if through and 2 * number >= len(self.first):
                break
        return through or not self.first


class Delivery:
    """The one path from a decided change to the world outside.

    `handlers` maps a step's kind to the call that makes it true. A handler runs outside any transaction and may
    return a function that is run in the transaction which writes the outcome. UnavailableError: tried again.
    ForeignAccountError: state `conflict`. Any other ConnectorError: state `dead`; both wait for a person.
    """

    def __init__(
        self, open_act: OpenAct, handlers: Mapping[str, Handler], lease_time: timedelta, threads: int = THREADS
    ) -> None:
        self._open_act = open_act
        self._handlers = handlers
        self._lease_time = lease_time
        self._threads = threads

    def run_due(self, now: datetime | None = None, limit: int = 1000) -> int:
        """Runs due steps until none is due or `limit` is reached; returns how many tries were made.

        Signals have rounds of their own beside the others: a receiver that hangs holds up no step of Keycloak's.
        """
        with ThreadPoolExecutor(1) as pool:
            signals = pool.submit(self._run_rounds, now, limit, signals=True)
            return self._run_rounds(now, limit, signals=False) + signals.result()

    def _run_rounds(self, now: datetime | None, limit: int, *, signals: bool) -> int:
        """A round leases some steps in one transaction, runs them side by side, and writes their outcomes in another:
        two commits for the round and not two for each step. The next round is begun while they are written.
        """
        tried = 0
        with ThreadPoolExecutor(self._threads) as pool, Behind(partial(self._end, now=now)) as behind:
            while tried < limit:
                with self._open_act(WORKER, now) as act:
                    count = min(ROUND, limit - tried)
                    steps = lease.take_due(act.session, act.now, self._lease_time, count, signals=signals)
                if steps:
                    behind.add(steps, list(pool.map(self._try, steps)))
                    tried += len(steps)
                elif not behind.wait():  # What was just written may have freed the next of its lane.
                    break
        return tried

    def run_urgent(self, ids: Collection[int]) -> list[str]:
        """As `run_now`, the signals after everything else: no receiver keeps a freeze waiting.

        Nor does Keycloak keep the signals waiting for long: it may itself wait for a subsystem that hangs.
        """
        with self._open_act(WORKER, None) as act:
            signals = lease.in_lanes(act.session, ids, lanes.SIGNAL)
        first = [step_id for step_id in ids if step_id not in signals]
        with ThreadPoolExecutor(1) as pool:
            calls = pool.submit(self.run_now, first)
            wait([calls], timeout=HEAD_START_SECONDS * -(-len(first) // self._threads))
            states = self._send_signals(signals)
            return [*calls.result(), *states]

    def _send_signals(self, ids: Collection[int]) -> list[str]:
        """Every lane by itself, so that none waits for the receiver of another; it stops at what was not taken."""
        with self._open_act(WORKER, None) as act:
            steps = lease.take_named(act.session, ids, act.now, self._lease_time)
        with ThreadPoolExecutor(SIGNAL_THREADS) as pool:
            waiting = [[step for step in steps if step.lane == lane] for lane in dict.fromkeys(s.lane for s in steps)]
            return [state for states in pool.map(self._run_lane, waiting) for state in states]

    def _run_lane(self, steps: Sequence[StepRow]) -> list[str]:
        outcomes: list[Outcome] = []
        for step in steps:
            outcomes.append(self._try(step))
            if outcomes[-1].state == "pending":
                self._put_back(steps[len(outcomes) :])
                break
        return self._end(steps[: len(outcomes)], outcomes)

    def run_now(self, ids: Collection[int], handler: Handler | None = None) -> list[str]:
        """Tries these steps at once; the states of those that were free, in their order. `handler` replaces theirs.

        Lanes run side by side, the steps of one lane one after another; a round is begun when half of the one before
        is tried. When nothing of a round can be done, the other side is down: what is left stays with the worker, and
        whoever ordered it need not wait for each.
        """
        waiting = sorted(ids)
        with ThreadPoolExecutor(self._threads) as pool, Behind(self._end) as behind:
            before: Round | None = None
            for start in range(0, len(waiting), ROUND):
                if before is not None and not before.gets_through():
                    break
                with self._open_act(WORKER, None) as act:
                    named = waiting[start : start + ROUND]
                    steps = lease.take_named(act.session, named, act.now, self._lease_time)
                if before is not None and before.lanes & {step.lane for step in steps}:
                    self._finish(pool, behind, before, handler)
                    before = None
                begun = self._begin(pool, behind, _turns(steps), handler)
                if before is not None:
                    self._finish(pool, behind, before, handler)
                before = begun
            if before is not None:
                self._finish(pool, behind, before, handler)
        return [behind.states[step_id] for step_id in sorted(behind.states)]

    def _begin(
        self,
        pool: ThreadPoolExecutor,
        behind: Behind[Outcome],
        turns: Sequence[Sequence[StepRow]],
        handler: Handler | None,
    ) -> "Round":
        first = turns[0] if turns else ()
        behind.wait_for(first)
        return Round(turns, [pool.submit(self._try, step, handler) for step in first])

    def _finish(
        self, pool: ThreadPoolExecutor, behind: Behind[Outcome], begun: "Round", handler: Handler | None
    ) -> None:
        """Waits for the first turn and runs the others; steps of a lane that was stopped are put back untried."""
        held: set[str] = set()
        untried: list[StepRow] = []
        under_way = begun.first
        for turn in begun.turns:
            ready = [step for step in turn if step.lane not in held]
            untried += [step for step in turn if step.lane in held]
            if turn is not begun.turns[0]:
                behind.wait_for(ready)
                under_way = [pool.submit(self._try, step, handler) for step in ready]
            outcomes = [future.result() for future in under_way]
            behind.add(ready, outcomes)
            held |= {s.lane for s, o in zip(ready, outcomes, strict=True) if s.ordered and o.state == "pending"}
        if untried:
            behind.wait()
            self._put_back(untried)

    def _put_back(self, steps: Sequence[StepRow]) -> None:
        with self._open_act(WORKER, None) as act:
            lease.put_back(act.session, steps)

    def _try(self, step: StepRow, handler: Handler | None = None) -> Outcome:
        try:
            return Outcome("done", settle=(handler or self._handlers[step.kind])(step))
        except UnavailableError as error:
            delay = backoff.delay_after(step.kind, step.attempts, at_least=error.retry_after or 0.0)
            return _again(step, delay, str(error))
        except ForeignAccountError as error:
            return Outcome("conflict", str(error))
        except ConflictError as error:
            return _again(step, backoff.delay_after_fault(step.attempts), str(error))
        except ConnectorError as error:
            return Outcome("dead", str(error))
        except Exception as error:  # One step's defect must not stop the others; it is logged and written down.
            log.exception("step.fault", step=step.id, kind=step.kind)
            return _again(step, backoff.delay_after_fault(step.attempts), type(error).__name__)

    def _end(self, steps: Sequence[StepRow], outcomes: Sequence[Outcome], now: datetime | None = None) -> list[str]:
        with self._open_act(WORKER, now) as act:
            ours = lease.hold_ours(act.session, steps)
            return [
                _write(act, ours[step.id], outcome) if step.id in ours else "lost"
                for step, outcome in zip(steps, outcomes, strict=True)
            ]


def _turns(steps: Sequence[StepRow]) -> list[list[StepRow]]:
    """The first step of every lane, then the second of every lane, and so on: a turn's steps wait for none of it."""
    turns: list[list[StepRow]] = []
    place: Counter[str] = Counter()
    for step in steps:
        if place[step.lane] == len(turns):
            turns.append([])
        turns[place[step.lane]].append(step)
        place[step.lane] += 1
    return turns


def _again(step: StepRow, delay: timedelta | None, error: str) -> Outcome:
    if delay is None or step.interactive:
        return Outcome("dead", error)
    return Outcome("pending", error, delay)


def _write(act: Act, step: StepRow, outcome: Outcome) -> str:
    """Writes one outcome; what settles it stands or falls with it."""
    due_at = act.now + outcome.delay if outcome.delay else None
    lease.end_step(act.session, step, act.now, state=outcome.state, error=outcome.error, due_at=due_at)
    if outcome.settle:
        outcome.settle(act)
    _record(act, step, outcome.state, outcome.error)
    return outcome.state


OUTCOMES = {"done": Event.STEP_DONE, "conflict": Event.STEP_CONFLICTED, "dead": Event.STEP_FAILED}


def _record(act: Act, step: StepRow, state: str, error: str | None) -> None:
    if state not in OUTCOMES:
        log.warning("step.unavailable", step=step.id, kind=step.kind, attempts=step.attempts, error=error)
        return
    audit.record(
        act,
        OUTCOMES[state],
        f"step:{step.id}",
        account_id=step.account_id,
        request_id=step.request_id,
        alarm=state != "done",
        kind=step.kind,
        attempts=step.attempts,
        **({"error": error} if error else {}),
    )
