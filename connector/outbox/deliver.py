"""Runs leased steps: the call outside any transaction, then the outcome with its audit entry in one."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import structlog

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.errors import ConflictError, ConnectorError, UnavailableError
from connector.outbox import backoff, lease
from connector.outbox.tables import StepRow
from connector.ports import ForeignAccountError

Settle = Callable[[Act], None]
Handler = Callable[[StepRow], Settle | None]
OpenAct = Callable[[Actor, datetime | None], AbstractContextManager[Act]]

WORKER = job_actor("deliver_outbox")
log = structlog.get_logger()


class Delivery:
    """The one path from a decided change to the world outside.

    `handlers` maps a step's kind to the call that makes it true. A handler runs outside any transaction and may
    return a function that is run in the transaction which writes the outcome. UnavailableError: tried again.
    ForeignAccountError: state `conflict`. Any other ConnectorError: state `dead`; both wait for a person.
    """

    def __init__(
        self, open_act: OpenAct, handlers: Mapping[str, Handler], lease_time: timedelta, threads: int = 4
    ) -> None:
        self._open_act = open_act
        self._handlers = handlers
        self._lease_time = lease_time
        self._threads = threads

    def run_due(self, now: datetime | None = None, limit: int = 1000) -> int:
        """Runs due steps until none is due or `limit` is reached; returns how many tries were made."""
        tried = 0
        with ThreadPoolExecutor(self._threads) as pool:
            while tried < limit:
                with self._open_act(WORKER, now) as act:
                    steps = lease.take_due(
                        act.session, act.now, self._lease_time, min(4 * self._threads, limit - tried)
                    )
                if not steps:
                    break
                list(pool.map(lambda step: self._run(step, None, now), steps))
                tried += len(steps)
        return tried

    def run_now(self, ids: Collection[int], handler: Handler | None = None) -> list[str]:
        """Tries these steps at once, in order; returns their states. `handler` replaces the registered one."""
        with self._open_act(WORKER, None) as act:
            steps = lease.take_named(act.session, ids, act.now, self._lease_time)
        return [self._run(step, handler, None) for step in steps]

    def _run(self, step: StepRow, handler: Handler | None, now: datetime | None) -> str:
        try:
            settle = (handler or self._handlers[step.kind])(step)
            return self._end(step, now, "done", settle=settle)
        except UnavailableError as error:
            return self._again(step, now, backoff.delay_after(step.kind, step.attempts), str(error))
        except ForeignAccountError as error:
            return self._end(step, now, "conflict", error=str(error))
        except ConflictError as error:
            return self._again(step, now, backoff.delay_after_fault(step.attempts), str(error))
        except ConnectorError as error:
            return self._end(step, now, "dead", error=str(error))
        except Exception as error:  # One step's defect must not stop the others; it is logged and written down.
            log.exception("step.fault", step=step.id, kind=step.kind)
            return self._again(step, now, backoff.delay_after_fault(step.attempts), type(error).__name__)

    def _again(self, step: StepRow, now: datetime | None, delay: timedelta | None, error: str) -> str:
        if delay is None or step.interactive:
            return self._end(step, now, "dead", error=error)
        return self._end(step, now, "pending", error=error, delay=delay)

    def _end(
        self,
        step: StepRow,
        now: datetime | None,
        state: str,
        *,
        settle: Settle | None = None,
        error: str | None = None,
        delay: timedelta | None = None,
    ) -> str:
        with self._open_act(WORKER, now) as act:
            due_at = act.now + delay if delay else None
            if not lease.end_step(act.session, step, act.now, state=state, error=error, due_at=due_at):
                return "lost"
            if settle:
                settle(act)
            _record(act, step, state, error)
        return state


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
