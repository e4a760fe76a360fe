"""What comes round in a year: reviews, checks, filings, tables of posts, an administrator. Decides no rule itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.register import administrators, appointments, catalogue
from connector.register.appointments import AppointmentForm
from connector.register.matrix_lines import MatrixLine
from connector.register.tables import AccountRow, AppointmentRow, UnitRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.reviews import answers, filings, inspection_views, reviewers, self_checks
from connector.reviews.periods import before, period_of
from connector.reviews.tables import CampaignRow, SheetRow, SubjectRow
from tests.factories import make_account, make_person
from tests.fixtures_matrix import submit
from tests.town import HOST

if TYPE_CHECKING:
    from tests.year.play import Year

SIGNED_BY = {self_checks.SELF_CHECK: Office.UNIT_HEAD, self_checks.KEY_CUSTODY: Office.KEY_CUSTODIAN}
ANSWERED_DAILY = 0.2  # share of the accounts under review that are answered for on a day
WITHDRAWN = 0.04  # share of the permissions that a review finds no longer needed
POSTS = ("科员", "副科长", "科长", "主任科员", "工程师", "见习科员")


@dataclass
class Rounds:
    """Everything here is done by the people of the centre, through the same doors as in a true one."""

    year: "Year"
    counted: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # person ids: they never answer, so that silence goes up
    handovers: list[administrators.Handover] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)  # person ids of administrators who have gone

    def work(self, day: date) -> None:
        """One working day."""
        self._answer_reviews()
        self._sign_checks()
        self._file(day)
        if self.year.chance.random() < 0.04:
            self._change_table()
        if day.month >= 5 and not self.replaced:
            self._replace_administrator(day)

    def _answer_reviews(self) -> None:
        for number, unit, subject, user_name, level in self._unanswered():
            if self.year.chance.random() > ANSWERED_DAILY:
                continue
            with self.year.town.connector.act(HOST, reading=True) as act:
                may = reviewers.eligible(reviewers.bench_of(act, unit), subject.person_id, level)
                items = [item.permission_id for item in answers.items_of(act, subject)]
            if not may or may[-1][1].id in self.silent:
                continue
            given = [self._answer(permission) for permission in items]
            with self._doing("reviewed", self.year.actor_of(may[-1][1].id)) as act:
                answers.answer(act, number, user_name, given)

    def _answer(self, permission: str) -> answers.Answer:
        withdraw = self.year.chance.random() < WITHDRAWN
        return answers.Answer(
            permission=permission,
            answer="withdraw" if withdraw else "keep",
            reason="岗位已不需要" if withdraw else "岗位需要",
        )

    def _unanswered(self) -> list[Any]:
        statement = (
            select(CampaignRow.number, UnitRow, SubjectRow, AccountRow.user_name, SheetRow.level)
            .join(SheetRow, SheetRow.campaign_id == CampaignRow.id)
            .join(UnitRow, UnitRow.id == SheetRow.unit_id)
            .join(SubjectRow, SubjectRow.sheet_id == SheetRow.id)
            .join(AccountRow, AccountRow.id == SubjectRow.account_id)
            .where(CampaignRow.closed_at.is_(None), SubjectRow.answered_at.is_(None))
            .order_by(AccountRow.user_name)
        )
        with self.year.town.connector.database.reading() as session:
            return list(session.execute(statement))

    def _sign_checks(self) -> None:
        """Each unit's check of the quarter, some day of it; some units forget, which the list of duties then says."""
        for checklist, office in SIGNED_BY.items():
            with self.year.town.connector.act(HOST, reading=True) as act:
                rule = act.rulebook.periodic(checklist)
                if rule is None:
                    continue
                period = period_of(act.now, rule.months).label
                units = inspection_views.signing_units(act, checklist)
                open_ones = [u for u in units if self_checks.find_check(act, checklist, u.id, period) is None]
                questions = act.rulebook.checklist(checklist)
            for unit in open_ones:
                if self.year.chance.random() > 0.05 or (unit.code, office) not in self.year.town.centre.people:
                    continue
                given = [self_checks.CheckAnswer(name=each.name, ok=True) for each in questions]
                with self._doing("checks", self.year.town.actor(office, unit.code)) as act:
                    self_checks.sign_check(act, checklist, unit.code, period, given)

    def _file(self, day: date) -> None:
        """The quarter that has ended: prepared, signed by another, handed over; a step on a day, and not in haste."""
        head = self.year.town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
        with self.year.town.connector.act(HOST, reading=True) as act:
            rule = act.rulebook.periodic("filing")
            if rule is None:
                return
            label = before(period_of(act.now, rule.months), rule.months).label
            row = filings.find_filing(act, label)
        if label.startswith("2025") or self.year.chance.random() < 0.5:
            return  # The centre has nothing to look back on yet.
        if row is None:
            with self._doing("filings", head) as act:
                filings.make_filing(act, label)
        elif row.state == filings.PREPARED:
            with self._doing("filings signed", self.year.town.actor(Office.PRINCIPAL)) as act:
                signer = self.year.town.connector.signer
                filings.sign_filing(act, row.number, signer, manifest_hash=row.manifest_hash)
        elif row.state == filings.SIGNED:
            with self._doing("filings received", head) as act:
                filings.note_receipt(act, row.number, receipt=f"回执{label}", received_on=day)

    def _change_table(self) -> None:
        """A unit's table of posts: everything at first, and each time another permission is left out."""
        code = self.year.chance.choice(self.year.codes)
        with self.year.town.connector.act(HOST, reading=True) as act:
            known = sorted(each.id for each in catalogue.list_permissions(act))
        without = self.year.chance.choice(known)
        lines = [
            MatrixLine(post=post, permission=each)
            for post in {*POSTS, *self.year.posts}
            for each in known
            if each != without
        ]
        if self.year.attempt(lambda: submit(self.year.town, lines, code)):
            self._count("tables")

    def _replace_administrator(self, day: date) -> None:
        """The system administrator goes: his power ends, what he leaves is listed, two people make a successor."""
        town = self.year.town
        leaving = town.centre.person(Office.SYSTEM_ADMINISTRATOR)
        with town.connector.act(HOST) as act:
            held = AppointmentRow.person_id == leaving.id
            row = act.session.scalars(select(AppointmentRow).where(held, AppointmentRow.ended_at.is_(None))).one()
            successor = make_person(act, "jyzx")
            account = make_account(act, "jyzx", person=successor)
            self.year.open_in_keycloak(act, account)
        with self._doing("administrators ended", town.actor(Office.PRINCIPAL)) as act:
            appointments.end(act, row.id)
            self.handovers.append(administrators.handover(act, row.id))
            self.replaced.add(leaving.id)
        form = AppointmentForm(
            person_id=successor.id, unit_code="jyzx", office=Office.SYSTEM_ADMINISTRATOR, valid_from=day,
            paper="聊公资任〔2026〕7号",
        )  # fmt: skip
        with self._doing("administrators made", town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
            made = appointments.appoint(act, form).id
        with self._doing("administrators confirmed", town.actor(Office.PRINCIPAL)) as act:
            appointments.confirm(act, made)
        town.centre.people["jyzx", Office.SYSTEM_ADMINISTRATOR] = successor
        town.centre.accounts[successor.id] = account
        former = town.centre.accounts[leaving.id]
        form_out = town.form(
            "jyzx", kind=RequestKind.DISABLE, account=former.user_name, cause="departure", event_on=day, reason="离职"
        )
        self.year.submit(form_out, actor=town.applicant("jyzx"))

    @contextmanager
    def _doing(self, what: str, actor: Actor) -> Iterator[Act]:
        """An act whose refusal is counted, like every other one's; what is let through is counted by its name."""
        with self.year.refusals(), self.year.town.connector.act(actor) as act:
            yield act
            self._count(what)

    def _count(self, what: str) -> None:
        self.counted[what] = self.counted.get(what, 0) + 1
