"""Installs the Debian packages whose servers the tests run, where it may; else says what to install, and ends 1."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.needs import find_program
from tests.servers.postgres import DEBIAN_FOLDERS

NEEDED = {
    "slapd": ("slapd", "slapadd"),
    "samba": ("samba", "samba-tool"),
    "ldb-tools": ("ldbadd",),
    "ldap-utils": ("ldapmodify",),
    "postgresql": ("initdb", "postgres"),
    "chromium": ("chromium",),
    "xmlsec1": ("xmlsec1",),
    "poppler-utils": ("pdftotext", "pdftoppm"),  # Reads back the papers that are printed.
}
USR = Path("/usr")
NEEDED_FILES = {
    "fonts-noto-cjk": "share/fonts/**/NotoSansCJK-Regular.ttc",  # Without it Chromium draws boxes for Chinese.
    # What Samba needs to be a domain controller, each its own package.
    "samba-ad-provision": "share/samba/setup/provision.ldif",
    "samba-dsdb-modules": "lib/*/samba/ldb/acl.so",
    "samba-vfs-modules": "lib/*/samba/vfs/xattr_tdb.so",
}


def missing_packages(usr: Path = USR) -> list[str]:
    """Debian packages of which at least one program, or the file named here, is not on this machine."""
    programs = [
        package
        for package, names in NEEDED.items()
        if any(find_program(name, DEBIAN_FOLDERS) is None for name in names)
    ]
    return programs + [package for package, pattern in NEEDED_FILES.items() if not any(usr.glob(pattern))]


def install(packages: list[str]) -> None:
    """Installs them without starting a server: the run level keeps Debian's scripts from doing so."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment, stdout=sys.stderr)
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)


def main() -> int:
    missing = missing_packages()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install(missing)
        missing = missing_packages()
    if missing:
        wanted = " ".join(missing)
        print(
            f"缺少测试所需的软件包，请以 root 运行 / Needed by the tests, run as root:\n  apt-get install {wanted}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
