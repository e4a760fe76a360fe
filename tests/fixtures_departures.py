"""A desk with a directory: runs departures against any directory, and says who is frozen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.departures.sync import sync_departures, watch_directory
from connector.ports import Directory
from connector.register import accounts, units
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, Verdict
from connector.requests import service as requests
from connector.settings import Settings
from tests.factories import Centre, make_account, make_centre, make_person
from tests.fakes.directory import FakeDirectory
from tests.fixtures_register import NOON, Desk

HOUR = timedelta(hours=1)
NAME = "王某"  # of everybody in the directory in memory
Row = TypeVar("Row")


@dataclass
class DepartureDesk:
    """A register with people of the directory; `act` is that of the composition root, without delivery."""

    desk: Desk
    settings: Settings
    directory: Directory | None = None
    centre: Centre = field(init=False)
    urgent: list[int] = field(default_factory=list)
    dns: dict[str, str] = field(default_factory=dict)  # by key, of the people in the directory in memory

    def __post_init__(self) -> None:
        with self.desk.act() as act:
            self.centre = make_centre(act)

    @property
    def fake(self) -> FakeDirectory:
        assert isinstance(self.directory, FakeDirectory)
        return self.directory

    @contextmanager
    def act(self, actor: Actor, *, now: datetime | None = None) -> Iterator[Act]:
        with self.desk.act(actor, now or NOON) as act:
            yield act
        self.urgent += act.urgent

    def hire(self, *keys: str, account_class: AccountClass = AccountClass.ORDINARY, unit: str = "ywk") -> None:
        """Registers a person with an active account for each key of the directory."""
        with self.desk.act() as act:
            for key in keys:
                person = make_person(act, unit, name=NAME)
                person.directory_key = key
                make_account(act, unit, person=person, account_class=account_class)

    def run(self, now: datetime = NOON) -> dict[str, Any]:
        return sync_departures(self, now)

    def watch(self, now: datetime = NOON) -> dict[str, Any]:
        return watch_directory(self, now)

    def frozen(self) -> set[str]:
        """Keys whose account is frozen."""
        statement = (
            select(PersonRow.directory_key)
            .join(AccountRow, AccountRow.person_id == PersonRow.id)
            .where(AccountRow.status == AccountStatus.FROZEN, PersonRow.directory_key.is_not(None))
        )
        with self.desk.act() as act:
            return {str(key) for key in act.session.scalars(statement)}

    def alarms(self, event: str) -> list[dict[str, Any]]:
        """Data of the alarms of this name, oldest first."""
        statement = select(AuditEntryRow.data).where(AuditEntryRow.event == event, AuditEntryRow.alarm)
        with self.desk.act() as act:
            return list(act.session.scalars(statement.order_by(AuditEntryRow.id)))

    def leave(self, *keys: str) -> None:
        """These people's status says that they have left."""
        for key in keys:
            self.fake.change(self.dns[key], "employeeStatus", "left")

    def vanish(self, *keys: str) -> None:
        """These people's rows are deleted."""
        for key in keys:
            self.fake.remove(self.dns[key])

    def move(self, key: str, **values: str) -> None:
        """This person's entry has other values: unit, post, phone, mail, name."""
        for purpose, value in values.items():
            self.fake.change(self.dns[key], getattr(self.fake.settings, f"{purpose}_attribute"), value)

    def person(self, key: str) -> PersonRow:
        with self.desk.act() as act:
            return act.session.scalars(select(PersonRow).where(PersonRow.directory_key == key)).one()

    def account(self, key: str) -> AccountRow:
        with self.desk.act() as act:
            statement = select(AccountRow).join(PersonRow, PersonRow.id == AccountRow.person_id)
            return act.session.scalars(statement.where(PersonRow.directory_key == key)).one()

    def grant(self, key: str, *permissions: str) -> None:
        """Gives the account of this person permissions, by paper."""
        account_id = self.account(key).id
        with self.desk.act() as act:
            accounts.add_grants(act, accounts.get_account(act, account_id), permissions, granted_by="paper:T-2")

    def decide(self, request_id: str | None, *verdicts: Verdict) -> None:
        """The open stages in turn, each by the holder of its office; without verdicts all are approved."""
        given = list(verdicts)
        while True:
            with self.desk.act() as act:
                request = requests.get_request(act, str(request_id))
                stage = next((s for s in requests.stages_of(act, request) if s.state == "open"), None)
                code = units.get_unit_by_id(act, stage.unit_id).code if stage else ""
            if stage is None or request.state != "pending" or (verdicts and not given):
                return
            verdict = given.pop(0) if given else Verdict.APPROVE
            with self.act(self.centre.actor(Office(stage.office), code)) as act:
                requests.decide(act, stage_id=stage.id, verdict=verdict, reason="已核对", digest=request.digest)

    def events(self, event: str) -> list[dict[str, Any]]:
        """Data of the entries of this name, oldest first."""
        statement = select(AuditEntryRow.data).where(AuditEntryRow.event == event).order_by(AuditEntryRow.id)
        with self.desk.act() as act:
            return list(act.session.scalars(statement))

    def stored(self, table: type[Row]) -> list[Row]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(table)))
