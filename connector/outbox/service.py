"""Durable side effects: rows enqueued with the change they follow from. The only way anything leaves this product."""

from datetime import datetime
from typing import Any

from connector.auth.act import Act
from connector.outbox.tables import StepRow


def enqueue(
    act: Act,
    kind: str,
    *,
    key: str,
    lane: str,
    payload: dict[str, Any],
    account_id: str | None = None,
    request_id: str | None = None,
    due_at: datetime | None = None,
    interactive: bool = False,
) -> StepRow:
    """Adds one side effect to the act's transaction and returns its row.

    `key` makes it unique: the same key twice is refused by the database. `payload` is plain JSON without personal
    values. `due_at` is the earliest moment (default: now). An `interactive` step is never run by the worker.
    """
    step = StepRow(
        key=key,
        kind=kind,
        lane=lane,
        payload=payload,
        account_id=account_id,
        request_id=request_id,
        state="pending",
        interactive=interactive,
        due_at=due_at or act.now,
        enqueued_at=act.now,
    )
    act.session.add(step)
    act.session.flush()
    return step
