"""The verifier: streams a log, recomputes every leaf and root, and names the first place that is not as it was signed.

Pure but for the source it reads. What it proves: the stored leaf hashes lead to the signed roots, so a content that
does not fit its leaf hash is named exactly. Where somebody recomputed leaf hashes too, the place lies between the last
checkpoint that fits and the first that does not; the finding names the first place of this span.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.audit.errors import MalformedNoteError
from connector.audit.leaf import NoCanonicalFormError, hash_entry
from connector.audit.note import Checkpoint, VerifierKey, open_checkpoint
from connector.audit.sources import Source, StoredEntry
from connector.audit.tree import Frontier

_PROGRESS_EVERY = 5_000


class Kind(StrEnum):
    """What happened to the log, as far as it can be told."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"  # leaf hashes were recomputed; the roots give it away
    BAD_SIGNATURE = "bad_signature"
    NO_CHECKPOINT = "no_checkpoint"


@dataclass(frozen=True)
class Finding:
    """The first bad place: what happened, at which position (from 0), and up to which position it may lie."""

    kind: Kind
    position: int
    through: int | None = None
    checkpoint: int | None = None  # number of the checkpoint (from 1) that is wrong or does not fit


@dataclass
class Report:
    """What was verified. The log is as it was signed when `finding` is None."""

    origin: str
    entries: int = 0
    checkpoints: int = 0
    size: int = 0
    root: str = ""
    first_at: datetime | None = None
    last_at: datetime | None = None
    longest_silence_seconds: float = 0.0  # between two checkpoints; much over an hour: the sealer stood still
    unsealed: int = 0
    kept_checkpoints: list[int] = field(default_factory=list)  # sizes of those kept elsewhere that fit
    finding: Finding | None = None


def verify_log(
    source: Source, key: VerifierKey, *, kept: tuple[str, ...] = (), progress: Callable[[int], None] | None = None
) -> Report:
    """Verifies the whole log against `key`, and against notes `kept` elsewhere (GX 10).

    A kept checkpoint finds what the key's thief can do: a rewritten or shortened log. Raises MalformedNoteError when a
    kept note is not a checkpoint of this key; everything wrong in the log itself is the report's finding.
    """
    report = Report(key.name)
    witnesses = sorted((open_checkpoint(note, key) for note in kept), key=lambda c: c.size)
    walk = _Walk(report, _Checkpoints(source.notes(), key, report), witnesses)
    report.finding = walk.run(source, progress)
    report.entries, report.unsealed = walk.frontier.size, source.unsealed()
    return report


