"""Reads the rule packs in force and answers as the rulebook. Reads files at start only; decides nothing itself."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from importlib import resources
from pathlib import Path

from connector.errors import Text
from connector.regulations.calendar import ChinaCalendar, read_calendar
from connector.regulations.classes import class_rules, explain_classes
from connector.regulations.errors import RulePackError, UnknownRuleError, UnknownRulePackError
from connector.regulations.exclusive import charge_of
from connector.regulations.incidents import IncidentRules
from connector.regulations.merge import HOUSE, STAGE_ORDER, merge_form, merge_stages, merge_values, stage_parts
from connector.regulations.pack import Pack, read_pack
from connector.regulations.parts import Cited
from connector.regulations.rulebook import (
    Charge,
    CheckItem,
    Claim,
    ClassRule,
    EscalationStep,
    Explanation,
    Form,
    PasswordRules,
    PeriodicRule,
    SampleRule,
    ServiceLevel,
    StageRule,
    UserNameRule,
)
from connector.regulations.standing import escalation_steps, explain_standing, in_person_clause
from connector.regulations.vocabulary import AccountClass, Office, RequestKind


class PackRulebook:
    """The rulebook of rulebook.py over a list of packs. The house's pack stands last and fills what is open."""

    def __init__(self, packs: Sequence[Pack], calendar: ChinaCalendar) -> None:
        self._packs = tuple(packs)
        self._calendar = calendar
        self._values = merge_values(packs)
        self._forms = {kind: merge_form(packs, kind) for kind in RequestKind}
        self._chains = {key: self._merge_chain(*key) for key in self._chain_keys()}
        self._incidents = IncidentRules(self._packs)
        self._classes = class_rules(self._packs)

    @property
    def packs(self) -> tuple[str, ...]:
        return tuple(pack.id for pack in self._packs if pack.id != HOUSE)

    @property
    def calendar(self) -> ChinaCalendar:
        return self._calendar

    def form(self, kind: RequestKind) -> Form:
        return self._forms[kind]

    def stages(self, kind: RequestKind, *, sensitive: bool = False, cause: str = "") -> tuple[StageRule, ...]:
        known = (kind, sensitive, cause)
        return self._chains.get(known) or self._chains[(kind, sensitive, "")]

    def service_level(self, name: str) -> ServiceLevel:
        found = self._value(f"level.{name}")
        return ServiceLevel(name=name, working_days=found.value, clause=found.won[0].clause)

    def in_person(self, office: Office, kind: RequestKind, *, sensitive: bool = False, cause: str = "") -> str | None:
        return in_person_clause(self._packs, office, kind, sensitive=sensitive, cause=cause)

    def escalation(self, office: Office) -> tuple[EscalationStep, ...]:
        return escalation_steps(self._packs, office)

    def account_class(self, account_class: AccountClass) -> ClassRule:
        return self._classes[account_class]

    def password(self, account_class: AccountClass) -> PasswordRules:
        found = {
            name.split(".")[1]: explanation
            for name, explanation in self._values.items()
            if name.startswith("password.") and name.endswith(f".{account_class}")
        }
        return PasswordRules(
            **{key: explanation.value for key, explanation in found.items()},
            clauses={key: explanation.won[0].clause for key, explanation in found.items()},
        )

    def factors(self, account_class: AccountClass) -> tuple[str, ...]:
        return tuple(self._value(f"factor.{account_class}").value)

    def one_session(self, account_class: AccountClass) -> bool:
        return f"session.{account_class}" in self._values

    def user_name(self) -> UserNameRule:
        pattern, digits = self._value("user_name.pattern"), self._value("user_name.serial_digits")
        return UserNameRule(pattern=pattern.value, serial_digits=digits.value, clause=pattern.won[0].clause)

    def dormancy(self, account_class: AccountClass | None = None) -> timedelta:
        return self._span("dormancy_days", account_class)

    def never_used(self, account_class: AccountClass | None = None) -> timedelta:
        return self._span("never_used_days", account_class)

    def _span(self, name: str, account_class: AccountClass | None) -> timedelta:
        classes = tuple(AccountClass) if account_class is None else (account_class,)
        return timedelta(days=min(self._value(f"span.{name}.{each}").value for each in classes))

    def retention(self) -> timedelta:
        return timedelta(days=self._value("span.retention_days").value)

    def weak_password_grace(self) -> timedelta:
        return timedelta(days=self._value("span.weak_password_grace_days").value)

    def no_permission(self) -> timedelta:
        return timedelta(days=self._value("span.no_permission_days").value)

    def directory_key(self) -> timedelta | None:
        found = self._values.get("span.directory_key_days")
        return timedelta(days=found.value) if found else None

    def test_words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for pack in self._packs for part in pack.words for word in part.words))

    def number(self, name: str) -> int:
        return int(self._value(f"number.{name}").value)

    def office_hours(self) -> tuple[time, time]:
        begin, end = self._value("hours.office").value
        return time.fromisoformat(begin), time.fromisoformat(end)

    def charges(self) -> tuple[Charge, ...]:
        named = {part.name: part.as_charge() for pack in reversed(self._packs) for part in pack.charge}
        return tuple(named[name] for name in sorted(named))

    def charge_of(self, permission_id: str, module: str, workflow_role: str) -> Charge | None:
        parts = [part for pack in self._packs for part in pack.charge]
        return charge_of(parts, permission_id, _folded(f"{module}\n{workflow_role}"), _folded)

    def exclusion(self, first: str, second: str) -> str | None:
        pair = {first, second}
        said = [part for pack in self._packs for part in pack.exclusive if pair <= set(part.charges)]
        return said[0].clause if said and first != second else None

    def periodic(self, name: str) -> PeriodicRule | None:
        found = self._values.get(f"periodic.{name}")
        if found is None:
            return None
        days = self.service_level(f"{name}_due").working_days
        return PeriodicRule(name=name, months=found.value, working_days=days, clause=found.won[0].clause)

    def sample(self) -> SampleRule:
        said = {name: self._value(f"sample.{name}") for name in ("share_percent", "least", "most")}
        return SampleRule(**{name: e.value for name, e in said.items()}, clause=said["share_percent"].won[0].clause)

    def checklist(self, name: str) -> tuple[CheckItem, ...]:
        items = (item for pack in self._packs for part in pack.checklist if part.name == name for item in part.item)
        return tuple({item.name: item for item in items}.values())

    @property
    def incidents(self) -> IncidentRules:
        return self._incidents

    def is_sensitive(self, module: str, workflow_role: str) -> bool:
        named = _folded(f"{module}\n{workflow_role}")
        return any(_folded(word) in named for pack in self._packs for s in pack.sensitive for word in s.keywords)

    def explain(self, name: str = "") -> tuple[Explanation, ...]:
        found = tuple(e for e in self._explanations() if not name or e.name == name or e.name.startswith(f"{name}."))
        if not found:
            raise UnknownRuleError(name)
        return found

    def _value(self, name: str) -> Explanation:
        try:
            return self._values[name]
        except KeyError:
            raise UnknownRuleError(name) from None

    def _chain_keys(self) -> Iterator[tuple[RequestKind, bool, str]]:
        for kind in RequestKind:
            causes = {"", *(stage.cause for _, stage in stage_parts(self._packs, kind))}
            yield from ((kind, sensitive, cause) for sensitive in (False, True) for cause in sorted(causes))

    def _merge_chain(self, kind: RequestKind, sensitive: bool, cause: str) -> tuple[StageRule, ...]:
        for pack, stage in stage_parts(self._packs, kind):
            unknown = [n for n in (stage.level, stage.urgent_level) if n and f"level.{n}" not in self._values]
            if unknown or stage.office not in STAGE_ORDER:
                raise _unusable_stage(pack, kind, *(unknown or [stage.office]))
        return merge_stages(
            self._packs, kind, lambda n: int(self._values[f"level.{n}"].value), sensitive=sensitive, cause=cause
        )

    def _explanations(self) -> Iterator[Explanation]:
        yield from (self._values[name] for name in sorted(self._values))
        for (kind, sensitive, cause), chain in self._chains.items():
            name = ".".join(filter(None, ("stage", kind, "sensitive" if sensitive else "", cause)))
            yield Explanation(
                name=name, value=tuple(s.office.value for s in chain), won=self._chain_claims(kind, sensitive, cause),
                others=(),
            )  # fmt: skip
        for kind, form in self._forms.items():
            claims = (Claim(pack=f.clause.split()[0], value=f.label, clause=f.clause) for f in form.fields)
            yield Explanation(
                name=f"form.{kind}", value=tuple(f.label for f in form.fields), won=tuple(claims), others=()
            )
        yield from self._word_lists()
        yield from explain_standing(self._packs)
        yield from explain_classes(self._packs)
        yield from self._incidents.explain()

    def _word_lists(self) -> Iterator[Explanation]:
        for pack in self._packs:
            lists: list[tuple[str, str, str, tuple[str, ...], Cited]] = [
                ("sensitive", group.name, group.title, group.keywords, group) for group in pack.sensitive
            ]
            lists += [
                ("charge", part.name, part.title, (*part.permissions, *part.keywords), part) for part in pack.charge
            ]
            lists += [
                ("exclusive", str(n), "、".join(part.charges), part.charges, part)
                for n, part in enumerate(pack.exclusive)
            ]
            lists += [("words", part.name, "、".join(part.words), part.words, part) for part in pack.words]
            for key, name, shown, words, part in lists:
                claim = Claim(pack=pack.id, value=words, clause=part.clause, house=part.house, note=part.note)
                yield Explanation(name=f"{key}.{pack.id}.{name}", value=shown, won=(claim,), others=())

    def _chain_claims(self, kind: RequestKind, sensitive: bool, cause: str) -> tuple[Claim, ...]:
        return tuple(
            Claim(pack=pack.id, value=stage.office.value, clause=stage.clause, house=stage.house, note=stage.note)
            for pack, stage in stage_parts(self._packs, kind)
            if stage.covers(kind, sensitive=sensitive, cause=cause)
        )


