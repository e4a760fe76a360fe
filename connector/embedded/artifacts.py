"""Fetches Keycloak and the directory server from the Maven repository, once per machine. Starts nothing.

The resolver is jgo's, in Python: neither Maven nor Java is needed, and each file is checked against its published hash.
"""

import fcntl
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.embedded.errors import ServerFileMissingError

Progress = Callable[[str, int, int], None]
"""Told while a file is fetched: its name, bytes so far, bytes in all."""

_TIMEOUT_SECONDS = 120  # jgo's own default of 10 s is too short for a slow mirror.


@dataclass(frozen=True)
class Artifact:
    """One file of the Maven repository."""

    group: str
    name: str
    version: str
    packaging: str = "jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.name}:{self.version}"


KEYCLOAK = Artifact("org.keycloak", "keycloak-quarkus-dist", "26.7.4", "zip")
DIRECTORY = Artifact("com.unboundid", "unboundid-ldapsdk", "7.0.5")
SCRIPTING = Artifact("org.apache-extras.beanshell", "bsh", "2.0b6")


def default_cache() -> Path:
    """Where fetched files are kept between runs: trading-idp in the user's cache folder (XDG_CACHE_HOME)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trading-idp"


def ignore_progress(name: str, done: int, total: int) -> None:
    """The progress callback of a caller who shows none."""


def fetch(artifact: Artifact, cache_dir: Path, progress: Progress = ignore_progress) -> Path:
    """Path of the file; fetched into `cache_dir` unless it is there. Raises ServerFileMissingError.

    Several processes may ask at once: one fetches, the others wait for it.
    """
    kept = cache_dir / "files" / f"{artifact.name}-{artifact.version}.{artifact.packaging}"
    if kept.exists():
        return kept
    with locked(cache_dir / "files.lock"):
        if not kept.exists():
            _fetch_new(artifact, kept, progress)
    return kept


def _fetch_new(artifact: Artifact, kept: Path, progress: Progress) -> None:
    incoming = kept.parent / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)  # A fetch that was cut off leaves half a file, and jgo would trust it.
    try:
        fetched = _resolve(artifact, incoming, progress)
    except (RuntimeError, OSError) as problem:
        raise ServerFileMissingError(part=str(artifact), reason=str(problem)) from problem
    fetched.replace(kept)
    shutil.rmtree(incoming)


def _resolve(artifact: Artifact, into: Path, progress: Progress) -> Path:
    from jgo.maven import MavenContext, PythonResolver  # Slow to import, and only needed the first time.

    @contextmanager
    def report(name: str, total: int) -> Iterator[Callable[[int], None]]:
        done = 0

        def add(count: int) -> None:
            nonlocal done
            done += count
            progress(name, done, total)

        yield add

    context = MavenContext(
        resolver=PythonResolver(progress_callback=report), repo_cache=into, local_repos=[], timeout=_TIMEOUT_SECONDS
    )
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    return Path(component.artifact(packaging=artifact.packaging).resolve())


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip whose one top folder becomes `folder`; a cut off run leaves nothing at that name."""
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(half)  # The archive's hash was checked when it was fetched.
    (top,) = half.iterdir()
    for script in top.glob("bin/*.sh"):
        script.chmod(0o755)
    top.replace(folder)
    half.rmdir()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file `path` against every other process of this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
