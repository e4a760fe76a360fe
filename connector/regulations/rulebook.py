"""The rules in force: the strictest merge of the rule packs, each value with the clause it comes from. Pure."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

from connector.regulations.vocabulary import AccountClass, Office, RequestKind

if TYPE_CHECKING:
    from connector.regulations.incidents import IncidentRules


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Field(Frozen):
    """One field of a form, in the annex's order and words.

    `required` speaks to the applicant alone. `filled_by` is "applicant", "system" (the product knows it: the date,
    the register's data of the unit), or the office whose holder fills the box by deciding, as "unit_head".
    """

    name: str  # key in the form, for example "reason"
    label: str  # words of the annex, for example "申请原因"
    label_en: str
    required: bool
    clause: str
    filled_by: str = "applicant"


class Form(Frozen):
    """The form of one kind of request: the union of what the packs ask for."""

    kind: RequestKind
    title: str
    title_en: str
    fields: tuple[Field, ...]
    clause: str


class StageRule(Frozen):
    """One stage of the chain. `of` says whose office holder decides: the request's unit, or the centre.

    Stages of one level share its limit: LC 7(1) gives the department one working day, not each of its people.
    `urgent_level` is the service level that counts instead when the request is urgent; empty where no clause gives one.
    """

    office: Office
    of: str  # "unit" or "centre"
    level: str  # name of the service level that sets its time limit
    clause: str
    urgent_level: str = ""


class ServiceLevel(Frozen):
    """A time limit in working days (0 = at once)."""

    name: str
    working_days: int
    clause: str


class ClassRule(Frozen):
    """What an account of one class may hold: permissions at all, of which workflow roles (none named: all), offices."""

    name: AccountClass
    title: str
    title_en: str
    permissions: bool
    workflow_roles: tuple[str, ...]
    offices: tuple[Office, ...]
    clause: str

    def may_hold(self, workflow_roles: Collection[str]) -> bool:
        """Whether the class may hold permissions of these workflow roles."""
        return self.permissions and (not self.workflow_roles or set(workflow_roles) <= set(self.workflow_roles))


class EscalationStep(Frozen):
    """Who may decide too, so many working days after a stage's limit; the first keeps the right.

    `alternate` is an office, or "deputy"; `of` says where the office is held: "unit", "above" or "centre".
    """

    alternate: str
    of: str
    after_working_days: int
    clause: str


class PasswordRules(Frozen):
    """Password rules in force for one account class (D2, D3). Clauses by name of the value."""

    min_length: int
    max_age_days: int
    history: int
    letters: bool
    digits: bool
    symbols: bool
    notice_days: tuple[int, ...]  # days before the limit at which notices go out
    clauses: dict[str, str]
    max_length: int | None = None


class UserNameRule(Frozen):
    """Coding rule of user names (GS 10(1)): `pattern` uses {region} {unit} {serial}; serial is zero-padded."""

    pattern: str
    serial_digits: int
    clause: str


class Charge(Frozen):
    """A charge 职责 that excludes others, as agency or evaluation; `classes` of account that have it by themselves."""

    name: str
    title: str
    title_en: str
    clause: str
    classes: tuple[AccountClass, ...] = ()


class PeriodicRule(Frozen):
    """A periodic duty: every so many months, done at most so many working days after the period has ended."""

    name: str
    months: int
    working_days: int
    clause: str


class SampleRule(Frozen):
    """How large the sample of an inspection is (JC 9, GS 17)."""

    share_percent: int
    least: int
    most: int
    clause: str


class CheckItem(Frozen):
    """One question of a checklist, in Chinese and in English, with its clause."""

    name: str
    label: str
    label_en: str
    clause: str


class Claim(Frozen):
    """What one pack says about one value. `house`: the regulation gives no number, `note` says whose it is."""

    pack: str
    value: Any
    clause: str
    house: bool = False
    note: str = ""


class Explanation(Frozen):
    """One value in force: which claim won, and what the other packs say about it (K4)."""

    name: str  # for example "password.min_length.ordinary"
    value: Any
    won: tuple[Claim, ...]  # one, or for stages and forms everything that was united
    others: tuple[Claim, ...]


class WorkingCalendar(Protocol):
    """Working days of China with make-up days. All days are dates in Asia/Shanghai."""

    @property
    def version(self) -> str:
        """Which data the days come from: package version and digest of the override file."""

    def is_working_day(self, moment: datetime) -> bool: ...

    def due(self, start: datetime, working_days: int) -> datetime:
        """End of office hours on the n-th working day after `start` (0 = `start` itself). Aware, UTC."""

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Working days after `start`'s day up to and including `end`'s day; negative when `end` is earlier."""

    def missing_years(self, now: datetime) -> tuple[int, ...]:
        """Years that a deadline may already reach and that are not published; from 1 November the next year counts."""


class Rulebook(Protocol):
    """The rules in force. Every function is pure."""

    @property
    def packs(self) -> tuple[str, ...]: ...

    @property
    def calendar(self) -> WorkingCalendar: ...

    def form(self, kind: RequestKind) -> Form: ...

    def stages(self, kind: RequestKind, *, sensitive: bool = False, cause: str = "") -> tuple[StageRule, ...]:
        """The chain of stages, in order; the last one is the stage that sets the machine to work."""

    def service_level(self, name: str) -> ServiceLevel: ...

    def in_person(self, office: Office, kind: RequestKind, *, sensitive: bool = False, cause: str = "") -> str | None:
        """The clause by which the holder of the office decides himself; None where a deputy may (HH 3)."""

    def escalation(self, office: Office) -> tuple[EscalationStep, ...]:
        """Who is added when a stage of the office is overdue, the earliest first."""

    def account_class(self, account_class: AccountClass) -> ClassRule:
        """What an account of this class may hold (GS 5-9, JC 8)."""

    def password(self, account_class: AccountClass) -> PasswordRules: ...

    def factors(self, account_class: AccountClass) -> tuple[str, ...]:
        """Second factors the class must enrol at first login: of "otp", "key" (any one of them is enough)."""

    def one_session(self, account_class: AccountClass) -> bool:
        """Whether a login of the class ends the one before (JC 12, 17, 26; GS 11)."""

    def user_name(self) -> UserNameRule: ...

    def dormancy(self, account_class: AccountClass | None = None) -> timedelta:
        """How long without real use makes an account of the class a zombie (LC 7(2)); of no class, the shortest."""

    def never_used(self, account_class: AccountClass | None = None) -> timedelta:
        """How long after opening an account that was never used counts as one; of no class, the shortest."""

    def retention(self) -> timedelta: ...

    def weak_password_grace(self) -> timedelta:
        """How long after the warning a simple password may stay before disabling is proposed (LC 6(3))."""

    def no_permission(self) -> timedelta:
        """How long without any permission makes an account an orphan."""

    def directory_key(self) -> timedelta | None:
        """How long after opening a person must be known to the HR directory; None where no pack asks for it."""

    def test_words(self) -> tuple[str, ...]:
        """Words in a name that make an account look like a test account (JC 21), of all packs."""

    def number(self, name: str) -> int:
        """A number of the packs, as "box_hours" or "blackout_minutes_before"; the name says the unit."""

    def office_hours(self) -> tuple[time, time]:
        """Begin and end of the office hours of a working day, in Asia/Shanghai."""

    def charges(self) -> tuple[Charge, ...]:
        """Every charge that excludes another one, each once (HH 3)."""

    def charge_of(self, permission_id: str, module: str, workflow_role: str) -> Charge | None:
        """The charge a permission belongs to; None for the most."""

    def exclusion(self, first: str, second: str) -> str | None:
        """The clause by which nobody has both charges; None when they go together (JC 7, HH 3)."""

    def periodic(self, name: str) -> PeriodicRule | None:
        """What comes round under this name; None where no pack in force asks for it."""

    def sample(self) -> SampleRule: ...

    def checklist(self, name: str) -> tuple[CheckItem, ...]:
        """The questions of all packs that ask for this check, once each; empty where none does."""

    @property
    def incidents(self) -> "IncidentRules":
        """Decision trees of GS 13 and GS 14, terms of sanctions (LC 7(3)), weight of alarms (GX 11)."""

    def is_sensitive(self, module: str, workflow_role: str) -> bool:
        """Whether the catalogue of the packs names this permission as sensitive (LC 8)."""

    def explain(self, name: str = "") -> tuple[Explanation, ...]:
        """Every value in force whose name is `name` or lies under it ("password" covers "password.history.leader")."""
