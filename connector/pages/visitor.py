"""Who looks at a page: the session, the person's names and offices, and what waits for him. Decides nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fastapi import Request
from sqlalchemy.orm import Session

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.auth.login import LoginClient
from connector.pages import cookies
from connector.pages import session as sessions
from connector.ports import Clock, Typesetter, Vault
from connector.register import offices, people, units
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from connector.settings import Settings
from connector.storage.engine import Database


class Desk(Protocol):
    """The part of the composition root that pages need; set as `app.state.connector`."""

    settings: Settings
    database: Database
    rulebook: Rulebook
    vault: Vault
    login: LoginClient
    clock: Clock

    @property
    def typesetter(self) -> Typesetter: ...

    def act(
        self, actor: Actor, *, now: datetime | None = None, reading: bool = False, changing: bool = False
    ) -> AbstractContextManager[Act]: ...

    def open_link(self, token: str, document_suffix: str) -> tuple[str, str]: ...


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A signed-in person. `waiting` is how many stages he may decide."""

    session_id: str
    subject: str
    actor: Actor
    csrf: str
    name: str
    unit: str
    offices: frozenset[Office]
    waiting: int
    stands_in: bool  # holds no office, and something waits for him as a deputy
    is_own_form: Callable[[list[str]], bool]


def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.connector
    return desk


def find_visitor(request: Request) -> Visitor | None:
    """The visitor of this request, read once; None when nobody is signed in. Opens a reading transaction."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = _read(request)
    visitor: Visitor | None = request.state.visitor
    return visitor


def known_visitor(request: Request) -> Visitor | None:
    """The visitor if he was already looked for; asks nothing of the database."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def _read(request: Request) -> Visitor | None:
    desk = get_desk(request)
    token = cookies.read_cookie(request.cookies, cookies.SESSION, desk.settings.public_url)
    now = desk.clock.now()
    with desk.database.reading() as session:
        living = sessions.find_living(session, token, now)
        visitor = None if living is None else _describe(desk, session, living, now)
    if living is not None and now - living.row.seen_at > sessions.SEEN_EVERY:
        with desk.database.session() as session:
            sessions.touch(session, living, now)
    return visitor


def _describe(desk: Desk, session: Session, living: sessions.Living, now: datetime) -> Visitor:
    act = Act(session=session, actor=living.actor, now=now, rulebook=desk.rulebook, vault=desk.vault)
    person = people.get_person(act, str(living.actor.person_id))
    held = offices.offices_of(act, person.id)
    waiting = len(requests.list_inbox(act, person.id))
    return Visitor(
        session_id=living.row.id,
        subject=living.row.subject,
        actor=living.actor,
        csrf=sessions.csrf_token(living.row),
        name=person.name,
        unit=units.get_unit_by_id(act, person.unit_id).name,
        offices=frozenset(office for office, _ in held),
        waiting=waiting,
        stands_in=bool(waiting) and not held,
        is_own_form=lambda tokens: sessions.is_own_form(living.row, tokens),
    )
