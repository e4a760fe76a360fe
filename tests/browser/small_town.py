"""A small town with something on every page, served on a real Keycloak; its people have keys and are signed in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from connector.auth.actor import Actor
from connector.embedded.browser import Person, proof_key
from connector.incidents import alarms, cases, closing, freezes
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.schemas import show_preview
from connector.incidents.scopes import Scope, ScopeKind
from connector.keys import service as keys
from connector.keys.sheets import SheetRow
from connector.provisioning import links
from connector.register import people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from tests.browser import paperwork, sign_in
from tests.browser.chromium import Window, Windows
from tests.factories import make_person_form
from tests.fixtures_scheduled import Scheduled
from tests.servers.web import Web
from tests.town import HOST

APPLICANT = "applicant"
AAGUID = "ee882879-721c-4913-9775-3dfcce97072a"
WHY = "口令疑似泄露，先行冻结"
Who = Office | str


@dataclass
class SmallTown:
    """`requests` are numbers and ids by what is worth seeing in them."""

    web: Web
    windows: Windows
    requests: dict[str, str] = field(default_factory=dict)
    _people: dict[Who, Person] = field(default_factory=dict)
    _windows: dict[Who, Window] = field(default_factory=dict)
    _approved: AccountRow = field(init=False)

    def actor(self, who: Who) -> Actor:
        town = self.web.town
        if isinstance(who, Office):
            return town.actor(who, "ywk" if who is Office.UNIT_HEAD else "jyzx")
        return town.applicant("ywk")

    def person(self, who: Who) -> Person:
        """The person with his password and key; made at Keycloak when first asked for."""
        if who not in self._people:
            self._people[who] = self.web.enrol(self.actor(who))
        return self._people[who]

    def window(self, who: Who | None) -> Window:
        """A window in which this person is signed in; the same one every time."""
        if who is None:
            return self.windows.open()
        if who not in self._windows:
            window = self.windows.open()
            window.page.goto(f"{self.web.url}/sign-in")
            sign_in.go_through(window, self.person(who))
            self._windows[who] = window
        return self._windows[who]

    def open(self, window: Window, path: str) -> None:
        window.page.goto(self.web.url + path)

    def link(self) -> str:
        """The address of a new one-time link of the approved account; earlier ones end."""
        connector = self.web.town.connector
        with connector.act(HOST) as act:
            account = act.session.get_one(AccountRow, self._approved.id)
            life = timedelta(hours=connector.settings.link_hours)
            return links.make_link(act, account, public_url=connector.settings.public_url, life=life)

    def link_suffix(self) -> str:
        """What the person of the link types to prove who he is."""
        with self.web.town.connector.act(HOST) as act:
            return people.get_form(act, self._approved.person_id).document_number[-6:]

    def newcomer(self, action: str) -> Person:
        """Somebody whose first login is ahead, with this second factor to be enrolled."""
        factor = "otp" if action == "CONFIGURE_TOTP" else "key"
        return self.web.realm.new_person(actions=("UPDATE_PASSWORD", action), second_factor=factor)[1]

    def code_user(self) -> Person:
        """Somebody who logs in with one-time codes."""
        return self.web.realm.ready_person(second_factor="otp")[1]

    def login_address(self, client_id: str) -> str:
        """Where a login at a subsystem begins."""
        realm = self.web.realm
        query = {
            "client_id": client_id,
            "redirect_uri": realm.redirect_uris[client_id],
            "response_type": "code",
            "scope": "openid",
            **proof_key()[1],
        }
        return f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/auth?{urlencode(query)}"

    def next_form(self) -> dict[str, str]:
        """What the head of a unit types for one more new person."""
        form = make_person_form("ywk", mail="wang@example.cn").model_dump()
        return {name: str(form[name]) for name in ("document_number", "phone", "mail")} | {
            "person_name": "王小明",
            "permissions": " ".join((*self.web.town.permissions(2), *self.web.town.permissions(1, sensitive=True))),
        }

    def fill(self) -> None:
        """Requests in every state, one of them overdue; the approved one is provisioned."""
        now, form = self.web.town.clock.now(), self.web.town.form
        self._submit("overdue", form(reason="新入职业务科，办理公告发布和开标见证"), now - timedelta(days=12))
        sensitive = (*self.web.town.permissions(2), *self.web.town.permissions(1, sensitive=True))
        self._submit("waiting", form(permissions=sensitive), now - timedelta(hours=3))
        for name, verdict in (("returned", Verdict.RETURN), ("rejected", Verdict.REJECT), ("passed", Verdict.APPROVE)):
            made = now - timedelta(days=2)
            row = self._submit(name, form(), made)
            self.web.town.decide(row, verdict, reason="请补充岗位说明", now=made + timedelta(hours=1))
        made = now - timedelta(days=3)
        approved = self._submit("approved", form(person=make_person_form("ywk")), made)
        self.web.town.approve(approved, now=made + timedelta(hours=1))
        self.web.town.connector.deliver()
        self._approved = self.web.town.account_of(approved)
        reset = form(kind=RequestKind.PASSWORD_RESET, account=self._approved.user_name, cause="forgotten")
        self._submit("reset", reset, now - timedelta(minutes=20))

        self._fill_keys(now)
        self._fill_freezes()
        scheduled = Scheduled(self.web.town, now)
        scheduled.fill()
        self.requests |= scheduled.ids
        self.requests |= paperwork.fill(self.web.town, now)

    def _fill_keys(self, now: datetime) -> None:
        """A delivery of four keys: two issued, two in stock."""
        connector, custodian = self.web.town.connector, self.actor(Office.KEY_CUSTODIAN)
        rows = [
            SheetRow(number, {"serial": f"SN-000{number}", "model": "示例密钥 K1", "aaguid": AAGUID})
            for number in range(1, 5)
        ]
        with connector.act(custodian, now=now - timedelta(days=20)) as act:
            keys.import_batch(act, rows, keys.Delivery(paper="入库〔2026〕8号", batch="2026-8", supplier="示例供应商"))
        with connector.act(custodian, now=now - timedelta(days=2)) as act:
            keys.issue_key(act, "SN-0002", act.session.get_one(AccountRow, self._approved.id), receipt="收条-21")
        with connector.act(custodian, now=now - timedelta(days=2)) as act:
            owner = act.session.get_one(AccountRow, self.actor(Office.AUDITOR).account_id)
            keys.issue_key(act, "SN-0003", owner, receipt="收条-22")
        connector.deliver()

    def _fill_freezes(self) -> None:
        """One order that was carried out, and one above the limit, which waits for a second person."""
        connector, actor = self.web.town.connector, self.actor(Office.SECURITY_ADMINISTRATOR)
        colleague = self.web.town.applicant("jyzx")
        self.web.enrol(colleague)
        for name, scope, alone in (
            ("frozen", Scope(ScopeKind.PERSON, colleague.name), 20),
            ("to_freeze", Scope(ScopeKind.UNIT, "dljg"), 0),
        ):
            with connector.act(actor) as act:
                shown = show_preview(freezes.preview(act, scope, alone=alone))
                order = freezes.order_freeze(act, scope, reason=WHY, plan_hash=shown.hash, alone=alone)
                self.requests[name] = order.number
        self._open_incident(actor, colleague.name)
        connector.deliver()

    def _open_incident(self, actor: Actor, user_name: str) -> None:
        """A case with a draft of its report, an alarm, and a sanction that waits for its decision."""
        with self.web.town.connector.act(actor) as act:
            form = CaseForm(user_name=user_name, since=act.now - timedelta(days=2), reason=WHY)
            case = cases.open_case(act, form, alone=20)
            words = ReportForm(cause="口令被骗取", consequences="未查到外泄", corrections="更换口令")
            closing.write_report(act, case.number, words)
            self.requests["incident"] = case.number
            act.session.flush()
            alarms.collect(act)
            self.requests["alarm"] = alarms.list_alarms(act)[0].row.id

    def _submit(self, name: str, form: RequestForm, made: datetime) -> RequestRow:
        row = self.web.town.submit(form, now=made)
        self.requests[name] = row.number
        return row
