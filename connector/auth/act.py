"""One act: who acts, when, in which transaction, under which rules. Every service function takes it first.

The transaction, the actor and the moment travel together, so that the change, its audit entry and its outbox rows
cannot disagree about any of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from connector.auth.actor import Actor
from connector.ports import Vault

if TYPE_CHECKING:
    from connector.regulations.rulebook import Rulebook


@dataclass(frozen=True, kw_only=True)
class Act:
    """`now` is aware (UTC). The boundary (route, job, command) opens and commits the session; services never do.

    `urgent` collects outbox steps that the boundary tries at once after its commit: a freeze does not wait in line.
    """

    session: Session
    actor: Actor
    now: datetime
    rulebook: "Rulebook"
    vault: Vault
    urgent: list[int] = field(default_factory=list)
