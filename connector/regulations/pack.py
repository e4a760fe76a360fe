"""One rule pack as its file says it, and the reading of a file. Knows nothing of other packs.

A pack is TOML. Every value carries its clause; one that the regulation leaves open is marked `house = true` and says
in `note` whose value it is. A file that is incomplete, misspelt or contradicts itself is refused as a whole.
"""

import tomllib
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from connector.errors import Text
from connector.regulations.classes import ClassPart
from connector.regulations.errors import RulePackError
from connector.regulations.exclusive import ChargePart, ExclusivePart, HoursPart, NumberPart
from connector.regulations.incidents import AlarmPart, AlarmRulePart, CasePart, SanctionPart
from connector.regulations.parts import (
    FactorPart,
    FormPart,
    Head,
    LevelPart,
    PasswordPart,
    SensitivePart,
    SessionPart,
    SpanPart,
    StagePart,
    UserNamePart,
    WordsPart,
)
from connector.regulations.periodic import ChecklistPart, PeriodicPart, SamplePart
from connector.regulations.rulebook import Frozen
from connector.regulations.standing import EscalationPart, InPersonPart


class Pack(Frozen):
    """A whole pack file."""

    pack: Head
    form: tuple[FormPart, ...] = ()
    stage: tuple[StagePart, ...] = ()
    level: tuple[LevelPart, ...] = ()
    in_person: tuple[InPersonPart, ...] = ()
    account_class: tuple[ClassPart, ...] = ()
    escalation: tuple[EscalationPart, ...] = ()
    password: tuple[PasswordPart, ...] = ()
    factor: tuple[FactorPart, ...] = ()
    session: tuple[SessionPart, ...] = ()
    user_name: UserNamePart | None = None
    span: tuple[SpanPart, ...] = ()
    sensitive: tuple[SensitivePart, ...] = ()
    words: tuple[WordsPart, ...] = ()
    periodic: tuple[PeriodicPart, ...] = ()
    sample: SamplePart | None = None
    checklist: tuple[ChecklistPart, ...] = ()
    number: tuple[NumberPart, ...] = ()
    hours: HoursPart | None = None
    charge: tuple[ChargePart, ...] = ()
    exclusive: tuple[ExclusivePart, ...] = ()
    case: tuple[CasePart, ...] = ()
    sanction: tuple[SanctionPart, ...] = ()
    alarm: tuple[AlarmPart, ...] = ()
    alarms: AlarmRulePart | None = None

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
        for key in (
            "form",
            "stage",
            "level",
            "password",
            "factor",
            "session",
            "span",
            "sensitive",
            "words",
            "number",
            "charge",
            "exclusive",
            "case",
            "sanction",
            "account_class",
            "alarm",
            "periodic",
            "checklist",
        )
        for n, part in enumerate(getattr(pack, key))
    ]
    cited += [(f"form.{f.kinds[0]}.{one.name}", one.clause) for f in pack.form for one in f.field]
    cited += [("user_name", pack.user_name.clause)] if pack.user_name else []
    cited += [(f"checklist.{c.name}.{one.name}", one.clause) for c in pack.checklist for one in c.item]
    cited += [("sample", pack.sample.clause)] if pack.sample else []
    cited += [("hours", pack.hours.clause)] if pack.hours else []
    cited += [("alarms", pack.alarms.clause)] if pack.alarms else []
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
        *(f"number.{part.name}" for part in pack.number),
        *(f"periodic.{part.name}" for part in pack.periodic),
        *(f"checklist.{part.name}" for part in pack.checklist),
        *(f"charge.{part.name}" for part in pack.charge),
        *(f"case.{part.name}" for part in pack.case),
        *(f"sanction.{part.impact}" for part in pack.sanction),
        *(f"account_class.{part.name}" for part in pack.account_class),
        *(f"alarm.{event}" for part in pack.alarm for event in part.events),
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