class _BadCheckpointError(Exception):
    """The next checkpoint cannot be used; says of what kind the finding is."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


class _Checkpoints:
    """The signed checkpoints one after another, each opened, sizes never falling."""

    def __init__(self, notes: Iterator[str], key: VerifierKey, report: Report) -> None:
        self._notes, self._key, self._report = notes, key, report
        self.next: Checkpoint | None = None

    def advance(self) -> None:
        note = next(self._notes, None)
        if note is None:
            self.next = None
            return
        previous, report = self.next, self._report
        report.checkpoints += 1
        try:
            self.next = open_checkpoint(note, self._key)
        except MalformedNoteError as error:
            raise _BadCheckpointError(Kind.BAD_SIGNATURE) from error
        if previous is not None and self.next.size < previous.size:
            raise _BadCheckpointError(Kind.REWRITTEN)
        if report.last_at and self.next.at:
            silence = (self.next.at - report.last_at).total_seconds()
            report.longest_silence_seconds = max(report.longest_silence_seconds, silence)
        report.first_at = report.first_at or self.next.at
        report.last_at = self.next.at or report.last_at


class _Walk:
    """One pass over entries and checkpoints, side by side."""

    def __init__(self, report: Report, checkpoints: _Checkpoints, witnesses: list[Checkpoint]) -> None:
        self.report, self.checkpoints, self.witnesses = report, checkpoints, witnesses
        self.frontier = Frontier()
        self.proven = 0  # size of the last checkpoint that fits

    def run(self, source: Source, progress: Callable[[int], None] | None) -> Finding | None:
        try:
            self.checkpoints.advance()
            finding = self._compare_roots()
            for entry in () if finding else source.entries():
                if self._is_done():
                    return self._beyond(entry)
                finding = self._take(entry, source)
                if finding:
                    break
                if progress and self.frontier.size % _PROGRESS_EVERY == 0:
                    progress(self.frontier.size)
            return finding or self._at_end()
        except _BadCheckpointError as bad:
            return Finding(bad.kind, self.proven, checkpoint=self.report.checkpoints)

    def _is_done(self) -> bool:
        return self.checkpoints.next is None

    def _beyond(self, entry: StoredEntry) -> Finding | None:
        """An entry past the last checkpoint: no sealer does that, since both are stored in one transaction."""
        if self.report.checkpoints == 0:
            return Finding(Kind.NO_CHECKPOINT, 0)
        if self.witnesses:
            return Finding(Kind.TRUNCATED, self.frontier.size)
        return Finding(Kind.INSERTED, entry.position)

    def _take(self, entry: StoredEntry, source: Source) -> Finding | None:
        position = self.frontier.size
        if entry.position != position:
            return _explain_order(source, position, entry)
        if not _fits(entry, position):
            return _explain_content(source, position, entry)
        self.frontier.append(entry.leaf)
        return self._compare_roots()

    def _compare_roots(self) -> Finding | None:
        """Compares the root with every signed and kept checkpoint of the size reached."""
        size, root = self.frontier.size, None
        while (signed := self.checkpoints.next) is not None and signed.size == size:
            root = root or self.frontier.root()
            if signed.root != root:
                return Finding(Kind.REWRITTEN, self.proven, max(size - 1, 0), self.report.checkpoints)
            self.proven, self.report.size, self.report.root = size, size, root.hex()
            self.checkpoints.advance()
        while self.witnesses and self.witnesses[0].size == size:
            if self.witnesses.pop(0).root != self.frontier.root():
                earlier = self.report.kept_checkpoints[-1] if self.report.kept_checkpoints else 0
                return Finding(Kind.REWRITTEN, earlier, max(size - 1, 0))
            self.report.kept_checkpoints.append(size)
        return None

    def _at_end(self) -> Finding | None:
        """The entries have ended: no checkpoint may speak of more."""
        if self.checkpoints.next is not None or self.witnesses:
            return Finding(Kind.TRUNCATED, self.frontier.size)
        return Finding(Kind.NO_CHECKPOINT, 0) if self.report.checkpoints == 0 else None


def _fits(entry: StoredEntry, position: int) -> bool:
    if entry.content is None:
        return False
    try:
        return hash_entry(entry.content, position) == entry.leaf
    except NoCanonicalFormError:
        return False


def _explain_order(source: Source, position: int, entry: StoredEntry) -> Finding:
    """A wrong position number: a gap, an entry that stands later, or two entries for one position."""
    if entry.position > position:
        stands_later = any(e.position == position for e in source.entries(position))
        return Finding(Kind.SWAPPED if stands_later else Kind.REMOVED, position)
    return Finding(Kind.INSERTED, entry.position if entry.position == position - 1 else position)


def _explain_content(source: Source, position: int, entry: StoredEntry) -> Finding:
    """A content that does not fit: was it moved, alone or with all behind it, or changed?

    The position is part of each leaf, so an entry that fits its hash at another position was moved from there.
    """
    after = next((e for e in source.entries(position + 1)), None)
    if _fits(entry, position - 1):
        return Finding(Kind.INSERTED, position - 1)
    if after is not None and after.position == position:
        return Finding(Kind.INSERTED, position)
    if after is not None and after.position == position + 1 and _fits(after, position):
        kind = Kind.SWAPPED if _fits(entry, position + 1) else Kind.INSERTED
        return Finding(kind, position)
    if _fits(entry, position + 1) and (after is None or _fits(after, position + 2)):
        return Finding(Kind.REMOVED, position)
    for other in source.entries(position + 1):
        if _fits(entry, other.position) or _fits(StoredEntry(position, entry.leaf, other.content), position):
            return Finding(Kind.SWAPPED, position)
    return Finding(Kind.CHANGED, position)
