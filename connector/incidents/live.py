"""Asks Keycloak now about the accounts of an order: read first, ask outside any transaction, then answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.errors import NotFoundError
from connector.incidents import freezes, store
from connector.incidents.proof import prove
from connector.incidents.schemas import LiveProofShown
from connector.ports import Clock, IdentityProvider

THREADS = 4


class Desk(Protocol):
    """The part of the composition root that a live proof needs."""

    idp: IdentityProvider
    clock: Clock

    def act(
        self, actor: Actor, *, now: datetime | None = None, reading: bool = False
    ) -> AbstractContextManager[Act]: ...


def prove_account(desk: Desk, actor: Actor, number: str, user_name: str) -> LiveProofShown:
    """Keycloak's answer about one account of an order. Raises NotFoundError, ForbiddenError, NotInKeycloakError."""
    for name, keycloak_id in _accounts(desk, actor, number):
        if name == user_name:
            return _proved(desk, name, keycloak_id)
    raise NotFoundError(kind="账号 (account)", name=user_name)


def prove_order(
    desk: Desk, actor: Actor, number: str, seen: Callable[[LiveProofShown], None] = lambda _proved: None
) -> list[LiveProofShown]:
    """Keycloak's answers about every account of an order that it has; `seen` is called with each."""
    named = [(name, keycloak_id) for name, keycloak_id in _accounts(desk, actor, number) if keycloak_id]
    answers = []
    with ThreadPoolExecutor(THREADS) as pool:
        for answer in pool.map(lambda one: _proved(desk, *one), named):
            seen(answer)
            answers.append(answer)
    return answers


def _accounts(desk: Desk, actor: Actor, number: str) -> list[tuple[str, str | None]]:
    with desk.act(actor, reading=True) as act:
        order = freezes.get_order(act, number)
        rows = store.accounts_of(act, order.id)
        lines = [line for line in store.lines_of(act, order.id) if line.state != "skipped"]
        return [(rows[line.account_id][0].user_name, rows[line.account_id][0].keycloak_id) for line in lines]


def _proved(desk: Desk, user_name: str, keycloak_id: str | None) -> LiveProofShown:
    answer = prove(desk.idp, keycloak_id)
    return LiveProofShown(
        user_name=user_name,
        shut=answer.shut,
        enabled=answer.enabled,
        online_sessions=answer.online_sessions,
        offline_sessions=answer.offline_sessions,
        checked_at=desk.clock.now(),
    )
