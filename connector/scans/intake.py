"""Takes a file in before any transaction: its size, what it is, what the virus scanner says, then the disk."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from connector.scans.errors import TooLargeScanError, VirusFoundError, VirusScanUnavailableError
from connector.scans.files import ScanFiles
from connector.scans.recognise import recognise
from connector.settings import Settings

CLEAN, INFECTED = 0, 1  # exit codes, as of clamdscan and most others


@dataclass(frozen=True, kw_only=True)
class AdmittedScan:
    """A file that was checked and lies on the disk, and that no request names yet."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ScanIntake:
    """`command` gets the file on its standard input and says 0 for clean, 1 for infected; empty: nothing is asked."""

    files: ScanFiles
    most_bytes: int
    command: Sequence[str] = ()
    seconds: float = 60.0

    def admit(self, content: bytes) -> AdmittedScan:
        """Checks and stores a file (LC 6(1), 7).

        Raises TooLargeScanError, a ScanRefusedError, VirusFoundError, VirusScanUnavailableError; then nothing is kept.
        A file that no request names in the end stays behind, and `scans verify` counts it.
        """
        if len(content) > self.most_bytes:
            raise TooLargeScanError(limit=self.most_bytes)
        media_type = recognise(content)
        self._ask_scanner(content)
        return AdmittedScan(sha256=self.files.put(content), media_type=media_type, size=len(content))

    def _ask_scanner(self, content: bytes) -> None:
        if not self.command:
            return
        try:
            # The command is a setting of the installation and goes to no shell.
            done = subprocess.run(  # noqa: S603
                list(self.command),
                input=content,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise VirusScanUnavailableError(part="病毒扫描 / the virus scanner", reason=type(error).__name__) from error
        if done.returncode == INFECTED:
            raise VirusFoundError
        if done.returncode != CLEAN:
            raise VirusScanUnavailableError(part="病毒扫描 / the virus scanner", reason=f"exit {done.returncode}")


def open_intake(settings: Settings) -> ScanIntake:
    """The intake of an installation: its files lie in the data directory."""
    files = ScanFiles(settings.data_dir / "scans")
    return ScanIntake(files=files, most_bytes=settings.scan_max_bytes, command=settings.scan_command)
