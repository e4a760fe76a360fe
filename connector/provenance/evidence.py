"""What is known that may explain a change: steps under way, the register at that time, applied realms. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.regulations.vocabulary import AccountStatus

# How far Keycloak's clock and ours may be apart, with the moments between a call and its event.
SLACK = timedelta(seconds=30)


@dataclass(frozen=True)
class Span:
    """From `since` on until `until`, or still."""

    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it was so around that moment, give or take the difference of two clocks."""
        return self.since - SLACK <= at and (self.until is None or at <= self.until + SLACK)


@dataclass(frozen=True)
class Try:
    """One try of an outbox step: while it lasted, and what it was ordered to do."""

    kind: str
    span: Span
    enqueued_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the register says of an account, now and before. `grants` are pairs of role and span."""

    id: str
    user_name: str
    opened_by: str
    opened_at: datetime
    states: Sequence[tuple[str, Span]]
    grants: Sequence[tuple[str, Span]] = ()
    certificates: frozenset[str] = frozenset()  # of keys that it holds or held
    codes_by_class: bool = False  # a one-time code opens, by its class
    waivers: Sequence[Span] = ()  # or by a waiver

    @property
    def is_in_use(self) -> bool:
        """As the register has it now."""
        return any(state == AccountStatus.ACTIVE.value and span.until is None for state, span in self.states)

    def was(self, status: str, at: datetime) -> bool:
        return any(state == status and span.holds(at) for state, span in self.states)

    def was_not(self, status: str, at: datetime) -> bool:
        return any(state != status and span.holds(at) for state, span in self.states)

    def code_counted(self, at: datetime) -> bool:
        return self.codes_by_class or any(span.holds(at) for span in self.waivers)

    def roles_at(self, at: datetime, since: datetime) -> set[str]:
        """Roles approved around `at`, or when the change was ordered."""
        return {role for role, span in self.grants if span.holds(at) or span.holds(since)}


@dataclass(frozen=True)
class Applied:
    """A recorded run of `realm apply` by one administrator of Keycloak."""

    administrator: str
    span: Span


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that may explain the changes of one chunk. Steps for users nobody applied for go by Keycloak's id."""

    owners: Mapping[str, str]  # Keycloak id to account id
    accounts: Mapping[str, Account]
    tries: Mapping[str, Sequence[Try]]  # by account id
    stranger_tries: Mapping[str, Sequence[Try]]  # by Keycloak id
    passwords_set: Mapping[str, Sequence[datetime]]  # by Keycloak id: by our service account
    applied: Sequence[Applied]
    catalogue: frozenset[str]  # every role that can be approved
    shut_out: frozenset[str] = frozenset()  # Keycloak ids of strangers who were shut out before

    def account_of(self, user_id: str | None) -> Account | None:
        return self.accounts.get(self.owners.get(user_id or "", ""))

    def tries_for(self, user_id: str | None, account: Account | None) -> Sequence[Try]:
        return [*(self.tries.get(account.id, ()) if account else ()), *self.stranger_tries.get(user_id or "", ())]
