"""What goes wrong in a year: keys are lost, accounts compromised, powers lent for a day. Decides no rule itself."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from connector.incidents import cases, closing, outcomes
from connector.incidents.case_tables import CaseRow
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.keys import service as keys
from connector.keys.tables import HardwareKeyRow, ReplacementRow
from connector.privileged import service as privileged
from connector.privileged.tables import BoxRow
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.regulations.calendar import SHANGHAI
from connector.regulations.incidents import Outcome
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind
from tests.fixtures_boxes import OTHER, PLAIN
from tests.fixtures_keys import DELIVERY, key_row

if TYPE_CHECKING:
    from tests.year.play import Year

SECURITY = Office.SECURITY_ADMINISTRATOR
STOCK = 60
BOX_AHEAD = timedelta(days=9)  # so long before its time somebody applies: five people decide
ANSWERS = {"leaked": "no", "key": "no", "created": "no"}  # what the handlers find, by question
WORDS = ReportForm(cause="口令被钓鱼网站骗取", consequences="未查到数据外泄", corrections="全员更换口令并培训")


@dataclass
class Trouble:
    """Everything here goes through the doors that the people of a true centre have."""

    year: "Year"
    counted: dict[str, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Keys are taken into stock."""
        rows = [key_row(f"K-{n:03d}")._replace(line=n + 1) for n in range(1, STOCK + 1)]
        with self.year.town.connector.act(self.year.town.actor(Office.KEY_CUSTODIAN)) as act:
            keys.import_batch(act, rows, DELIVERY)

    def work(self, day: date) -> None:
        """One working day."""
        for happens, chance in ((self._issue, 0.2), (self._lose, 0.04), (self._ask_for_box, 0.08)):
            if self.year.chance.random() < chance:
                happens(day)
        self._replace_keys()
        if day.toordinal() % 97 == 0 or (not self._cases() and day.day == 20):
            self._compromise()
        for case in self._cases("open"):
            self._carry(case)
        self._review_boxes()

    def _issue(self, _day: date) -> None:
        account, serial = self.year.anybody(), self._in_stock()
        if account is not None and serial is not None:
            self._do("keys issued", Office.KEY_CUSTODIAN, keys.issue_key, serial, account, receipt="领用单")

    def _lose(self, _day: date) -> None:
        """Somebody has lost his key: his unit applies for another; he is shut out at once (GS 12)."""
        held = select(HardwareKeyRow.serial, AccountRow).join(AccountRow, AccountRow.id == HardwareKeyRow.account_id)
        out = held.where(HardwareKeyRow.status.in_(("issued", "bound")), AccountRow.status == AccountStatus.ACTIVE)
        found = self._all(out.order_by(HardwareKeyRow.serial))
        if found:
            serial, account = self.year.chance.choice(found)
            form = self.year.form_about(
                account, kind=RequestKind.REPLACE_KEY, key=serial, cause="lost", reason="密钥遗失"
            )
            self._count("keys lost", self.year.submit(form))

    def _replace_keys(self) -> None:
        """Another key for each whose replacement is approved; with it the account comes back."""
        case = select(AccountRow).join(ReplacementRow, ReplacementRow.account_id == AccountRow.id)
        ready = case.where(ReplacementRow.approved_at.is_not(None), ReplacementRow.closed_at.is_(None))
        for (account,) in self._all(ready.order_by(AccountRow.user_name)):
            serial = self._in_stock()
            if serial is not None:
                self._do("keys replaced", Office.KEY_CUSTODIAN, keys.issue_key, serial, account, receipt="补发单")

    def _in_stock(self) -> str | None:
        free = select(HardwareKeyRow.serial).where(HardwareKeyRow.status == "in_stock").order_by(HardwareKeyRow.serial)
        found = self._all(free.limit(1))
        return found[0][0] if found else None

    def _ask_for_box(self, day: date) -> None:
        """For an hour of a day to come somebody is to have more than he has (JC 18)."""
        account, reviewer = self.year.anybody(), self.year.anybody()
        if account is None or reviewer is None or account.id == reviewer.id:
            return
        start = datetime.combine(day + BOX_AHEAD, time(10, 0), SHANGHAI)
        box = {
            "starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=5)).isoformat(),
            "reviewer": reviewer.user_name,
        }  # fmt: skip
        form = self.year.form_about(
            account, kind=RequestKind.USE_PRIVILEGED, permissions=(PLAIN, OTHER), box=box, reason="系统升级值守"
        )
        self._count("boxes asked for", self.year.submit(form))

    def _review_boxes(self) -> None:
        waiting = select(BoxRow).where(
            BoxRow.opened_at.is_not(None), BoxRow.state == "ended", BoxRow.reviewed_at.is_(None)
        )
        for (box,) in self._all(waiting.order_by(BoxRow.number)):
            with self.year.refusals(), self.year.town.connector.act(self.year.actor_of(box.reviewer_id)) as act:
                privileged.sign_record(act, box.number, "clean")
                self._count("boxes reviewed")

    def _compromise(self) -> None:
        account = self.year.anybody()
        if account is not None:
            since = self.year.town.clock.now() - timedelta(days=2)
            form = CaseForm(user_name=account.user_name, since=since, reason="口令疑似泄露")
            self._do("cases opened", SECURITY, cases.open_case, form, alone=3)

    def _carry(self, case: CaseRow) -> None:
        """One day's work on a case; what is refused today is tried again tomorrow."""
        if not case.reported_to:
            self._do("cases reported", SECURITY, cases.report_up, case.number, to="系统管理员", receipt="电话记录")
        elif case.question:
            self._answer(case)
        else:
            self._finish(case)

    def _answer(self, case: CaseRow) -> None:
        with self.year.refusals(), self.year.town.connector.act(self.year.town.actor(SECURITY)) as act:
            cases.answer(
                act, case.number, question=case.question, value=ANSWERS.get(case.question, "no"), why="查阅记录后"
            )

    def _finish(self, case: CaseRow) -> None:
        town = self.year.town
        with town.connector.act(town.actor(SECURITY), reading=True) as act:
            left = [one.outcome for one in outcomes.states_of(act, case) if not one.done]
            account = accounts.get_account(act, case.account_id)
            report = closing.newest_report(act, case)
        for outcome in left:
            if outcome in outcomes.TOLD:
                self._do("outcomes told", SECURITY, closing.tell_outcome, case.number, outcome=outcome.value,
                         note="已清理", receipt="单据")  # fmt: skip
        if Outcome.RESTORE in left and account.status == AccountStatus.FROZEN:
            form = self.year.form_about(account, kind=RequestKind.ENABLE, reason="处置完毕，恢复使用")
            self._count("restores asked for", self.year.submit(form))
        if left:
            return
        if report is None:
            self._do("reports written", SECURITY, closing.write_report, case.number, WORDS)
        elif report.signed_at is None:
            how = {"version": report.version, "shown_hash": report.hash}
            self._do("reports signed", Office.PRINCIPAL, closing.sign_report, case.number, **how)
        else:
            self._do("cases closed", SECURITY, closing.close_case, case.number)

    def _cases(self, *states: str) -> list[CaseRow]:
        statement = select(CaseRow).order_by(CaseRow.number)
        return [row for (row,) in self._all(statement) if not states or row.state in states]

    def _do(self, what: str, office: Office, act_of: Any, *given: Any, **named: Any) -> None:
        with self.year.refusals(), self.year.town.connector.act(self.year.town.actor(office)) as act:
            act_of(act, *given, **named)
            self._count(what)

    def _count(self, what: str, times: int = 1) -> None:
        self.counted[what] = self.counted.get(what, 0) + int(times)

    def _all(self, statement: Any) -> list[Any]:
        with self.year.town.connector.database.reading() as session:
            return list(session.execute(statement))
