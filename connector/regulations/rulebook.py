"""The rules in force: the strictest merge of the rule packs, each value with the clause it comes from. Pure."""

from datetime import datetime, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from connector.regulations.vocabulary import AccountClass, Office, RequestKind


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Field(Frozen):
    """One field of a form, in the annex's order and words."""

    name: str  # key in the form, for example "reason"
    label: str  # words of the annex, for example "申请原因"
    label_en: str
    required: bool
    clause: str


class Form(Frozen):
    """The form of one kind of request: the union of what the packs ask for."""

    kind: RequestKind
    title: str
    title_en: str
    fields: tuple[Field, ...]
    clause: str


class StageRule(Frozen):
    """One stage of the chain. `of` says whose office holder decides: the request's unit, or the centre."""

    office: Office
    of: str  # "unit" or "centre"
    level: str  # name of the service level that sets its time limit
    clause: str


class ServiceLevel(Frozen):
    """A time limit in working days (0 = at once)."""

    name: str
    working_days: int
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


class UserNameRule(Frozen):
    """Coding rule of user names (GS 10(1)): `pattern` uses {region} {unit} {serial}; serial is zero-padded."""

    pattern: str
    serial_digits: int
    clause: str


class WorkingCalendar(Protocol):
    """Working days of China with make-up days. All days are dates in Asia/Shanghai."""

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

    def password(self, account_class: AccountClass) -> PasswordRules: ...

    def factors(self, account_class: AccountClass) -> tuple[str, ...]:
        """Second factors the class must enrol at first login: of "otp", "key" (any one of them is enough)."""

    def user_name(self) -> UserNameRule: ...

    def dormancy(self) -> timedelta:
        """How long without real use makes an account a zombie (LC 7(2))."""

    def never_used(self) -> timedelta:
        """How long after opening an account that was never used counts as one."""

    def retention(self) -> timedelta: ...

    def is_sensitive(self, module: str, workflow_role: str) -> bool:
        """Whether the catalogue of the packs names this permission as sensitive (LC 8)."""
