"""Which accounts to look at one by one, and what a plan of repair holds. Pure: lists in, names out.

A listing only raises a suspicion. It was read while people worked, and paging by offset skips a row when one before it
goes; what differs is said by `provisioning.agreement`, of both sides read at the same moment.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.ports import IdpUser
from connector.provisioning.agreement import FOR_ADMINISTRATOR, OF_STRANGERS, Drift
from connector.regulations.vocabulary import AccountStatus

LOOKED_AT = 1000  # Accounts that a run looks at one by one: minutes of work, and more than people decide at once.
PROPOSED = 200  # What a person can look through in one sitting; the rest comes with the next plan.
SAMPLE_LEAST, SAMPLE_ROUND = 200, 30  # Each account is read in full once in 30 runs, and never fewer than 200 a run.

# The order in which differences are looked at and proposed: what lets somebody in comes before what keeps him out.
RANK: Mapping[Drift, int] = {
    kind: place
    for place, kind in enumerate(
        (
            Drift.ENABLED, Drift.UNKNOWN, Drift.DUPLICATE, Drift.STRANGER_ROLE, Drift.EXTRA_ROLE, Drift.UNLISTED_ROLE,
            Drift.OUTSIDE, Drift.MISSING, Drift.DISABLED, Drift.MISSING_ROLE, Drift.USER_NAME, Drift.ATTRIBUTE,
            Drift.DISPLAY_NAME, Drift.CLIENT_ROLE, Drift.ABSENT_ROLE,
        )
    )
}  # fmt: skip


class Known(NamedTuple):
    """An account as far as a brief listing can contradict it."""

    account_id: str
    status: str
    user_name: str


class Finding(NamedTuple):
    """One difference. `name` is a role, an attribute or the user name of a stranger; `step_id` a step that stopped."""

    kind: Drift
    account_id: str | None
    keycloak_id: str | None
    name: str = ""
    step_id: int | None = None

    @property
    def subject(self) -> str:
        return self.account_id or self.keycloak_id or ""


@dataclass
class Suspects:
    """Whom to look at one by one: accounts with the worst suspicion, and strangers by their id at Keycloak."""

    accounts: dict[str, Drift] = field(default_factory=dict)
    strangers: dict[str, Drift] = field(default_factory=dict)
    shut_out: int = 0  # strangers who are disabled: they stay as evidence, and differ in nothing any more

    def add(self, account_id: str, kind: Drift) -> None:
        known = self.accounts.get(account_id)
        if known is None or RANK[kind] < RANK[known]:
            self.accounts[account_id] = kind

    def first(self, count: int = LOOKED_AT) -> tuple[list[str], set[str]]:
        """The accounts to look at, the gravest first, and those beyond."""
        ranked = sorted(self.accounts, key=lambda account_id: (RANK[self.accounts[account_id]], account_id))
        return ranked[:count], set(ranked[count:])


def compare_page(
    users: Sequence[IdpUser], known: Mapping[str, Known], names: Collection[str], suspects: Suspects
) -> None:
    """One page of Keycloak's listing. `known` is by id at Keycloak; `names` are user names of accounts."""
    for user in users:
        account = known.get(user.user_id)
        if account is None and not user.enabled:
            suspects.shut_out += 1
        elif account is None:
            suspects.strangers[user.user_id] = Drift.DUPLICATE if user.user_name in names else Drift.UNKNOWN
        elif user.enabled != (account.status == AccountStatus.ACTIVE):
            suspects.add(account.account_id, Drift.ENABLED if user.enabled else Drift.DISABLED)
        elif user.user_name != account.user_name:
            suspects.add(account.account_id, Drift.USER_NAME)


def plan_hash(findings: Iterable[Finding]) -> str:
    """SHA-256 (hex) over what is to be put right, in whatever order it was found."""
    lines = sorted([finding.kind.value, finding.subject, finding.name] for finding in findings)
    return hashlib.sha256(json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def plan_repair(findings: Sequence[Finding], spared: Collection[tuple[str, str, str]]) -> list[Finding]:
    """What a request asks to put right: everything of the gravest PROPOSED subjects that people can decide on.

    Left out is a subject of whom nothing can be repaired from here, whoever waits behind a step that stopped, and what
    people left out (kind, subject, name).
    """
    asked = [finding for finding in findings if (finding.kind.value, finding.subject, finding.name) not in spared]
    by_subject: dict[str, list[Finding]] = {}
    for finding in asked:
        if finding.subject:
            by_subject.setdefault(finding.subject, []).append(finding)
    useful = {
        subject: found
        for subject, found in by_subject.items()
        if any(finding.kind not in FOR_ADMINISTRATOR and finding.step_id is None for finding in found)
    }
    ranked = sorted(useful, key=lambda subject: (min(RANK[f.kind] for f in useful[subject]), subject))
    return [finding for subject in ranked[:PROPOSED] for finding in useful[subject]]


NAMED = frozenset({Drift.UNKNOWN, Drift.DUPLICATE})  # Strangers whose `name` is their user name.


def is_stranger(finding: Finding) -> bool:
    return finding.kind in OF_STRANGERS


def sample_size(accounts: int) -> int:
    """How many accounts a run reads in full."""
    return max(SAMPLE_LEAST, -(-accounts // SAMPLE_ROUND))
