"""The table of scans: every one there is, by its name. Holds no rule of its own."""

from collections.abc import Mapping
from typing import Any

from connector.checks.dormancy import DORMANT
from connector.checks.expiry import EXPIRED
from connector.checks.left_over import TEST_ACCOUNT
from connector.checks.orphans import ORPHANED
from connector.checks.scan import Scan
from connector.checks.weak import WEAK_PASSWORD
from connector.errors import NotFoundError, Text

PASSWORDS = Text("口令期限", "password ages")  # It proposes nothing: it sends notices and asks for new passwords.

SCANS: Mapping[str, Scan[Any]] = {scan.name: scan for scan in (DORMANT, WEAK_PASSWORD, TEST_ACCOUNT, ORPHANED, EXPIRED)}


def find_scan(name: str) -> Scan[Any]:
    """The scan of this name; raises NotFoundError."""
    if name not in SCANS:
        raise NotFoundError(kind="检查 (scan)", name=name)
    return SCANS[name]
