"""Something on every page of the scheduled half: a scan with its proposal, leavers and movers, findings, jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from connector.activity.tables import ActivityRow, CursorRow
from connector.auth.act import Act
from connector.auth.actor import job_actor
from connector.checks import proposal, runs, timetable
from connector.departures import cases, mover_cases, release, shared_secrets
from connector.departures.plan import Cause, HoldReason, Item, Plan
from connector.departures.secret_tables import RotationCaseRow
from connector.departures.shared_secrets import SecretKind
from connector.departures.staff_tables import HintRow
from connector.departures.tables import DirectoryReadRow
from connector.errors import Text
from connector.provenance.tables import FindingRow
from connector.provisioning.agreement import Drift
from connector.reconciliation.tables import DifferenceRow, ReconciliationRow
from connector.register import accounts, matrix
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountStatus, Office
from connector.requests.tables import RequestRow
from connector.storage.tables import new_id
from tests.factories import make_account, make_person
from tests.town import HOST, Town

SYNC, SCAN = job_actor("sync_departures"), job_actor("scan_dormant")
LONG_AGO = timedelta(days=400)
PAPER = "paper:聊公资〔2026〕12号"


@dataclass
class Scheduled:
    """A town and the ids of what was put on its pages, by what is worth seeing."""

    town: Town
    now: datetime
    ids: dict[str, str] = field(default_factory=dict)
    zombies: list[AccountRow] = field(default_factory=list)

    def fill(self) -> None:
        """Everything at once."""
        for part in (self.fill_scans, self.fill_departures, self.fill_findings, self.fill_jobs):
            part()

    def hire(self, name: str, *, unit: str = "ywk", permissions: int = 2, ago: timedelta = LONG_AGO) -> AccountRow:
        """A member of the unit with an account that was opened so long ago."""
        with self.town.connector.act(HOST, now=self.now - ago) as act:
            person = make_person(act, unit, name=name)
            return make_account(act, unit, *self.town.permissions(permissions), person=person)

    def fill_scans(self, count: int = 3) -> RequestRow:
        """Zombies, proposed to the principal this night; the request."""
        for number in range(count):
            account = self.hire(f"钱眠{number}")
            with self.town.connector.act(HOST) as act:
                account = act.session.get_one(AccountRow, account.id)
                account.keycloak_id = new_id()
                used = self.now - timedelta(days=200 + number)
                act.session.add(
                    ActivityRow(keycloak_id=account.keycloak_id, last_used_at=used, password_evidence="unknown")
                )
            self.zombies.append(account)
        with self.town.connector.act(HOST) as act:
            covers = self.now - timedelta(days=390)
            act.session.merge(CursorRow(kind="login", covers_since=covers, read_at=self.now))
        with self.town.connector.act(SCAN, now=self.now - timedelta(hours=10)) as act:
            run = proposal.propose(act, proposal.DORMANT)
            self.ids["scan"] = run.id
            request = act.session.get_one(RequestRow, run.request_id)
        self.ids["zombies"] = request.number
        return request

    def fill_departures(self) -> None:
        """A leaver who is overdue, an administrator with a rotation, movers, hints, reads, and a plan that is held."""
        town, now = self.town, self.now
        names = ("李建国", "周敏", "吴小华", "郑洁")
        leaver, mover, stranger, other = (self.hire(name) for name in names)
        self.ids |= {"leaver": leaver.user_name, "mover": mover.user_name}
        administrator = town.centre.accounts[town.centre.person(Office.SYSTEM_ADMINISTRATOR).id]
        with town.connector.act(HOST) as act:
            shared_secrets.add_secret(act, "门禁控制器口令", kind=SecretKind.DOOR_CONTROLLER, opens="门禁系统")
            shared_secrets.note_knower(act, "门禁控制器口令", administrator.user_name)
            matrix.adopt_matrix(act, "xxjsk", {"科员": town.permissions(1)}, adopted_by=PAPER)
            for hours, code in ((4, None), (3, "directory-cut-off"), (2, None)):
                read = DirectoryReadRow(read_at=now - timedelta(hours=hours), complete=code is None, good=code is None)
                read.count, read.quarantined, read.error_code = (20_013, 1, None) if code is None else (0, 0, code)
                act.session.add(read)
        with town.connector.act(SYNC, now=now - timedelta(days=6)) as act:
            self._leave(act, leaver, Cause.STATUS, frozen=True)
        with town.connector.act(SYNC, now=now - timedelta(hours=3)) as act:
            self._leave(act, administrator, Cause.STATUS, frozen=False)
            items = tuple(
                Item(account_id=account.id, key=key, cause=Cause.ABSENCE)
                for account, key in ((stranger, "E0003"), (other, "E0004"))
            )
            self.ids["plan"] = release.hold_plan(act, Plan(items=items, reasons=(HoldReason.TOO_MANY_LEAVERS,))).hash
            self._move(act, mover, unit="xxjsk")
            self._move(act, other, post="主任")
            kinds = (("joiner", "E2001", "ywk", None), ("returner", "E0001", "ywk", leaver.person_id))
            act.session.add_all(
                HintRow(kind=kind, key=key, unit_code=unit, post="科员", person_id=person, mailed=1, opened_at=act.now)
                for kind, key, unit, person in kinds
            )
            self.ids["rotation"] = act.session.query(RotationCaseRow).one().id

    def fill_findings(self) -> None:
        """Two findings of the provenance gate, one of them held, and a reconciliation with two differences."""
        account = self.hire("冯涛")
        with self.town.connector.act(HOST) as act:
            held = self.finding(account_id=account.id, user_id=new_id(), action="freeze", held=True)
            made = self.finding(kind="user_created", severity="high", user_id=new_id(), action="shut_out")
            made.facts = {"told": True, "user_name": "tempadmin"}
            act.session.add_all([held, made])
            run = ReconciliationRow(
                started_at=self.now, finished_at=self.now, accounts=74, users=76, holdings=150, in_progress=1,
                sampled=20, counts={"extra_role": 1, "unknown": 1}, excess={"accounts": 2, "permissions": 3},
            )  # fmt: skip
            act.session.add(run)
            act.session.flush()
            act.session.add_all(
                [
                    DifferenceRow(run_id=run.id, kind=Drift.EXTRA_ROLE.value, account_id=account.id, name="centre:x"),
                    DifferenceRow(run_id=run.id, kind=Drift.UNKNOWN.value, keycloak_id=new_id()),
                ]
            )
            self.ids |= {"finding": held.id, "made": made.id, "comparison": run.id}

    def finding(self, **fields: Any) -> FindingRow:
        """A finding of a few minutes ago, not stored yet."""
        at = self.now - timedelta(minutes=20)
        told: dict[str, Any] = {
            "event_id": new_id(), "kind": "role_given", "severity": "critical", "by_us": False, "actor_id": "9f0",
            "actor_realm": "master", "actor_client": "security-admin-console", "happened_at": at, "seen_at": at,
            "facts": {"told": True, "roles": ["centre:expert.draw"], "of_realm": False}, "found_at": at,
            "action": "none", "held": False, "steps": [],
        }  # fmt: skip
        return FindingRow(**{**told, **fields})

    def fill_jobs(self) -> None:
        """Three jobs: one that is well, one that failed, one that is late."""
        table = (
            ("seal_record", "每10秒", timedelta(seconds=10)),
            ("sync_departures", "每1小时", timedelta(hours=1)),
            ("scan_dormant", "每日 02:00", timedelta(days=1)),
        )
        with self.town.connector.act(HOST) as act:
            lines = [
                timetable.Line(job=job, when=Text(when, when), does=Text(f"作业{job}", job), due_at=self.now, span=span)
                for job, when, span in table
            ]
            timetable.publish(act.session, lines, self.now)
            self.ran(act.session, "seal_record", timedelta(seconds=10), "done")
            error = "directory-size-limit: The directory stopped at its size limit after 500 people"
            self.ran(act.session, "sync_departures", timedelta(hours=1), "failed", error=error)
            self.ran(act.session, "scan_dormant", timedelta(days=2), "done")

    def ran(self, session: Session, job: str, ago: timedelta, outcome: str, error: str | None = None) -> None:
        """A run of that job, so long ago, of 3 seconds."""
        due = self.now - ago
        run = runs.claim(session, job, due, "host:1", due)
        assert run is not None
        ended = due + timedelta(seconds=3)
        summary = {"sealed": 7, "state": "nothing"} if outcome == "done" else {}
        runs.finish(session, run, outcome=outcome, summary=summary, error=error, now=ended)

    def _leave(self, act: Act, account: AccountRow, cause: Cause, *, frozen: bool) -> None:
        locked = accounts.lock_account(act, account.id)
        if frozen:
            accounts.set_status(act, locked, AccountStatus.FROZEN, cause="departure")
        cases.open_case(act, locked, cause=cause, frozen=frozen)

    def _move(self, act: Act, account: AccountRow, *, unit: str = "", post: str = "") -> None:
        locked = accounts.lock_account(act, account.id)
        person = act.session.get_one(PersonRow, locked.person_id)
        former = (person.unit_id, person.post)
        if unit:
            person.unit_id = self.town.centre.people[unit, Office.UNIT_HEAD].unit_id
        person.post = post or person.post
        act.session.flush()
        mover_cases.open_case(act, locked, former)


@contextmanager
def counted_queries(town: Town) -> Iterator[list[str]]:
    """Every statement that the town's database is asked within the block."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = town.connector.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
