"""One rule pack as its file says it: models, and the reading of a file. Knows nothing of other packs.

A pack is TOML. Every value carries its clause; one that the regulation leaves open is marked `house = true` and says
in `note` whose value it is. A file that is incomplete, misspelt or contradicts itself is refused as a whole.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from string import Formatter
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import ValidationError, field_validator, model_validator

from connector.errors import Text
from connector.regulations.errors import RulePackError
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


class Pack(Frozen):
    """A whole pack file."""

    pack: Head
    form: tuple[FormPart, ...] = ()
    stage: tuple[StagePart, ...] = ()
    level: tuple[LevelPart, ...] = ()
    password: tuple[PasswordPart, ...] = ()
    factor: tuple[FactorPart, ...] = ()
    session: tuple[SessionPart, ...] = ()
    user_name: UserNamePart | None = None
    span: tuple[SpanPart, ...] = ()
    sensitive: tuple[SensitivePart, ...] = ()
    words: tuple[WordsPart, ...] = ()

    @property
    def id(self) -> str:
        return self.pack.id


REMEDIES = {
    "missing": (Text("缺少此项", "is missing"), Text("请补上", "Add it")),
    "extra_forbidden": (
        Text("不认识的键", "is not a known key"),
        Text("请删除或改正拼写", "Remove it or correct its spelling"),
    ),
}
CORRECT = Text("请按规定原文修改", "Correct it from the text of the regulation")


def read_pack(file: str, text: str) -> Pack:
    """The pack in `text`. Raises RulePackError that names `file`, the key at fault and what to do."""
    try:
        pack = Pack.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise RulePackError(
            file, "-", reason=Text("不是有效的 TOML", f"is not TOML ({fault})"), remedy=CORRECT
        ) from None
    except ValidationError as fault:
        raise _translated(file, fault) from None
    for key, reason in _contradictions(pack):
        raise RulePackError(file, key, reason=reason, remedy=Text("请只保留一个取值", "Keep one of the two"))
    return pack


def _translated(file: str, fault: ValidationError) -> RulePackError:
    first = fault.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "-"
    says = str(first["msg"]).removeprefix("Value error, ")
    reason, remedy = REMEDIES.get(first["type"], (Text(f"不符合要求（{says}）", says), CORRECT))
    return RulePackError(file, key, reason=reason, remedy=remedy)


def _contradictions(pack: Pack) -> Iterator[tuple[str, Text]]:
    yield from _foreign_clauses(pack)
    yield from _said_twice(pack)
    yield from _crossed_lengths(pack)


def _foreign_clauses(pack: Pack) -> Iterator[tuple[str, Text]]:
    """A pack cites its own regulation and no other."""
    cited: list[tuple[str, str]] = [
        (f"{key}.{n}", part.clause)
        for key in ("form", "stage", "level", "password", "factor", "session", "span", "sensitive", "words")
        for n, part in enumerate(getattr(pack, key))
    ]
    cited += [(f"form.{f.kinds[0]}.{one.name}", one.clause) for f in pack.form for one in f.field]
    cited += [("user_name", pack.user_name.clause)] if pack.user_name else []
    for key, clause in cited:
        if not clause.startswith(f"{pack.id} "):
            yield key, Text(f"条款应以“{pack.id} ”开头", f"the clause must begin with “{pack.id} ”, not “{clause}”")


def _said_twice(pack: Pack) -> Iterator[tuple[str, Text]]:
    """Two values for one key, whether or not they are equal: nobody could say which one counts."""
    keys = [
        *(f"form.{k}" for f in pack.form for k in f.kinds),
        *(f"stage.{k}.{s.office}.{s.sensitive}.{s.cause}" for s in pack.stage for k in s.kinds),
        *(f"level.{part.name}" for part in pack.level),
        *(f"password.{p.name}.{c}" for p in pack.password for c in p.classes),
        *(f"factor.{c}" for p in pack.factor for c in p.classes),
        *(f"session.{c}" for p in pack.session for c in p.classes),
        *(name for part in pack.span for name in part.names),
        *(f"sensitive.{part.name}" for part in pack.sensitive),
        *(f"words.{part.name}" for part in pack.words),
    ]
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key, Text("出现两次", "is given twice")
        seen.add(key)


def _crossed_lengths(pack: Pack) -> Iterator[tuple[str, Text]]:
    for a, b in combinations(pack.password, 2):
        values: dict[str, Any] = {a.name: a.value, b.name: b.value}
        if values.keys() >= {"min_length", "max_length"} and set(a.classes) & set(b.classes):
            low, high = values["min_length"], values["max_length"]
            if low > high:
                yield (
                    "password.min_length",
                    Text(f"最小长度 {low} 大于最大长度 {high}", f"{low} is above max_length {high}"),
                )
