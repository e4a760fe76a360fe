"""The sealer: gives entries their place in the tree and signs the checkpoint over them. Changes no content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from connector.audit.errors import InconsistentLogError, MalformedNoteError
from connector.audit.leaf import content_of, hash_entry
from connector.audit.note import Checkpoint, VerifierKey, open_checkpoint, sign_note
from connector.audit.tables import AuditEntryRow, CheckpointRow
from connector.audit.tree import Frontier
from connector.ports import NoteSigner
from connector.storage.engine import Database

HEARTBEAT = timedelta(hours=1)
MOST_ENTRIES = 10_000  # of one checkpoint: about a second of work and 20 MB
_ADVISORY_LOCK = 0x6175646974  # "audit"; on PostgreSQL one sealer at a time, held to the end of the transaction
_ENTRIES: Table = AuditEntryRow.metadata.tables[AuditEntryRow.__tablename__]


@dataclass(frozen=True)
class Sealed:
    """What one run of the sealer did: the checkpoint, its note, and how many entries it took in."""

    checkpoint: Checkpoint
    note: str
    entries: int


def seal(session: Session, signer: NoteSigner, now: datetime, *, limit: int = MOST_ENTRIES) -> Sealed | None:
    """Seals up to `limit` entries, in the order of their ids, and signs a checkpoint (GX 10).

    Without new entries a checkpoint is signed only when the last one is an hour old, so that silence is proved too;
    else None. Entries committed late get later positions: what counts is what is visible. The caller commits.
    Raises InconsistentLogError, and signs nothing, when the last checkpoint is not that of what is stored.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    last = find_last_checkpoint(session)
    frontier = _continue_from(session, last, signer)
    entries = _place_entries(session, frontier, limit)
    if not entries and last is not None and now - last.at < HEARTBEAT:
        return None
    checkpoint = Checkpoint(signer.name, frontier.size, frontier.root(), now)
    note = sign_note(checkpoint.text(), signer)
    session.add(
        CheckpointRow(size=frontier.size, at=now, root=checkpoint.root, frontier=frontier.to_bytes(), note=note)
    )
    session.flush()
    return Sealed(checkpoint, note, entries)


def seal_pending(database: Database, signer: NoteSigner, now: datetime) -> int:
    """Seals everything that waits, a transaction for each checkpoint; returns how many entries were sealed."""
    total = 0
    while True:
        with database.session() as session:
            sealed = seal(session, signer, now)
        if sealed is None or sealed.entries == 0:
            return total
        total += sealed.entries
        if sealed.entries < MOST_ENTRIES:
            return total


def find_last_checkpoint(session: Session) -> CheckpointRow | None:
    return session.scalars(select(CheckpointRow).order_by(CheckpointRow.id.desc()).limit(1)).first()


def _continue_from(session: Session, last: CheckpointRow | None, signer: NoteSigner) -> Frontier:
    """The frontier to go on from. A log must not sign a checkpoint inconsistent with any it signed."""
    placed = session.scalar(select(func.max(AuditEntryRow.position)))
    size = 0 if placed is None else placed + 1
    if last is None:
        if size:
            raise InconsistentLogError(reason="entries sealed without a checkpoint")
        return Frontier()
    try:
        signed = open_checkpoint(last.note, VerifierKey.parse(signer.verifier_key()))
        frontier = Frontier.from_bytes(signed.size, last.frontier)
    except (MalformedNoteError, ValueError) as error:
        raise InconsistentLogError(reason=f"last checkpoint: {error}") from error
    if frontier.root() != signed.root:
        raise InconsistentLogError(reason="frontier of the last checkpoint")
    if size != signed.size:
        raise InconsistentLogError(reason=f"{size} entries, checkpoint of {signed.size}")
    return frontier


def _place_entries(session: Session, frontier: Frontier, limit: int) -> int:
    waiting = select(_ENTRIES).where(_ENTRIES.c.position.is_(None)).order_by(_ENTRIES.c.id).limit(limit)
    places = []
    for row in session.execute(waiting):
        leaf = hash_entry(content_of(row), frontier.size)
        places.append({"entry_id": row.id, "place": frontier.size, "leaf": leaf})
        frontier.append(leaf)
    if places:
        statement = (
            update(_ENTRIES)
            .where(_ENTRIES.c.id == bindparam("entry_id"))
            .values(position=bindparam("place"), leaf_hash=bindparam("leaf"))
        )
        session.connection().execute(statement, places)
    return len(places)
