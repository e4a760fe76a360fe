"""The verifier finds every kind of tampering and names the first bad place; an export verifies by the key alone."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.adapters.signing import Ed25519NoteSigner
from connector.audit.errors import ExportRefusedError, MalformedNoteError
from connector.audit.export import export_log
from connector.audit.leaf import hash_entry
from connector.audit.note import Checkpoint, VerifierKey, sign_note
from connector.audit.seal import seal, seal_pending
from connector.audit.sources import DatabaseSource, ExportSource, StoredEntry
from connector.audit.tree import Frontier
from connector.audit.verify import Finding, Kind, verify_log
from connector.storage.engine import Database
from tests.unit.audit.conftest import START, write_entries

SIZE = 1_000
MUTANTS_OF_A_KIND = 100


@dataclass
class ListSource:
    """A log in memory, to be tampered with freely."""

    stored: list[StoredEntry]
    signed: list[str]

    def entries(self, start: int = 0) -> Iterator[StoredEntry]:
        return iter(self.stored[start:])

    def notes(self) -> Iterator[str]:
        return iter(self.signed)

    def unsealed(self) -> int:
        return 0

    def size(self) -> int:
        return len(self.stored)


def make_log(signer: Ed25519NoteSigner, size: int = SIZE, *, every: int = 97, text: str = "entry") -> ListSource:
    """A valid log with a checkpoint at each multiple of `every` and at its end."""
    frontier, source = Frontier(), ListSource([], [])
    for position in range(size):
        content = {"id": position + 1, "event": "grant.added", "data": {"text": f"{text} {position}"}}
        leaf = hash_entry(content, position)
        frontier.append(leaf)
        source.stored.append(StoredEntry(position, leaf, content))
        if frontier.size % every == 0 or frontier.size == size:
            at = START + timedelta(minutes=position)
            source.signed.append(sign_note(Checkpoint(signer.name, frontier.size, frontier.root(), at).text(), signer))
    return source


def key_of(signer: Ed25519NoteSigner) -> VerifierKey:
    return VerifierKey.parse(signer.verifier_key())


def change(stored: list[StoredEntry], place: int, rng: random.Random) -> None:
    content = json.loads(json.dumps(stored[place].content))
    content["data"]["text"] += rng.choice("xyz")
    stored[place] = replace(stored[place], content=content)


def delete(stored: list[StoredEntry], place: int, rng: random.Random) -> None:
    del stored[place]
    if rng.random() < 0.5:
        renumber(stored, place)


def insert(stored: list[StoredEntry], place: int, rng: random.Random) -> None:
    content: dict[str, Any] = {"id": 10**6, "event": "grant.added", "data": {"text": "forged"}}
    leaf = hash_entry(content, place) if rng.random() < 0.5 else rng.randbytes(32)
    stored.insert(place, StoredEntry(place, leaf, content))
    if rng.random() < 0.5:
        renumber(stored, place)


def swap(stored: list[StoredEntry], place: int, rng: random.Random) -> None:
    other = rng.randrange(place + 1, len(stored))
    one, two = stored[place], stored[other]
    way = rng.randrange(3)
    if way == 0:  # the contents only
        stored[place], stored[other] = replace(one, content=two.content), replace(two, content=one.content)
    elif way == 1:  # whole entries, each under the other's number
        stored[place], stored[other] = replace(two, position=place), replace(one, position=other)
    else:  # whole entries with their own numbers
        stored[place], stored[other] = two, one


def truncate(stored: list[StoredEntry], place: int, rng: random.Random) -> None:
    del stored[place:]


def renumber(stored: list[StoredEntry], start: int) -> None:
    for place in range(start, len(stored)):
        stored[place] = replace(stored[place], position=place)


MUTATIONS = {
    Kind.CHANGED: change,
    Kind.REMOVED: delete,
    Kind.INSERTED: insert,
    Kind.SWAPPED: swap,
    Kind.TRUNCATED: truncate,
}


@pytest.mark.req("J2")
@pytest.mark.parametrize("kind", MUTATIONS)
def test_verify_100_mutants_of_a_kind_names_kind_and_first_bad_place_of_each(
    kind: Kind, signer: Ed25519NoteSigner
) -> None:
    log, key, rng = make_log(signer), key_of(signer), random.Random(20261123)  # noqa: S311
    assert verify_log(log, key).finding is None
    for _ in range(MUTANTS_OF_A_KIND):
        place, stored = rng.randrange(SIZE - 1), list(log.stored)
        MUTATIONS[kind](stored, place, rng)
        found = verify_log(ListSource(stored, log.signed), key).finding
        assert found is not None
        assert (found.kind, found.position) == (kind, place)


@pytest.mark.req("J2")
def test_verify_changed_leaf_with_new_hash_names_the_span_between_two_checkpoints(signer: Ed25519NoteSigner) -> None:
    log = make_log(signer, 300, every=100)
    content = {"id": 1, "data": {"text": "forged"}}
    log.stored[150] = StoredEntry(150, hash_entry(content, 150), content)
    assert verify_log(log, key_of(signer)).finding == Finding(Kind.REWRITTEN, 100, 199, 2)


@pytest.mark.req("J2")
def test_verify_bad_or_missing_checkpoints_is_a_finding(signer: Ed25519NoteSigner, tmp_path: Path) -> None:
    log, key = make_log(signer, 300, every=100), key_of(signer)
    forger = Ed25519NoteSigner(signer.name, tmp_path / "forger.pem")
    forged = make_log(forger, 300, every=100).signed[1]
    assert verify_log(ListSource(log.stored, [log.signed[0], forged, log.signed[2]]), key).finding == Finding(
        Kind.BAD_SIGNATURE, 100, checkpoint=2
    )
    assert verify_log(ListSource(log.stored, []), key).finding == Finding(Kind.NO_CHECKPOINT, 0)
    assert verify_log(ListSource([], []), key).finding == Finding(Kind.NO_CHECKPOINT, 0)
    assert verify_log(ListSource(log.stored, log.signed[:2]), key).finding == Finding(Kind.INSERTED, 200)
    backwards = [log.signed[1], log.signed[0]]
    assert verify_log(ListSource(log.stored[:200], backwards), key).finding == Finding(
        Kind.REWRITTEN, 200, checkpoint=2
    )


@pytest.mark.req("J2")
def test_verify_log_rewritten_with_the_stolen_key_is_found_by_the_kept_checkpoint(signer: Ed25519NoteSigner) -> None:
    true, rewritten, key = make_log(signer), make_log(signer, text="forged"), key_of(signer)
    kept = (true.signed[0], true.signed[3])
    assert verify_log(rewritten, key).finding is None
    assert verify_log(rewritten, key, kept=kept).finding == Finding(Kind.REWRITTEN, 0, 96)
    report = verify_log(true, key, kept=kept)
    assert (report.finding, report.kept_checkpoints) == (None, [97, 4 * 97])
    late = ListSource(
        true.stored[:200] + rewritten.stored[200:], make_log_of(true.stored[:200] + rewritten.stored[200:], signer)
    )
    assert verify_log(late, key).finding is None
    assert verify_log(late, key, kept=kept).finding == Finding(Kind.REWRITTEN, 97, 4 * 97 - 1)


@pytest.mark.req("J2")
def test_verify_log_cut_with_its_checkpoints_is_found_by_the_kept_checkpoint(signer: Ed25519NoteSigner) -> None:
    log, key = make_log(signer, 300, every=100), key_of(signer)
    cut = ListSource(log.stored[:200], log.signed[:2])
    assert verify_log(cut, key).finding is None
    assert verify_log(cut, key, kept=(log.signed[2],)).finding == Finding(Kind.TRUNCATED, 200)
    with pytest.raises(MalformedNoteError):
        verify_log(cut, key, kept=("not a note",))


def make_log_of(stored: list[StoredEntry], signer: Ed25519NoteSigner) -> list[str]:
    frontier = Frontier()
    for entry in stored:
        frontier.append(entry.leaf)
    return [sign_note(Checkpoint(signer.name, frontier.size, frontier.root(), START).text(), signer)]


@pytest.mark.req("J2")
def test_verify_database_and_export_after_tampering_names_the_place(
    database: Database, signer: Ed25519NoteSigner, without_triggers: Callable[[], None], tmp_path: Path
) -> None:
    write_entries(database, 30)
    seal_pending(database, signer, START)
    write_entries(database, 30, first=30)
    seal_pending(database, signer, START + timedelta(minutes=90))
    write_entries(database, 2, first=60)
    key = key_of(signer)
    report = verify_log(DatabaseSource(database), key)
    assert (report.finding, report.entries, report.unsealed, report.longest_silence_seconds) == (None, 60, 2, 5400)
    without_triggers()
    for number, (statement, finding) in enumerate(
        [
            ("UPDATE audit_entries SET actor = 'job:other' WHERE position = 58", Finding(Kind.CHANGED, 58)),
            (
                "UPDATE audit_entries SET at = '2026-11-23 09:00:00.000000' WHERE position = 57",
                Finding(Kind.CHANGED, 57),
            ),
            ("UPDATE audit_entries SET data = 'not json' WHERE position = 40", Finding(Kind.CHANGED, 40)),
            ("UPDATE audit_entries SET at = 'never' WHERE position = 39", Finding(Kind.CHANGED, 39)),
            ("UPDATE audit_entries SET leaf_hash = zeroblob(32) WHERE position = 38", Finding(Kind.CHANGED, 38)),
            ("DELETE FROM audit_entries WHERE position = 20", Finding(Kind.REMOVED, 20)),
        ]
    ):
        with database.session() as session:
            session.execute(text(statement))
        assert verify_log(DatabaseSource(database), key).finding == finding
        export_log(DatabaseSource(database), key, tmp_path / f"export-{number}")
        assert verify_log(ExportSource(tmp_path / f"export-{number}"), key).finding == finding


@pytest.mark.req("J2")
def test_export_then_verify_needs_the_directory_and_the_key_alone(
    database: Database, signer: Ed25519NoteSigner, tmp_path: Path
) -> None:
    write_entries(database, 25)
    seal_pending(database, signer, START)
    write_entries(database, 1, first=25)
    target = tmp_path / "export"
    assert export_log(DatabaseSource(database), key_of(signer), target) == 25
    database.close()
    key = VerifierKey.parse((target / "log.vkey").read_text())
    report = verify_log(ExportSource(target), key, kept=((target / "checkpoint").read_text(),))
    assert (report.finding, report.entries, report.kept_checkpoints) == (None, 25, [25])
    assert {p.stat().st_mode & 0o777 for p in target.iterdir()} == {0o600}
    lines = (target / "entries.jsonl").read_text().splitlines(keepends=True)
    (target / "entries.jsonl").write_text("".join([*lines[:7], "not json\n", *lines[8:]]))
    assert verify_log(ExportSource(target), key).finding == Finding(Kind.CHANGED, 7)
    with pytest.raises(ExportRefusedError):
        export_log(DatabaseSource(database), key, target)
    with pytest.raises(ExportRefusedError):
        ExportSource(tmp_path)


def test_verify_database_while_it_grows_is_no_finding(database: Database, signer: Ed25519NoteSigner) -> None:
    write_entries(database, 10)
    seal_pending(database, signer, START)
    source = DatabaseSource(database)
    write_entries(database, 10, first=10)
    with database.session() as session:
        seal(session, signer, START)
    report = verify_log(source, key_of(signer))
    assert (report.finding, report.entries, report.checkpoints) == (None, 10, 1)
