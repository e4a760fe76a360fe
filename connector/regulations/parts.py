"""The parts of a rule pack as its file says them: one model each. Knows no file and no other pack.

Every value carries its clause; one that the regulation leaves open is marked `house = true` and says in `note` whose
value it is.
"""

from datetime import date
from string import Formatter
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from connector.regulations.rulebook import Field, Frozen
from connector.regulations.vocabulary import AccountClass, Office, RequestKind

NUMBERS = ("min_length", "max_length", "max_age_days", "history")
SWITCHES = ("letters", "digits", "symbols")
CLASS_SPANS = frozenset({"dormancy_days", "never_used_days"})
FILLED_BY = frozenset({"applicant", "system", *Office})


class Cited(Frozen):
    """A value with its clause. A house value says why in `note`."""

    clause: str = Key(min_length=2, max_length=32)
    house: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _house_says_why(self) -> Self:
        if self.house and not self.note:
            raise ValueError("a house value needs a note that says whose value it is")
        return self


class Head(Frozen):
    """Whose regulation it is. `issued` stays empty when the text carries no date; `note` then says so."""

    id: str = Key(pattern=r"^[A-Z][A-Z0-9]{1,15}$")
    title: str = Key(min_length=1)
    title_en: str = Key(min_length=1)
    issuer: str = Key(min_length=1)
    issuer_en: str = Key(min_length=1)
    issued: date | None = None
    note: str = ""


class FormPart(Cited):
    """A form, its fields in the annex's order, and the kinds of request it serves."""

    kinds: tuple[RequestKind, ...] = Key(min_length=1)
    title: str = Key(min_length=1)
    title_en: str = Key(min_length=1)
    field: tuple[Field, ...]

    @field_validator("field")
    @classmethod
    def _fields_are_distinct(cls, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        names = [f.name for f in fields]
        for one in fields:
            if names.count(one.name) > 1:
                raise ValueError(f"the field {one.name} stands twice")
            if one.filled_by not in FILLED_BY:
                raise ValueError(f"{one.name}: filled_by must be one of {', '.join(sorted(FILLED_BY))}")
            if one.required and one.filled_by != "applicant":
                raise ValueError(f"{one.name}: only what the applicant fills in can be required")
        return fields


class StagePart(Cited):
    """A stage of the chain of some kinds; with `sensitive` or `cause` only for requests that are or have it."""

    kinds: tuple[RequestKind, ...] = Key(min_length=1)
    office: Office
    of: Literal["unit", "centre"]
    level: str = Key(min_length=1)
    urgent_level: str = ""
    sensitive: bool = False
    cause: str = ""

    def covers(self, kind: RequestKind, *, sensitive: bool, cause: str) -> bool:
        return kind in self.kinds and (sensitive or not self.sensitive) and self.cause in ("", cause)


class LevelPart(Cited):
    """A time limit in working days; 0 means at once."""

    name: str = Key(pattern=r"^[a-z_]+$")
    working_days: int = Key(ge=0, le=260)


class PasswordPart(Cited):
    """One password value for the classes named; no class named means all."""

    name: Literal["min_length", "max_length", "max_age_days", "history", "letters", "digits", "symbols", "notice_days"]
    value: bool | int | tuple[int, ...]
    classes: tuple[AccountClass, ...] = tuple(AccountClass)

    @model_validator(mode="after")
    def _value_fits_name(self) -> Self:
        number = isinstance(self.value, int) and not isinstance(self.value, bool) and self.value > 0
        fits = {
            **dict.fromkeys(NUMBERS, number),
            **dict.fromkeys(SWITCHES, isinstance(self.value, bool)),
            "notice_days": isinstance(self.value, tuple) and all(d > 0 for d in self.value),
        }
        if not fits[self.name]:
            raise ValueError(f"{self.name} wants a positive number, true/false, or a list of days")
        return self


class FactorPart(Cited):
    """Second factors that satisfy the classes named: any one of `methods` is enough."""

    methods: tuple[Literal["otp", "key"], ...] = Key(min_length=1)
    classes: tuple[AccountClass, ...] = tuple(AccountClass)


class SessionPart(Cited):
    """How many logins of one person of the classes named may live at once."""

    most: Literal[1]
    classes: tuple[AccountClass, ...] = tuple(AccountClass)


class UserNamePart(Cited):
    """Coding rule of user names. `{serial}` must stand in it, else names would be used twice."""

    pattern: str
    serial_digits: int = Key(ge=1, le=12)

    @field_validator("pattern")
    @classmethod
    def _pattern_is_known(cls, pattern: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
        if not {"unit", "serial"} <= names <= {"region", "unit", "serial"}:
            raise ValueError("the pattern uses {unit}, {serial} and, if wanted, {region}, nothing else")
        return pattern


class SpanPart(Cited):
    """A span of days with a name of its own; those of CLASS_SPANS may differ by class, no class named means all."""

    name: Literal[
        "dormancy_days",
        "never_used_days",
        "retention_days",
        "weak_password_grace_days",
        "no_permission_days",
        "directory_key_days",
    ]
    days: int = Key(ge=1, le=36525)
    classes: tuple[AccountClass, ...] = ()

    @model_validator(mode="after")
    def _classes_where_they_count(self) -> Self:
        if self.classes and self.name not in CLASS_SPANS:
            raise ValueError(f"{self.name} is one for every class")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values it gives."""
        if self.name not in CLASS_SPANS:
            return (f"span.{self.name}",)
        return tuple(f"span.{self.name}.{each}" for each in self.classes or tuple(AccountClass))


class WordsPart(Cited):
    """Words by which something is known from its name: a test account (JC 21)."""

    name: Literal["test_account"]
    words: tuple[str, ...] = Key(min_length=1)

    @field_validator("words")
    @classmethod
    def _words_are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(word.strip()) < 2 for word in words):
            raise ValueError("a word has at least two characters, else every name holds it")
        return words


class SensitivePart(Cited):
    """A group of sensitive permissions: any keyword found in the module or the workflow role (LC 8)."""

    name: str = Key(pattern=r"^[a-z_]+$")
    title: str
    keywords: tuple[str, ...] = Key(min_length=1)

    @field_validator("keywords")
    @classmethod
    def _keywords_are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(word.strip()) < 2 for word in words):
            raise ValueError("a keyword has at least two characters, else every permission is sensitive")
        return words
