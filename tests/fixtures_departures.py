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
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus
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

    def stored(self, table: type[Row]) -> list[Row]:
        with self.desk.act() as act:
            return list(act.session.scalars(select(table)))
