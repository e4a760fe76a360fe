"""Finds the programs of Debian packages that the tests run, and fails with the package's name when one is missing."""

import shutil
from pathlib import Path

import pytest

_ALSO_LOOK_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def find_program(name: str, folders: tuple[str, ...] = ()) -> Path | None:
    """The program's path, or None. Looks in PATH, in the sbin folders (often not in PATH) and in `folders`."""
    for path in (None, *_ALSO_LOOK_IN, *folders):
        if found := shutil.which(name, path=path):
            return Path(found)
    return None


def need_program(name: str, package: str, folders: tuple[str, ...] = ()) -> Path:
    """The program's path; fails the test (it does not skip) when it is not there, naming the Debian package."""
    found = find_program(name, folders)
    if found is None:
        pytest.fail(f"{name} is not on this machine: install it with `apt-get install {package}`", pytrace=False)
    return found
