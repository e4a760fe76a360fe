"""A mirror of Keycloak's events for tests: a desk with the tables of activity and checks, and round rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connector.activity.tables import ActivityRow, CursorRow
from connector.auth.act import Act
from connector.register.tables import AccountRow, AccountStateRow, PersonRow, UnitRow
from connector.regulations.rulebook import PasswordRules
from connector.regulations.vocabulary import AccountClass
from connector.storage.engine import Database
from connector.storage.tables import Base, new_id
from tests.fakes.vault import FakeVault
from tests.fixtures_register import Desk

DORMANCY, NEVER_USED = timedelta(days=180), timedelta(days=60)
DORMANCY_OF = {AccountClass.SUPER_ADMINISTRATOR: timedelta(days=30)}
GRACE, NO_PERMISSION = timedelta(days=14), timedelta(days=90)
MAX_AGE = {AccountClass.SUPER_ADMINISTRATOR: 30}  # days; 90 for every other class


@dataclass(frozen=True)
class RoundRules:
    """The part of a rulebook that the checks ask for, in round numbers."""

    def dormancy(self, account_class: AccountClass | None = None) -> timedelta:
        return DORMANCY_OF.get(account_class, DORMANCY) if account_class else min(DORMANCY, *DORMANCY_OF.values())

    def never_used(self, _class: AccountClass | None = None) -> timedelta:
        return NEVER_USED

    def weak_password_grace(self) -> timedelta:
        return GRACE

    def no_permission(self) -> timedelta:
        return NO_PERMISSION

    def directory_key(self) -> timedelta | None:
        return None

    def test_words(self) -> tuple[str, ...]:
        return ("test", "demo", "测试")

    def password(self, account_class: AccountClass) -> PasswordRules:
        return PasswordRules(
            min_length=8, max_age_days=MAX_AGE.get(account_class, 90), history=3, letters=True, digits=True,
            symbols=True, notice_days=(14, 7, 1), clauses={"max_age_days": "JC 25"},
        )  # fmt: skip


def open_mirror(tmp_path: Path, url: str | None = None) -> Desk:
    """A desk under `RoundRules`, on a new SQLite database or on the empty one at `url`; close it afterwards."""
    database = Database(url or f"sqlite:///{tmp_path / 'mirror.db'}")
    Base.metadata.create_all(database.engine)
    return Desk(database, RoundRules(), FakeVault())  # type: ignore[arg-type]


def add_mirrored_account(
    act: Act,
    name: str,
    *,
    opened_at: datetime,
    status: str = "active",
    account_class: AccountClass = AccountClass.ORDINARY,
    enabled_again_at: datetime | None = None,
    mail: str | None = None,
    **activity: Any,
) -> AccountRow:
    """An account as the register and the mirror would have it; `activity` are columns of its activity row, if any."""
    session = act.session
    unit = session.get(UnitRow, "unit")
    if unit is None:
        unit = UnitRow(id="unit", code="jyzx", name="中心", kind="centre", path="/jyzx/", registered_at=opened_at)
        session.add(unit)
        session.flush()
    person = PersonRow(
        id=new_id(), name=name, document_kind="other", document_sealed=b"", document_digest=name, document_masked="",
        phone_sealed=b"", phone_digest=name, phone_masked="", mail=mail, unit_id=unit.id, registered_at=opened_at,
    )  # fmt: skip
    session.add(person)
    session.flush()
    account = AccountRow(
        id=new_id(), person_id=person.id, user_name=name, account_class=account_class.value, status=status,
        keycloak_id=f"kc-{name}", opened_at=opened_at, opened_by="paper:TEST",
    )  # fmt: skip
    session.add(account)
    session.flush()
    since = enabled_again_at or opened_at
    session.add(AccountStateRow(account_id=account.id, status=status, cause="grant", since=since))
    if activity:
        activity.setdefault("password_evidence", "unknown")
        session.add(ActivityRow(keycloak_id=account.keycloak_id, **activity))
    session.flush()
    return account


def set_coverage(act: Act, since: datetime) -> None:
    """The mirror has every login event from `since` on."""
    act.session.merge(CursorRow(kind="login", covers_since=since, read_at=act.now))
    act.session.flush()