def load_rulebook(
    pack_ids: Sequence[str], *, pack_dir: Path | None = None, calendar_file: Path | None = None
) -> PackRulebook:
    """The rules in force: the packs named, in that order, then the house's.

    Raises RulePackError, UnknownRulePackError, RulesContradictError or CalendarFileError; nothing is in force then.
    """
    known = {pack.id: pack for pack in list_packs(pack_dir)}
    wanted = [name for name in dict.fromkeys(pack_ids) if name != HOUSE]
    missing = [name for name in wanted if name not in known] or ([] if wanted else ["“”"])
    if missing:
        raise UnknownRulePackError(pack=missing[0], known=", ".join(name for name in known if name != HOUSE))
    return PackRulebook([known[name] for name in (*wanted, HOUSE)], read_calendar(calendar_file))


def list_packs(pack_dir: Path | None = None) -> list[Pack]:
    """Every pack there is: those that come with the product, then those of `pack_dir`. Two of one id are refused."""
    packs: dict[str, Pack] = {}
    for name, text in _pack_files(pack_dir):
        pack = read_pack(name, text)
        if pack.id in packs:
            raise RulePackError(
                name,
                "pack.id",
                reason=Text(f"{pack.id} 已被其他规则包使用", f"{pack.id} is the id of another pack"),
                remedy=Text("请改用其他编号", "Choose another id"),
            )
        packs[pack.id] = pack
    return list(packs.values())


def _pack_files(pack_dir: Path | None) -> Iterator[tuple[str, str]]:
    shipped = resources.files("connector.regulations").joinpath("packs")
    files = sorted((f for f in shipped.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    try:
        own = sorted(f for f in pack_dir.iterdir() if f.suffix == ".toml") if pack_dir else []
        for file in (*files, *own):
            yield file.name, file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise RulePackError(
            str(pack_dir),
            "-",
            reason=Text("无法读取", f"cannot be read ({fault})"),
            remedy=Text(
                "请检查目录、文件权限和 UTF-8 编码", "Check the folder, its permissions and that files are UTF-8"
            ),
        ) from fault


def _unusable_stage(pack: Pack, kind: RequestKind, what: str) -> RulePackError:
    return RulePackError(
        f"{pack.id.lower()}.toml",
        f"stage.{kind}",
        reason=Text(f"“{what}”没有定义", f"“{what}” is not a service level or an office that decides"),
        remedy=Text("请补上该时限（[[level]]）或改正岗位", "Add the [[level]], or correct the office"),
    )


def _folded(text: str) -> str:
    """Full-width and half-width, upper and lower case are one."""
    return unicodedata.normalize("NFKC", text).casefold()
