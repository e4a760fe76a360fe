"""The scans room's front door: which scans a request has, and whether their files are what they were."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.scans.errors import ScanFileChangedError, ScanFileMissingError, TooManyScansError
from connector.scans.files import ScanFiles
from connector.scans.intake import AdmittedScan, ScanIntake
from connector.scans.tables import ScanRow

MOST_SCANS = 20  # of one version of a request


@dataclass(frozen=True, kw_only=True)
class ScanCheck:
    """What a verification found: how many files were compared, which are missing or changed, how many none names."""

    checked: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    unnamed: int

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.changed


def record_scan(act: Act, scan: AdmittedScan, *, request_id: str, version: int, stage_id: str | None) -> ScanRow:
    """Adds a scan to a version of a request; the same file twice is one. The caller holds the request's lock.

    Raises TooManyScansError.
    """
    there = list_of_version(act, request_id, version)
    same = next((row for row in there if row.sha256 == scan.sha256), None)
    if same is not None:
        return same
    if len(there) >= MOST_SCANS:
        raise TooManyScansError(limit=MOST_SCANS)
    row = ScanRow(
        request_id=request_id,
        version=version,
        stage_id=stage_id,
        sha256=scan.sha256,
        media_type=scan.media_type,
        size=scan.size,
        attached_by=str(act.actor.person_id),
        attached_at=act.now,
    )
    act.session.add(row)
    act.session.flush()
    audit.record(
        act, Event.SCAN_ATTACHED, f"scan:{row.id}", request_id=request_id,
        version=version, stage=stage_id, sha256=row.sha256, media_type=row.media_type, size=row.size,
    )  # fmt: skip
    return row


def list_of_version(act: Act, request_id: str, version: int) -> list[ScanRow]:
    """The scans of one version, in the order they came."""
    return list(
        act.session.scalars(
            select(ScanRow)
            .where(ScanRow.request_id == request_id, ScanRow.version == version)
            .order_by(ScanRow.attached_at, ScanRow.sha256)
        )
    )


def hashes_of(act: Act, request_id: str, version: int) -> list[str]:
    """What a decision on this version is bound to, sorted (B9, B12)."""
    return sorted(row.sha256 for row in list_of_version(act, request_id, version))


def list_of(act: Act, request_id: str) -> list[ScanRow]:
    """The scans of every version, oldest first."""
    rows = select(ScanRow).where(ScanRow.request_id == request_id)
    return list(act.session.scalars(rows.order_by(ScanRow.version, ScanRow.attached_at, ScanRow.sha256)))


def get_scan(act: Act, request_id: str, sha256: str) -> ScanRow:
    """A scan of a request by its hash; NotFoundError for one that belongs to another request."""
    found = act.session.scalars(
        select(ScanRow).where(ScanRow.request_id == request_id, ScanRow.sha256 == sha256)
    ).first()
    if found is None:
        raise NotFoundError(kind="扫描件 (scan)", name=sha256[:64])
    return found


def verify_scans(act: Act, files: ScanFiles) -> ScanCheck:
    """Compares every file with its hash (GX 10). Each missing or changed one is told in the record, which alarms."""
    named = list(act.session.scalars(select(ScanRow.sha256).distinct().order_by(ScanRow.sha256)))
    missing, changed = [], []
    for sha256 in named:
        try:
            files.check(sha256)
        except ScanFileMissingError:
            missing.append(sha256)
        except ScanFileChangedError:
            changed.append(sha256)
    for event, found in ((Event.SCAN_FILE_MISSING, missing), (Event.SCAN_FILE_CHANGED, changed)):
        for sha256, request_id in _where(act, found):
            audit.record(act, event, f"scan:{sha256}", request_id=request_id, sha256=sha256)
    unnamed = len(set(files.list_all()) - set(named))
    return ScanCheck(checked=len(named), missing=tuple(missing), changed=tuple(changed), unnamed=unnamed)


def _where(act: Act, hashes: list[str]) -> Iterator[tuple[str, str]]:
    for sha256 in hashes:
        for request_id in act.session.scalars(select(ScanRow.request_id).where(ScanRow.sha256 == sha256).distinct()):
            yield sha256, request_id


__all__ = [
    "AdmittedScan",
    "ScanCheck",
    "ScanFiles",
    "ScanIntake",
    "get_scan",
    "hashes_of",
    "list_of",
    "list_of_version",
    "record_scan",
    "verify_scans",
]
