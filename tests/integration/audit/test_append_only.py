"""On SQLite and PostgreSQL: the record refuses every change, and a change whose entry cannot be written is not made."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit import service as audit
from connector.audit.errors import InconsistentLogError
from connector.audit.events import Event
from connector.audit.export import export_log
from connector.audit.note import VerifierKey, open_checkpoint
from connector.audit.seal import seal, seal_pending
from connector.audit.sources import DatabaseSource, ExportSource
from connector.audit.tables import AuditEntryRow, CheckpointRow
from connector.audit.verify import verify_log
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.storage.engine import Database
from connector.storage.tables import Base

NOW = datetime(2026, 11, 23, 8, 0, 0, 987654, tzinfo=UTC)


def make_act(session: Any, now: datetime = NOW) -> Act:
    return Act(session=session, actor=job_actor("test"), now=now, rulebook=cast(Any, None), vault=cast(Any, None))


def write_entries(database: Database, count: int) -> None:
    with database.session() as session:
        for number in range(count):
            audit.record(
                make_act(session), Event.GRANT_ADDED, f"account:{number}", share=0.1 * number, words=["开标", None]
            )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def signer(tmp_path: Path) -> Ed25519NoteSigner:
    return Ed25519NoteSigner("log.example/record", tmp_path / "keys" / "log.pem")


@pytest.mark.req("J2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'job:other' WHERE id = 1",
        "UPDATE audit_entries SET data = '{}' WHERE id = 1",
        "UPDATE audit_entries SET data = '{}' WHERE id = 4",
        "UPDATE audit_entries SET request_id = 'r' WHERE id = 4",
        "UPDATE audit_entries SET position = 3 WHERE id = 4",
        "UPDATE audit_entries SET position = NULL, leaf_hash = NULL WHERE id = 1",
        "UPDATE audit_entries SET position = 7 WHERE id = 1",
        "DELETE FROM audit_entries WHERE id = 1",
        "DELETE FROM audit_entries WHERE id = 4",
        "DELETE FROM audit_entries",
        "INSERT INTO audit_entries SELECT 9, at, event, actor_kind, actor, actor_person_id, subject, person_id,"
        " account_id, request_id, alarm, data, 9, leaf_hash FROM audit_entries WHERE id = 1",
        "UPDATE audit_checkpoints SET size = 2",
        "DELETE FROM audit_checkpoints",
    ],
)
def test_change_record_by_sql_is_refused(statement: str, database: Database, signer: Ed25519NoteSigner) -> None:
    write_entries(database, 3)
    seal_pending(database, signer, NOW)
    write_entries(database, 1)
    with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
        session.execute(text(statement))
    with database.session() as session:
        assert seal(session, signer, NOW) is not None
    assert verify_log(DatabaseSource(database), VerifierKey.parse(signer.verifier_key())).finding is None


@pytest.mark.req("J2")
def test_replace_or_truncate_record_is_refused(database: Database, signer: Ed25519NoteSigner) -> None:
    write_entries(database, 2)
    seal_pending(database, signer, NOW)
    for table in ("audit_entries", "audit_checkpoints"):
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = 1"  # noqa: S608
        with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
            session.execute(text(statement if database.is_sqlite else f"TRUNCATE {table}"))


@pytest.mark.req("J2")
def test_seal_verify_and_export_on_each_database_agree(
    database: Database, signer: Ed25519NoteSigner, tmp_path: Path
) -> None:
    write_entries(database, 12)
    seal_pending(database, signer, NOW)
    with database.session() as session:
        assert seal(session, signer, NOW + timedelta(hours=1)) is not None
    key = VerifierKey.parse(signer.verifier_key())
    report = verify_log(DatabaseSource(database), key)
    assert (report.finding, report.entries, report.checkpoints, report.unsealed) == (None, 12, 2, 0)
    export_log(DatabaseSource(database), key, tmp_path / "export")
    assert verify_log(ExportSource(tmp_path / "export"), key).root == report.root


@pytest.mark.req("J2")
def test_seal_by_four_sealers_at_once_places_each_entry_once(database: Database, signer: Ed25519NoteSigner) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                write_entries(database, 3)
                seal_pending(database, signer, NOW)
        except (DBAPIError, InconsistentLogError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    key = VerifierKey.parse(signer.verifier_key())
    report = verify_log(DatabaseSource(database), key)
    assert (report.finding, report.entries, report.unsealed) == (None, 120, 0)
    with database.session() as session:
        sizes = [
            open_checkpoint(note, key).size
            for note in session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.id))
        ]
    assert sizes == sorted(set(sizes))


@pytest.mark.req("J2")
def test_seal_with_triggers_dropped_and_an_entry_removed_signs_nothing(
    database: Database, signer: Ed25519NoteSigner
) -> None:
    write_entries(database, 3)
    seal_pending(database, signer, NOW)
    with database.session() as session:
        table = "" if database.is_sqlite else " ON audit_entries"
        session.execute(text(f"DROP TRIGGER audit_entries_no_delete{table}"))
        session.execute(text("DELETE FROM audit_entries WHERE position = 2"))
    write_entries(database, 1)
    with pytest.raises(InconsistentLogError):
        seal_pending(database, signer, NOW)


@pytest.mark.req("J1")
def test_change_whose_entry_cannot_be_written_is_not_made(database: Database) -> None:
    refuse = (
        "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        if database.is_sqlite
        else "CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    )
    with database.session() as session:
        session.execute(text(refuse))
    with pytest.raises(DBAPIError):
        approve(database)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(StepRow)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEntryRow)) == 0


def approve(database: Database) -> None:
    """A change with its side effect and its entry, in one transaction."""
    with database.session() as session:
        act = make_act(session)
        outbox.enqueue(act, "mail", key="k", lane="mail", payload={})
        audit.record(act, Event.REQUEST_APPROVED, "request:1")
