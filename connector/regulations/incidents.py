"""What the packs say of incidents: the decision trees of GS 13 and GS 14, terms of sanctions, weight of alarms. Pure.

Read by `pack`, answered by the rulebook; decides nothing and knows no case.
"""

from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from connector.regulations.parts import Cited
from connector.regulations.rulebook import Claim, Explanation, Frozen

if TYPE_CHECKING:
    from connector.regulations.pack import Pack

NAME = r"^[a-z_]+$"
ANY = "*"  # the alarm whose event no part names


class Article(StrEnum):
    """Whose account is compromised: an administrator's (GS 13) or another user's (GS 14)."""

    ADMINISTRATOR = "administrator"
    USER = "user"


class Outcome(StrEnum):
    """What an answer of the tree asks for. The values stand in the record for ever."""

    FREEZE_CREATED = "freeze_created"
    DELETE_CREATED = "delete_created"
    CHANGE_PASSWORD = "change_password"  # noqa: S105
    REISSUE_KEY = "reissue_key"
    WITHDRAW_PERMISSIONS = "withdraw_permissions"
    CLEAN_DATA = "clean_data"
    REFER_UNIT = "refer_unit"
    REFER_AUTHORITY = "refer_authority"
    RESTORE = "restore"
    CANCEL = "cancel"


class Severity(StrEnum):
    """How bad an alarm is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES = tuple(Severity)


class Answer(Frozen):
    """One answer: what it asks for, and the question after it; none ends the tree.

    `requires` is what the list of created users must show for it to be given: "created" or "none_created".
    """

    value: str = Key(pattern=NAME)
    words: str
    words_en: str
    next: str = ""
    outcomes: tuple[Outcome, ...] = ()
    requires: Literal["", "created", "none_created"] = ""


class Question(Frozen):
    """One question of the tree, with the clause that asks it."""

    name: str = Key(pattern=NAME)
    words: str
    words_en: str
    clause: str
    answer: tuple[Answer, ...] = Key(min_length=2)


class CasePart(Cited):
    """The guided case of one article: whom to tell, and the tree of questions."""

    name: Article
    title: str
    title_en: str
    report_to: str
    report_to_en: str
    first: str
    question: tuple[Question, ...] = Key(min_length=1)

    @model_validator(mode="after")
    def _tree_holds_together(self) -> Self:
        names = [one.name for one in self.question]
        if len(set(names)) != len(names):
            raise ValueError("a question stands twice")
        if self.first not in names:
            raise ValueError("the first question is none of those named")
        for place, question in enumerate(self.question):
            for answer in question.answer:
                if answer.next and answer.next not in names[place + 1 :]:
                    raise ValueError(f"{question.name}.{answer.value}: the next question must stand below")
        return self

    def ask(self, name: str) -> Question | None:
        """The question of this name."""
        return next((one for one in self.question if one.name == name), None)


class SanctionPart(Cited):
    """What an impact of a violation weighs. A second violation of one person counts as `on_repeat`."""

    impact: str = Key(pattern=NAME)
    title: str
    title_en: str
    measure: Literal["suspend", "disable"]
    days: int = Key(ge=1, le=3660)
    on_repeat: str = ""


class AlarmPart(Cited):
    """How bad the alarms of these events are, and within how many hours a person must have looked at one."""

    events: tuple[str, ...] = Key(min_length=1)
    severity: Severity
    hours: int = Key(ge=1, le=240)


class AlarmRulePart(Cited):
    """How alarms are put together, and which hours of a working day are office hours (Asia/Shanghai)."""

    window_minutes: int = Key(ge=1, le=1440)
    most_subjects: int = Key(ge=1, le=1000)
    office_from: time
    office_to: time

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)


class IncidentRules:
    """What all packs together say: regulations first, the house's own where they are silent."""

    def __init__(self, packs: Sequence["Pack"]) -> None:
        self._packs = packs

    def case(self, article: Article) -> CasePart | None:
        """The tree of an article; None where no pack in force has one."""
        return next((part for pack in self._packs for part in pack.case if part.name == article), None)

    def sanctions(self) -> tuple[SanctionPart, ...]:
        """Impacts with measure and term, the slightest first: those of the first pack that has any."""
        return next((pack.sanction for pack in self._packs if pack.sanction), ())

    def alarm(self, event: str) -> AlarmPart:
        """Of several packs that speak of an event, the worst severity counts."""
        named = [part for pack in self._packs for part in pack.alarm if event in part.events]
        named = named or [part for pack in self._packs for part in pack.alarm if ANY in part.events]
        return min(named, key=lambda part: (SEVERITIES.index(part.severity), part.hours))

    def alarms(self) -> AlarmRulePart:
        return next(pack.alarms for pack in self._packs if pack.alarms is not None)

    def explain(self) -> Iterator[Explanation]:
        """One line for each value, with the clause it comes from."""
        for pack in self._packs:
            for case in pack.case:
                yield _line(pack, f"case.{case.name}", [question.words for question in case.question], case)
            for sanction in pack.sanction:
                shown = [sanction.title, sanction.measure, sanction.days]
                yield _line(pack, f"sanction.{pack.id}.{sanction.impact}", shown, sanction)
            for place, alarm in enumerate(pack.alarm):
                shown = [alarm.severity.value, alarm.hours, *alarm.events]
                yield _line(pack, f"alarm.{pack.id}.{place}", shown, alarm)
            if pack.alarms is not None:
                rule = pack.alarms
                shown = [rule.window_minutes, rule.most_subjects, f"{rule.office_from:%H:%M}-{rule.office_to:%H:%M}"]
                yield _line(pack, "alarms", shown, rule)


def _line(pack: "Pack", name: str, shown: Sequence[object], part: Cited) -> Explanation:
    value = "、".join(map(str, shown))
    claim = Claim(pack=pack.id, value=value, clause=part.clause, house=part.house, note=part.note)
    return Explanation(name=name, value=value, won=(claim,), others=())
