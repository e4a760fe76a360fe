"""The sealer: places in order, heartbeat, and no signature over anything that contradicts an earlier one."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit.errors import InconsistentLogError
from connector.audit.note import VerifierKey, open_checkpoint
from connector.audit.seal import HEARTBEAT, seal, seal_pending
from connector.audit.tables import AuditEntryRow, CheckpointRow
from connector.audit.tree import EMPTY_ROOT, root_of
from connector.storage.engine import Database
from tests.unit.audit.conftest import START, write_entries


@pytest.mark.req("J2")
def test_seal_entries_places_them_by_id_and_signs_their_root(database: Database, signer: Ed25519NoteSigner) -> None:
    write_entries(database, 7)
    with database.session() as session:
        first = seal(session, signer, START, limit=5)
    write_entries(database, 3, first=7)
    assert seal_pending(database, signer, START) == 5
    with database.session() as session:
        rows = session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id)).all()
        notes = session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.id)).all()
    leaves = [row.leaf_hash or b"" for row in rows]
    assert [row.position for row in rows] == list(range(10))
    key = VerifierKey.parse(signer.verifier_key())
    signed = [open_checkpoint(note, key) for note in notes]
    assert first is not None
    assert first.entries == 5
    assert [(c.size, c.root) for c in signed] == [(5, root_of(leaves, 0, 5)), (10, root_of(leaves))]


@pytest.mark.req("J2")
def test_seal_idle_log_signs_again_only_after_an_hour(database: Database, signer: Ed25519NoteSigner) -> None:
    with database.session() as session:
        first = seal(session, signer, START)
        assert first is not None
        assert (first.checkpoint.size, first.checkpoint.root) == (0, EMPTY_ROOT)
        assert seal(session, signer, START + HEARTBEAT - timedelta(seconds=1)) is None
        beat = seal(session, signer, START + HEARTBEAT)
    assert beat is not None
    assert (beat.checkpoint.size, beat.checkpoint.root, beat.checkpoint.at) == (0, EMPTY_ROOT, START + HEARTBEAT)


@pytest.mark.req("J2")
@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM audit_entries WHERE position = 4",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_checkpoints SET frontier = zeroblob(64)",
        "UPDATE audit_checkpoints SET frontier = zeroblob(32)",
        "UPDATE audit_checkpoints SET note = replace(note, char(10) || '5' || char(10), char(10) || '6' || char(10))",
    ],
)
def test_seal_log_that_contradicts_its_checkpoint_is_refused(
    tampering: str, database: Database, signer: Ed25519NoteSigner, without_triggers: Callable[[], None]
) -> None:
    write_entries(database, 5)
    seal_pending(database, signer, START)
    without_triggers()
    with database.session() as session:
        session.execute(text(tampering))
    write_entries(database, 1, first=5)
    with pytest.raises(InconsistentLogError):
        seal_pending(database, signer, START)


def test_seal_with_another_key_is_refused(database: Database, signer: Ed25519NoteSigner, tmp_path: Path) -> None:
    seal_pending(database, signer, START)
    with pytest.raises(InconsistentLogError):
        seal_pending(database, Ed25519NoteSigner(signer.name, tmp_path / "other.pem"), START)
