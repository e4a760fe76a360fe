"""Which password policies were in force at Keycloak, and since when: what an old password is measured by (LC 6(3)).

Keycloak has one policy for a realm, the strictest of all classes, so one history holds for everybody. It is written
when the realm is applied, because only then the rules of the packs are in force.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.checks.tables import PasswordPolicyRow
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass

LOOKED_AT = 200  # Entries about an applied realm that are searched for the policy's first day.


class Demands(NamedTuple):
    """What makes a password hard to guess. Its age and its history do not."""

    min_length: int
    letters: bool
    digits: bool
    symbols: bool

    def satisfies(self, other: "Demands") -> bool:
        """Whether every password made under this one would do under `other`."""
        return all(own >= asked for own, asked in zip(self, other, strict=True))


def demands_in(rulebook: Rulebook) -> Demands:
    """The strictest of all classes, as the realm gets them."""
    rules = [rulebook.password(each) for each in AccountClass]
    return Demands(
        max(rule.min_length for rule in rules),
        any(rule.letters for rule in rules),
        any(rule.digits for rule in rules),
        any(rule.symbols for rule in rules),
    )


def strong_since(history: Sequence[tuple[datetime, Demands]]) -> datetime | None:
    """Pure: from when on every policy was at least as strong as the present one. `history` is oldest first.

    A password set before that moment may be weaker than the policy in force allows; None: no policy is known.
    """
    if not history:
        return None
    present = history[-1][1]
    since = history[-1][0]
    for began, demands in reversed(history):
        if not demands.satisfies(present):
            break
        since = began
    return since


def present_since(act: Act) -> datetime | None:
    """Since when the password policy in force, or a stronger one, has been in force; None when that is not known."""
    rows = act.session.scalars(select(PasswordPolicyRow).order_by(PasswordPolicyRow.since, PasswordPolicyRow.id))
    return strong_since([(row.since, _demands(row)) for row in rows])


def note_applied(act: Act) -> PasswordPolicyRow | None:
    """Writes down which policy is in force, after the realm was applied; None when that is known already.

    An installation that is older than this history finds the policy's first day in the record; where the record does
    not say, nothing is written: nobody's password is called old on a guess.
    """
    last = act.session.scalar(
        select(PasswordPolicyRow).order_by(PasswordPolicyRow.since.desc(), PasswordPolicyRow.id.desc()).limit(1)
    )
    demands = demands_in(act.rulebook)
    if last is not None:
        return None if _demands(last) == demands else _adopt(act, demands, act.now)
    since = _recorded_since(act)
    return _adopt(act, demands, since) if since else None


def note_first(act: Act) -> PasswordPolicyRow | None:
    """As `note_applied`, for an installation whose realm was applied before there was a history; else does nothing."""
    return None if present_since(act) else note_applied(act)


def _adopt(act: Act, demands: Demands, since: datetime) -> PasswordPolicyRow:
    row = PasswordPolicyRow(since=since, **demands._asdict())
    act.session.add(row)
    act.session.flush()
    audit.record(
        act, Event.PASSWORD_POLICY_ADOPTED, f"password-policy:{row.id}", since=since.isoformat(), **demands._asdict()
    )
    return row


def _recorded_since(act: Act) -> datetime | None:
    """When the realm's password policy was last set, by the record."""
    applied = act.session.scalars(
        select(AuditEntryRow)
        .where(AuditEntryRow.event == Event.REALM_APPLIED.value)
        .order_by(AuditEntryRow.id.desc())
        .limit(LOOKED_AT)
    )
    return next((e.at for e in applied if any(_sets_policy(change) for change in e.data.get("changes", ()))), None)


def _sets_policy(change: str) -> bool:
    return change.startswith(("create realm", "change realm passwordPolicy"))


def _demands(row: PasswordPolicyRow) -> Demands:
    return Demands(row.min_length, row.letters, row.digits, row.symbols)
