"""The whole application over a town, called as a client calls it; on SQLite and on PostgreSQL."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select, update

from connector.auth.actor import Actor
from connector.migrations.every_table import metadata
from connector.register import people
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.town import HOST, Town

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}


@dataclass
class Api:
    """`call` sends one request as an office holder or an actor; `bodies` keeps every answer."""

    town: Town
    app: FastAPI
    bodies: list[str] = field(default_factory=list)

    def call(
        self, method: str, path: str, *, by: Office | Actor | None = None, unit: str = "", **sent: Any
    ) -> httpx.Response:
        headers = {**(self.token_of(by, unit) if by is not None else {}), **sent.pop("headers", {})}
        return self.together((method, path, {"headers": headers, **sent}))[0]

    def together(self, *calls: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Sends all calls at the same moment; each is served by a thread of its own."""
        answers = asyncio.run(self._send(calls))
        self.bodies += [answer.text for answer in answers]
        return answers

    def token_of(self, by: Office | Actor, unit: str = "") -> dict[str, str]:
        """The header of somebody who is signed in: the fake verifier takes a person's Keycloak id as his token."""
        actor = self.town.actor(by, unit) if isinstance(by, Office) else by
        with self.town.connector.act(HOST) as act:
            account = act.session.get_one(AccountRow, actor.account_id)
            account.keycloak_id = account.keycloak_id or str(uuid.uuid4())
            return {"Authorization": f"Bearer {account.keycloak_id}"}

    @property
    def nobody(self) -> Actor:
        """Somebody with an account and no office, in a unit that has nothing to do with the others."""
        return self.town.applicant("dljg")

    def numbers(self) -> set[str]:
        """The full document numbers and phones of everybody in the register."""
        with self.town.connector.act(HOST) as act:
            found: set[str] = set()
            for person in act.session.scalars(select(PersonRow)):
                vault = act.vault
                found.add(vault.decrypt(person.document_sealed, f"{people.DOCUMENT_CONTEXT}:{person.id}"))
                found.add(vault.decrypt(person.phone_sealed, f"{people.PHONE_CONTEXT}:{person.id}"))
            return found

    def snapshot(self, *without: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with self.town.connector.database.engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
                if table.name not in without
            }

    def set_status(self, actor: Actor, status: str) -> None:
        with self.town.connector.act(HOST) as act:
            act.session.execute(update(AccountRow).where(AccountRow.id == actor.account_id).values(status=status))

    async def _send(self, calls: tuple[tuple[str, str, dict[str, Any]], ...]) -> list[httpx.Response]:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://connector.test") as client:
            return list(await asyncio.gather(*(client.request(method, path, **sent) for method, path, sent in calls)))


def check_problem(answer: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    """The answer is a problem document that says what, why, what to do and who can do it, in both languages (K3)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:trading-idp:error:{problem['code']}"
    for words in (problem["title"], problem["detail"], problem["remedy"], problem["who"]):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in words), problem
    for words in problem["en"].values():
        assert words
    assert set(problem["en"]) == {"title", "remedy", "who"}
    assert not code or problem["code"] == code, problem
    return problem
