"""A whole connector over a small complete centre, with fakes where a test does not bring the real thing."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from connector.auth.actor import Actor, host_actor, person_actor
from connector.auth.claims import Claims
from connector.bootstrap import Connector, build
from connector.errors import NotSignedInError
from connector.migrations.every_table import metadata
from connector.realm_config import load_catalogue
from connector.register.tables import AccountRow
from connector.register.units import get_unit_by_id
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from connector.requests.verification import Comparison, checklist_of
from connector.settings import Settings
from tests.factories import Centre, make_account, make_centre, make_person, make_person_form
from tests.fakes.clock import FakeClock
from tests.fakes.http_sender import FakeHttpSender
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.fakes.login_client import FakeLoginClient
from tests.fakes.mailer import FakeMailer

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # Tuesday, a working day, 12:00 in China
PACKS = ("LC", "GS", "HH", "GX")
HOST = host_actor("tests")


class FakeTokens:
    """TokenVerifier: the token of a person is his Keycloak id."""

    def verify(self, token: str) -> Claims:
        if not token or " " in token:
            raise NotSignedInError
        return Claims(
            subject=token,
            user_name="",
            client_id="connector",
            level="mfa",
            methods=("pwd", "otp"),
            authenticated_at=None,
        )


@dataclass
class Town:
    """The connector, its centre, and the fakes a test may look into."""

    connector: Connector
    centre: Centre
    clock: Any
    mailer: Any
    idp: Any
    _applicants: dict[str, Actor] = field(default_factory=dict)

    def actor(self, office: Office, unit_code: str = "", *, via: str = "api") -> Actor:
        return self.centre.actor(office, unit_code, via=via)

    def form(self, unit_code: str = "ywk", **fields: Any) -> RequestForm:
        """A right form for a first grant of a new person; `fields` change it."""
        right: dict[str, Any] = {
            "kind": RequestKind.GRANT,
            "unit_code": unit_code,
            "permissions": self.permissions(2),
            "reason": "新入职，办理业务所需",
        }
        if fields.get("kind", RequestKind.GRANT) is RequestKind.GRANT and "account" not in fields:
            right["person"] = make_person_form(unit_code)
        if fields.get("kind", RequestKind.GRANT) is not RequestKind.GRANT:
            right.pop("permissions")
        return RequestForm(**{**right, **fields})

    def permissions(self, count: int, *, sensitive: bool = False) -> tuple[str, ...]:
        """Ids of `count` permissions of the catalogue, in different subsystems where that is possible."""
        found = [f"{e.subsystem}:{e.role}" for e in load_catalogue() if e.sensitive is sensitive]
        firsts = list({name.split(":")[0]: name for name in reversed(found)}.values())
        return tuple([*firsts, *(name for name in found if name not in firsts)][:count])

    def submit(
        self, form: RequestForm | None = None, *, actor: Actor | None = None, now: datetime | None = None
    ) -> RequestRow:
        """Submits as an ordinary member of the unit, who holds no office."""
        form = form or self.form()
        with self.connector.act(actor or self.applicant(form.unit_code), now=now) as act:
            return requests.submit_request(act, form)

    def applicant(self, unit_code: str = "ywk") -> Actor:
        """A member of the unit who holds no office."""
        if unit_code not in self._applicants:
            with self.connector.act(HOST) as act:
                person = make_person(act, unit_code)
                account = make_account(act, unit_code, person=person)
                self._applicants[unit_code] = person_actor(
                    person.id, account.user_name, account_id=account.id, acr="mfa"
                )
        return self._applicants[unit_code]

    def open_stage(self, request: RequestRow) -> Any:
        with self.connector.act(HOST) as act:
            row = requests.get_request(act, request.id)
            return next(stage for stage in requests.stages_of(act, row) if stage.state == "open")

    def decide(
        self, request: RequestRow, verdict: Verdict = Verdict.APPROVE, *, actor: Actor | None = None,
        digest: str | None = None, reason: str = "同意", now: datetime | None = None, excluded: tuple[str, ...] = (),
        override: Any = None, compared: tuple[Comparison, ...] | None = None,
    ) -> RequestRow:  # fmt: skip
        """Decides the open stage, as its right office holder unless told otherwise."""
        stage = self.open_stage(request)
        if actor is None:
            actor = self.holder(stage)
        with self.connector.act(HOST) as act:
            current = requests.get_request(act, request.id).digest
        said = self.compared(request, stage) if compared is None else compared
        with self.connector.act(actor, now=now) as act:
            return requests.decide(
                act, stage_id=stage.id, verdict=verdict, reason=reason, digest=digest or current, excluded=excluded,
                override=override, compared=said,
            )  # fmt: skip

    def compared(self, request: RequestRow, stage: Any) -> tuple[Comparison, ...]:
        """The whole checklist of the stage, each item found to agree; none where the stage has no checklist."""
        with self.connector.act(HOST) as act:
            items = checklist_of(act, requests.get_request(act, request.id), stage)
        return tuple(Comparison(item=item.name, result="agrees") for item in items)

    def holder(self, stage: Any) -> Actor:
        """The person who holds the stage's office in its unit."""
        with self.connector.act(HOST) as act:
            code = get_unit_by_id(act, stage.unit_id).code
        return self.actor(Office(stage.office), code)

    def approve(self, request: RequestRow, *, now: datetime | None = None) -> RequestRow:
        """Decides every stage in turn, each by its own office holder."""
        while request.state == "pending":
            request = self.decide(request, now=now)
        return request

    def account_of(self, request: RequestRow) -> AccountRow:
        with self.connector.act(HOST) as act:
            row = requests.get_request(act, request.id)
            return act.session.get_one(AccountRow, row.account_id)

    def close(self) -> None:
        self.connector.close()


@cache
def _template(packs: tuple[str, ...]) -> tuple[Path, Centre]:
    """A centre made once per run and copied for each test: making one takes most of a second."""
    folder = Path(tempfile.mkdtemp(prefix="town-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    connector = _build(Settings(data_dir=folder, rule_packs=packs), {})
    centre = _settle(connector)
    connector.close()
    return folder, centre


def open_town(tmp_path: Path, *, url: str = "", packs: tuple[str, ...] = PACKS, **parts: Any) -> Town:
    """A town on a new SQLite database, or on the empty database at `url`; close it afterwards."""
    settings = Settings(data_dir=tmp_path, database_url=url, rule_packs=packs)
    if url:
        connector = _build(settings, parts)
        centre = _settle(connector)
    else:
        folder, centre = _template(packs)
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        connector = _build(settings, parts)
    return Town(connector, centre, connector.clock, connector.mailer, connector.idp)


def _build(settings: Settings, parts: dict[str, Any]) -> Connector:
    fakes: dict[str, Any] = {
        "idp": FakeIdentityProvider(),
        "mailer": FakeMailer(),
        "clock": FakeClock(NOON),
        "http": FakeHttpSender(),
        "tokens": FakeTokens(),
        "login": FakeLoginClient(),
    }
    return build(settings, **{**fakes, **parts})


def _settle(connector: Connector) -> Centre:
    metadata.create_all(connector.database.engine)
    with connector.act(HOST) as act:
        return make_centre(act)
