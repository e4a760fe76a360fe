"""One complete comparison of the register with Keycloak, by listings and not by user. Changes neither side.

Listings are read outside any transaction; the register is asked between them in short reading acts. An error on either
side ends the comparison, and nothing of it is kept: half a listing would call everybody else missing.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor
from connector.ports import IdentityProvider
from connector.provisioning.agreement import Drift
from connector.provisioning.inspection import Inspection
from connector.reconciliation import rules, store
from connector.reconciliation.examine import Examined, Examiner
from connector.reconciliation.rules import Finding, Suspects

T = TypeVar("T")
Progress = Callable[[int, int | None], None]  # what is done, and the total
JOB = job_actor("reconcile_accounts")
PAGE = 1000
THREADS = 4


class Desk(Protocol):
    """The part of the composition root that a comparison needs."""

    idp: IdentityProvider

    @property
    def inspection(self) -> Inspection: ...

    def act(
        self, actor: Actor, *, now: datetime | None = None, reading: bool = False
    ) -> AbstractContextManager[Act]: ...


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a comparison takes up from the runs before it: the next sample, new events, outsiders already known."""

    sample_after: str = ""
    events_since: datetime | None = None
    outsiders: frozenset[str] = frozenset()


@dataclass
class Comparison:
    """What was seen. `unproved` are subjects of which this run can say nothing: in progress, or beyond the list."""

    accounts: int = 0
    users: int = 0
    holdings: int = 0
    sampled: int = 0
    sampled_to: str = ""
    findings: list[Finding] = field(default_factory=list)
    in_progress: int = 0
    beyond: int = 0
    shut_out: int = 0
    unproved: set[str] = field(default_factory=set)


def compare(desk: Desk, start: Start, progress: Progress) -> Comparison:
    """Reads both sides whole. Raises KeycloakUnavailableError, KeycloakRefusedError: then nothing was learned."""
    return _Comparer(desk, progress).run(start)


@dataclass
class _Held:
    """What the listing of one role's holders contradicts."""

    kind: Drift
    missing: set[str]
    extra: list[str] = field(default_factory=list)
    count: int = 0


class _Comparer:
    def __init__(self, desk: Desk, progress: Progress) -> None:
        self._desk = desk
        self._progress = progress
        self._done = Comparison()
        self._suspects = Suspects()
        self._seen: set[str] = set()

    def run(self, start: Start) -> Comparison:
        with self._reading() as act:
            self._done.accounts = store.count_accounts(act)
            sampled = store.sample(act, start.sample_after, rules.sample_size(self._done.accounts))
        self._read_members()
        self._read_register()
        self._read_roles()
        self._examine(sampled, self._outsiders(start))
        return self._done

    def _reading(self) -> AbstractContextManager[Act]:
        return self._desk.act(JOB, reading=True)

    def _read_members(self) -> None:
        """Keycloak's accounts, page by page against the register: who is unknown, and whose use is another."""
        for page in _pages(self._desk.idp.list_accounts()):
            ids = [user.user_id for user in page]
            with self._reading() as act:
                known = store.accounts_of(act, ids)
                unknown = [user.user_name for user in page if user.user_id not in known]
                names = store.names_among(act, unknown) if unknown else set()
            rules.compare_page(page, known, names, self._suspects)
            self._seen.update(ids)
            self._progress(len(self._seen), self._done.accounts)
        self._done.users = len(self._seen)

    def _read_register(self) -> None:
        with self._reading() as act:
            for account_id in store.accounts_without_user(act, self._seen):
                self._suspects.add(account_id, Drift.MISSING)

    def _read_roles(self) -> None:
        """Each role of each subsystem: who holds it, against who may; and roles on either side that the other lacks."""
        with self._reading() as act:
            catalogue = store.permissions(act)
        there = {f"{s}:{role}" for s in sorted(catalogue) for role in self._desk.idp.list_roles(s)}
        approved = {f"{s}:{role}" for s, roles in catalogue.items() for role in roles}
        for kind, only in ((Drift.CLIENT_ROLE, there - approved), (Drift.ABSENT_ROLE, approved - there)):
            self._done.findings += [Finding(kind, None, None, name=permission) for permission in sorted(only)]
        with ThreadPoolExecutor(THREADS) as pool:  # Keycloak takes its time for each holder, on one core for each call.
            for held in pool.map(lambda p: self._read_role(p, p in there, p in approved), sorted(there | approved)):
                self._done.holdings += held.count
                self._suspect(held.extra, held.kind)
                self._suspect(sorted(held.missing), Drift.MISSING_ROLE)

    def _read_role(self, permission: str, is_there: bool, is_approved: bool) -> _Held:
        subsystem, _, role = permission.partition(":")
        with self._reading() as act:
            missing = store.approved_holders(act, permission) if is_approved else set()
        held = _Held(Drift.EXTRA_ROLE if is_approved else Drift.UNLISTED_ROLE, missing)
        for user_id in self._desk.idp.list_role_holders(subsystem, role) if is_there else ():
            held.count += 1
            if user_id in missing:
                missing.discard(user_id)
            else:
                held.extra.append(user_id)
        return held

    def _suspect(self, user_ids: Iterable[str], kind: Drift) -> None:
        """A holder whom no account stands for is a stranger already, or was made since the listing."""
        for page in _pages(user_ids):
            with self._reading() as act:
                known = store.accounts_of(act, page)
            for account in known.values():
                self._suspects.add(account.account_id, kind)

    def _outsiders(self, start: Start) -> list[str]:
        """Keycloak never lists them to the service account, so they are known by the events of the mirror."""
        with self._reading() as act:
            given = store.users_given_roles(act, start.events_since)
        return sorted((given | start.outsiders) - self._seen)

    def _examine(self, sampled: list[str], outsiders: list[str]) -> None:
        """What is suspicious, and a sample of what is not, is read in full: a listing alone proves nothing."""
        with self._reading() as act:
            catalogue = frozenset(f"{s}:{role}" for s, roles in store.permissions(act).items() for role in roles)
        look = Examiner(self._desk.inspection, self._reading, catalogue)
        chosen, beyond = self._suspects.first()
        others = [account_id for account_id in sampled if account_id not in self._suspects.accounts]
        strangers = sorted(self._suspects.strangers)
        total = len(chosen) + len(others) + len(strangers) + len(outsiders)
        kinds = self._suspects.strangers
        with ThreadPoolExecutor(THREADS) as pool:
            looks: list[tuple[list[str], Callable[[str], Examined]]] = [
                (chosen + others, look.account),
                (strangers[: rules.LOOKED_AT], lambda user_id: look.stranger(user_id, kinds[user_id])),
                (outsiders, look.outsider),
            ]
            for subjects, method in looks:
                for subject, examined in zip(subjects, pool.map(method, subjects), strict=True):
                    self._note(subject, examined)
                    self._progress(len(self._seen), self._done.accounts + total)
        self._done.sampled, self._done.sampled_to = len(sampled), sampled[-1] if sampled else ""
        self._done.shut_out = self._suspects.shut_out
        self._done.beyond = len(beyond) + len(strangers[rules.LOOKED_AT :])
        self._done.unproved |= beyond | set(strangers[rules.LOOKED_AT :])

    def _note(self, subject: str, examined: Examined) -> None:
        self._done.findings += examined.findings
        if examined.in_progress:
            self._done.in_progress += 1
            self._done.unproved.add(subject)


def _pages(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
