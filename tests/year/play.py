"""Plays the days of a year: who joins, moves, leaves, forgets, is away; lets the jobs run. Decides no rule itself."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from connector.auth.act import Act
from connector.auth.actor import Actor, person_actor
from connector.embedded.sample_people import SamplePerson
from connector.errors import ConnectorError
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.calendar import SHANGHAI
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests.entitlement_errors import ExcessNeedsOverrideError
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow, StageRow
from jobs import (
    carry_reviews,
    check_calendar,
    deliver_outbox,
    end_expired,
    end_suspensions,
    find_vacancies,
    follow_registration,
    remind_deadlines,
    scan_conflicts,
    scan_orphans,
    scan_test_accounts,
    seal_record,
    settle_freezes,
    sync_departures,
    tell_duties,
    turn_boxes,
)
from tests.factories import make_person_form
from tests.fixtures_matrix import check_of, override
from tests.servers.slapd import Slapd
from tests.town import HOST, Town
from tests.year.rounds import Rounds
from tests.year.trouble import Trouble

NIGHTLY = (
    sync_departures, end_suspensions, end_expired, remind_deadlines, scan_orphans, scan_test_accounts, settle_freezes,
    check_calendar, find_vacancies, follow_registration, carry_reviews, tell_duties, scan_conflicts, turn_boxes,
    seal_record,
)  # fmt: skip
REGIONS = ("371400", "371500", "371600")
UNIT_OFFICES = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE, Office.VERIFIER)
PROMPT = 0.75  # chance that an office decides on the day it may
AWAY_DAYS = 9  # so long is an office holder on holiday: the limits of his stages pass


@dataclass
class Counted:
    """What was played, for the report."""

    days: int = 0
    joined: int = 0
    moved: int = 0
    left: int = 0
    returned: int = 0
    resets: int = 0
    suspended: int = 0
    overrides: int = 0
    rejected: int = 0
    refused: dict[str, int] = field(default_factory=dict)


@dataclass
class Year:
    """One played year. `people` are those of the directory, in the order in which they join."""

    town: Town
    slapd: Slapd
    people: list[SamplePerson]
    codes: list[str]  # of the departments
    chance: random.Random
    counted: Counted = field(default_factory=Counted)
    at_work: dict[str, SamplePerson] = field(default_factory=dict)  # by number
    gone: list[SamplePerson] = field(default_factory=list)
    away: dict[str, date] = field(default_factory=dict)  # person id of an office holder, until when

    def __post_init__(self) -> None:
        self.rounds, self.trouble = Rounds(self), Trouble(self)
        self.posts = frozenset(person.title for person in self.people)

    def play(self, first: date, last: date, tell: Callable[[date], None] = lambda _day: None) -> None:
        """Every day from `first` to `last`: on working days people act from nine on; each night the jobs run."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        working = [day for day in days if self.town.connector.rulebook.calendar.is_working_date(day)]
        joining = _shared_out(self.people, len(working), self.chance)
        for day in days:
            if day in working:
                self._work(day, next(joining))
            self._night(day)
            self.counted.days += 1
            tell(day)

    def _work(self, day: date, joiners: list[SamplePerson]) -> None:
        self._set(day, time(9, 0))
        if self.chance.random() < 0.1:
            self._send_on_holiday(day)
        for person in joiners:
            self._join(person)
        for work in (self.rounds.work, self.trouble.work):
            work(day)
        for act, chance in (
            (self._move, 0.25), (self._leave, 0.3), (self._forget, 0.4), (self._violate, 0.05), (self._return, 0.1),
        ):  # fmt: skip
            if self.chance.random() < chance:
                act()
        for hour in (10, 14, 16):  # A chain of five stages may pass in two days.
            self._set(day, time(hour, 0))
            turn_boxes.run(self.town.connector, self.town.clock.now())
            self._decide(day)
            deliver_outbox.run(self.town.connector, self.town.clock.now())

    def _night(self, day: date) -> None:
        self._set(day, time(23, 0))
        for job in NIGHTLY:
            job.run(self.town.connector, self.town.clock.now())
        self._set(day, time(23, 30))
        deliver_outbox.run(self.town.connector, self.town.clock.now())

    def finish(self) -> None:
        """Lets three quiet months pass, so that every retry of a message is over."""
        self.town.clock.advance(timedelta(minutes=5))
        deliver_outbox.run(self.town.connector, self.town.clock.now())

    # What people do

    def _join(self, person: SamplePerson) -> None:
        self._tell_directory(person, "employeeStatus", "active")
        who = make_person_form(person.unit_code, name=person.name, post=person.title, directory_key=person.number)
        form = self.town.form(
            person.unit_code,
            person=who,
            permissions=self.town.permissions(self.chance.randint(1, 3), sensitive=self.chance.random() < 0.15),
        )
        if self.submit(form):
            self.counted.joined += 1
            self.at_work[person.number] = person

    def _move(self) -> None:
        if self.at_work:
            person = self.chance.choice(sorted(self.at_work.values(), key=lambda p: p.number))
            unit = self.chance.choice(self.codes)
            self._tell_directory(person, "departmentNumber", unit)
            self.counted.moved += 1

    def _leave(self) -> None:
        if len(self.at_work) > 5:
            person = self.at_work.pop(self.chance.choice(sorted(self.at_work)))
            self._tell_directory(person, "employeeStatus", "left")
            self.gone.append(person)
            self.counted.left += 1

    def _return(self) -> None:
        """One who left comes back to the same post: his former account is enabled again, never a second one."""
        if not self.gone:
            return
        person = self.gone.pop(0)
        self._tell_directory(person, "employeeStatus", "active")
        account = self._account(person)
        if account is not None and account.status in (AccountStatus.FROZEN, AccountStatus.DISABLED):
            form = self.form_about(account, kind=RequestKind.ENABLE, reason="返岗")
            if self.submit(form):
                self.counted.returned += 1
        self.at_work[person.number] = person

    def _forget(self) -> None:
        account = self.anybody()
        if account is not None:
            form = self.form_about(account, kind=RequestKind.PASSWORD_RESET, cause="forgotten")
            self.counted.resets += self.submit(form)

    def _violate(self) -> None:
        account = self.anybody()
        if account is not None:
            until = self.town.clock.now().date() + timedelta(days=30)
            form = self.form_about(
                account,
                kind=RequestKind.SUSPEND,
                cause="violation",
                until=until,
                reason="违规使用权限",
            )
            self.counted.suspended += self.submit(form)

    def anybody(self) -> AccountRow | None:
        if not self.at_work:
            return None
        account = self._account(self.at_work[self.chance.choice(sorted(self.at_work))])
        return account if account is not None and account.status == AccountStatus.ACTIVE else None

    def _account(self, person: SamplePerson) -> AccountRow | None:
        statement = select(AccountRow).join(PersonRow).where(PersonRow.directory_key == person.number)
        with self.town.connector.database.reading() as session:
            return session.scalar(statement)

    def form_about(self, account: AccountRow, **fields: Any) -> RequestForm:
        """A form of the unit where the person of the account is now."""
        unit = select(UnitRow.code).join(PersonRow, PersonRow.unit_id == UnitRow.id)
        with self.town.connector.database.reading() as session:
            code = session.scalars(unit.where(PersonRow.id == account.person_id)).one()
        return self.town.form(code, account=account.user_name, **fields)

    def submit(self, form: RequestForm, *, actor: Actor | None = None) -> bool:
        """Whether the application was taken."""
        return self.attempt(lambda: self.town.submit(form, actor=actor))

    def attempt(self, act: Callable[[], Any]) -> bool:
        """Whether it was let through; why not is counted."""
        with self.refusals():
            act()
            return True
        return False

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """That a rule refuses is part of the game: it is counted by its code."""
        try:
            yield
        except ConnectorError as error:
            self.counted.refused[error.code] = self.counted.refused.get(error.code, 0) + 1

    def actor_of(self, person_id: str) -> Actor:
        """Somebody who has an account, signed in with a second factor."""
        with self.town.connector.act(HOST, reading=True) as act:
            account = accounts.find_by_person(act, person_id)
        if account is None:
            raise LookupError(person_id)
        return person_actor(person_id, account.user_name, account_id=account.id, acr="mfa")

    def open_in_keycloak(self, act: Act, account: AccountRow) -> None:
        """An account that stood in the register from the start."""
        provisioning.open_in_keycloak(act, account, [], request_id="paper:TEST-1", link=False)

    def _send_on_holiday(self, day: date) -> None:
        holders = sorted(person.id for person in self.town.centre.people.values())
        self.away[self.chance.choice(holders)] = day + timedelta(days=AWAY_DAYS)

    def _decide(self, day: date) -> None:
        """Whoever is there and has the time decides what waits for him."""
        for request, stage in self._open_stages():
            holder = self.town.holder(stage)
            if self.away.get(str(holder.person_id), day) > day or self.chance.random() > PROMPT:
                continue
            self._say(request, holder)

    def _say(self, request: RequestRow, holder: Actor) -> None:
        verdict = Verdict.REJECT if self.chance.random() < 0.02 else Verdict.APPROVE
        reason = "已核实" if verdict is Verdict.APPROVE else "岗位不需要"
        try:
            self.town.decide(request, verdict, actor=holder, reason=reason)
        except ExcessNeedsOverrideError:
            said = override(check_of(self.town, request))
            self.counted.overrides += self.attempt(
                lambda: self.town.decide(request, verdict, actor=holder, reason=reason, override=said)
            )
        except ConnectorError as error:
            self.counted.refused[error.code] = self.counted.refused.get(error.code, 0) + 1
        self.counted.rejected += verdict is Verdict.REJECT

    def _open_stages(self) -> list[tuple[RequestRow, StageRow]]:
        statement = (
            select(RequestRow, StageRow)
            .join(StageRow, (StageRow.request_id == RequestRow.id) & (StageRow.version == RequestRow.version))
            .where(RequestRow.state == "pending", StageRow.state == "open")
            .order_by(RequestRow.number)
        )
        with self.town.connector.database.reading() as session:
            return [(request, stage) for request, stage in session.execute(statement)]

    def _tell_directory(self, person: SamplePerson, attribute: str, value: str) -> None:
        with self.slapd.connection() as connection:
            connection.modify(self.slapd.person_dn(int(person.number)), {attribute: [("MODIFY_REPLACE", [value])]})

    def _set(self, day: date, at: time) -> None:
        self.town.clock.set(datetime.combine(day, at, SHANGHAI).astimezone(UTC))


def _shared_out(people: list[SamplePerson], days: int, chance: random.Random) -> Iterator[list[SamplePerson]]:
    """People to join on each of the days, in nine tenths of them: who joins at the very end decides nothing."""
    on = sorted(chance.randrange(max(1, days * 9 // 10)) for _ in people)
    for day in range(days):
        yield [person for person, joins in zip(people, on, strict=True) if joins == day]
