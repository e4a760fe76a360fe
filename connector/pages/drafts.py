"""Keeps what a person has typed between two pages: sealed, for a day, for him alone. Knows no rule of a request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.pages.form_tables import PageFormRow
from connector.storage.tables import new_id

KEPT = timedelta(hours=24)
CONTEXT = "page.form"

Entries = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Draft:
    """What stands in a form. `entries` maps a field to what was typed; `chain` is the chain that was shown, or empty.

    `subject_id` is the person of the request that is being put right, whose numbers need not be typed again.
    """

    entries: Entries
    chain: tuple[dict[str, Any], ...] = ()
    subject_id: str | None = None


def save(act: Act, way: str, draft: Draft, *, form_id: str | None = None, resubmits: str | None = None) -> PageFormRow:
    """Stores a new form, or the next revision of one; NotFoundError when that one is not the person's, or has ended."""
    tidy(act)
    if form_id is None:
        row = PageFormRow(id=new_id(), person_id=str(act.actor.person_id), way=way, resubmits=resubmits, revision=0)
        act.session.add(row)
    else:
        row = get(act, form_id, lock=True)
    row.revision += 1
    row.saved_at, row.expires_at = act.now, act.now + KEPT
    row.sealed = act.vault.encrypt(_written(draft), f"{CONTEXT}:{row.id}")
    act.session.flush()
    return row


def get(act: Act, form_id: str, *, lock: bool = False) -> PageFormRow:
    """The person's own form; NotFoundError for another's, or after a day."""
    query = select(PageFormRow).where(PageFormRow.id == form_id, PageFormRow.person_id == act.actor.person_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = act.session.scalar(query)
    if row is None or row.expires_at <= act.now:
        raise NotFoundError(kind="草稿 (draft)", name=form_id)
    return row


def read(act: Act, row: PageFormRow) -> Draft:
    """What stands in the form; an empty one once it is submitted."""
    if not row.sealed:
        return Draft({})
    stored = json.loads(act.vault.decrypt(row.sealed, f"{CONTEXT}:{row.id}"))
    return Draft(stored["entries"], tuple(stored["chain"]), stored["subject_id"])


def close(row: PageFormRow, number: str) -> None:
    """Notes which request the form became, and forgets what was typed: that stands in the register now."""
    row.number, row.sealed = number, b""


def discard(act: Act, form_id: str) -> None:
    """Throws the person's form away."""
    act.session.delete(get(act, form_id, lock=True))


def list_open(act: Act) -> list[PageFormRow]:
    """The forms that the person has begun and not submitted, the newest first."""
    query = (
        select(PageFormRow)
        .where(
            PageFormRow.person_id == act.actor.person_id,
            PageFormRow.number.is_(None),
            PageFormRow.expires_at > act.now,
        )
        .order_by(PageFormRow.saved_at.desc(), PageFormRow.id)
    )
    return list(act.session.scalars(query))


def tidy(act: Act) -> int:
    """Deletes the forms whose day is over; returns how many."""
    gone = act.session.execute(delete(PageFormRow).where(PageFormRow.expires_at <= act.now))
    return int(getattr(gone, "rowcount", 0))


def _written(draft: Draft) -> str:
    entries = {name: list(values) for name, values in draft.entries.items()}
    stored = {"entries": entries, "chain": list(draft.chain), "subject_id": draft.subject_id}
    return json.dumps(stored, ensure_ascii=False)
