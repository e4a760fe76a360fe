"""The strictest merge: what several packs say about one value becomes one value with the clause that won. Pure.

What a regulation numbers always goes before a house value, however strict, and the house's own pack fills only what
is still open: a house value may complete the law, never overrule it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from connector.regulations.errors import RulesContradictError
from connector.regulations.exclusive import claims, narrowest
from connector.regulations.pack import Pack
from connector.regulations.parts import StagePart
from connector.regulations.rulebook import Claim, Explanation, Field, Form, StageRule
from connector.regulations.vocabulary import Office, RequestKind

HOUSE = "HOUSE"

# Who must have spoken before whom; a stage that any pack demands takes its place here.
STAGE_ORDER = (
    Office.UNIT_HEAD,
    Office.VERIFIER,
    Office.LEADER_IN_CHARGE,
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.PRINCIPAL,
    Office.SECURITY_ADMINISTRATOR,
    Office.KEY_CUSTODIAN,
    Office.SYSTEM_ADMINISTRATOR,
    Office.OPERATOR,
)

Combine = Callable[[Sequence[Any]], Any]


def _same(values: Sequence[Any]) -> Any:
    """The one value everybody gives. Raises ValueError when two differ."""
    if any(value != values[0] for value in values):
        raise ValueError("values differ")
    return values[0]


def _all_days(values: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({day for days in values for day in days}, reverse=True))


def _shared_methods(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Methods every pack accepts; where they share none, the hardware key, which no pack can think too weak."""
    return tuple(m for m in values[0] if all(m in others for others in values)) or ("key",)


COMBINE: dict[str, Combine] = {
    "password.min_length": max,
    "password.max_length": min,
    "password.max_age_days": min,
    "password.history": max,
    "password.letters": any,
    "password.digits": any,
    "password.symbols": any,
    "password.notice_days": _all_days,
    "factor": _shared_methods,
    "session": min,
    "user_name.pattern": _same,
    "user_name.serial_digits": max,
    "level": min,
    "span.dormancy_days": min,
    "span.never_used_days": min,
    "span.retention_days": max,
    "span.weak_password_grace_days": min,
    "span.no_permission_days": min,
    "span.directory_key_days": min,
    "periodic": min,
    "sample.share_percent": max,
    "sample.least": max,
    "sample.most": max,
    "number.box_hours": min,
    "number.box_notice_minutes": max,
    "number.blackout_minutes_before": max,
    "number.blackout_minutes_after": max,
    "number.deputy_days": min,
    "number.vacancy_notice_days": max,
    "number.at_once_minutes": min,
    "hours": narrowest,
}


def claims_of(pack: Pack) -> Iterator[tuple[str, Claim]]:
    """Everything but forms and stages that a pack says, by the name of the value."""

    def claim(name: str, value: Any, part: Any) -> tuple[str, Claim]:
        return name, Claim(pack=pack.id, value=value, clause=part.clause, house=part.house, note=part.note)

    for rule in pack.password:
        yield from (claim(f"password.{rule.name}.{c}", rule.value, rule) for c in rule.classes)
    for factor in pack.factor:
        yield from (claim(f"factor.{c}", factor.methods, factor) for c in factor.classes)
    for session in pack.session:
        yield from (claim(f"session.{c}", session.most, session) for c in session.classes)
    if pack.user_name:
        yield claim("user_name.pattern", pack.user_name.pattern, pack.user_name)
        yield claim("user_name.serial_digits", pack.user_name.serial_digits, pack.user_name)
    yield from (claim(f"level.{level.name}", level.working_days, level) for level in pack.level)
    yield from (claim(name, span.days, span) for span in pack.span for name in span.names)
    yield from (claim(f"periodic.{each.name}", each.months, each) for each in pack.periodic)
    if pack.sample:
        for name in ("share_percent", "least", "most"):
            yield claim(f"sample.{name}", getattr(pack.sample, name), pack.sample)
    yield from (claim(name, value, part) for name, value, part in claims(pack.number, pack.hours))


def merge_values(packs: Sequence[Pack]) -> dict[str, Explanation]:
    """Each value in force, by name. Raises RulesContradictError where no value obeys every pack."""
    said: dict[str, list[Claim]] = {}
    for pack in packs:
        for name, claim in claims_of(pack):
            said.setdefault(name, []).append(claim)
    merged = {name: _merge_claims(name, claims) for name, claims in said.items()}
    _check_lengths(merged)
    return merged


def _merge_claims(name: str, claims: Sequence[Claim]) -> Explanation:
    rank = min(_rank(claim) for claim in claims)
    heard = [claim for claim in claims if _rank(claim) == rank]
    combine = COMBINE.get(name) or COMBINE.get(name.rpartition(".")[0]) or COMBINE[name.partition(".")[0]]
    try:
        value = combine([claim.value for claim in heard])
    except ValueError:
        other = next(claim for claim in heard if claim.value != heard[0].value)
        raise _contradiction(name, heard[0], other) from None
    winners = [claim for claim in heard if claim.value == value][:1] or heard
    return Explanation(name=name, value=value, won=tuple(winners), others=tuple(c for c in claims if c not in winners))


def _rank(claim: Claim) -> int:
    if claim.pack == HOUSE:
        return 2
    return 1 if claim.house else 0


def _check_lengths(merged: dict[str, Explanation]) -> None:
    for name, low in merged.items():
        high = merged.get(name.replace("min_length", "max_length")) if "min_length" in name else None
        if high and low.value > high.value:
            raise _contradiction(name, low.won[0], high.won[0])


def _contradiction(name: str, first: Claim, second: Claim) -> RulesContradictError:
    return RulesContradictError(
        name=name, first=f"{first.clause}: {first.value}", second=f"{second.clause}: {second.value}"
    )


def merge_form(packs: Sequence[Pack], kind: RequestKind) -> Form:
    """The union of the fields, in the order of the packs; the first pack's words, everybody's demands."""
    parts = [form for pack in _regulations(packs) for form in pack.form if kind in form.kinds]
    parts = parts or [form for pack in packs for form in pack.form if kind in form.kinds]
    fields: dict[str, Field] = {}
    for field in (field for part in parts for field in part.field):
        known = fields.get(field.name)
        fields[field.name] = field if known is None else _merge_field(known, field)
    return Form(
        kind=kind,
        title=parts[0].title,
        title_en=parts[0].title_en,
        fields=tuple(fields.values()),
        clause=_clauses(part.clause for part in parts),
    )


def _merge_field(first: Field, second: Field) -> Field:
    asked = first if first.filled_by == "applicant" else second
    return first.model_copy(
        update={
            "required": first.required or second.required,
            "filled_by": asked.filled_by,
            "clause": _clauses((first.clause, second.clause)),
        }
    )


def stage_parts(packs: Sequence[Pack], kind: RequestKind) -> list[tuple[Pack, StagePart]]:
    """What the packs say about the chain of one kind; the house's chain too where no pack has one.

    Stages that a pack asks for only after a certain cause add to a chain, and are none by themselves (GS 13).
    """
    said = [(p, s) for p in packs for s in p.stage if kind in s.kinds]
    by_regulations = [(p, s) for p, s in said if p.id != HOUSE]
    has_chain = any(not part.cause for _, part in by_regulations)
    return by_regulations if has_chain else said


def merge_stages(
    packs: Sequence[Pack], kind: RequestKind, days_of: Callable[[str], int], *, sensitive: bool, cause: str
) -> tuple[StageRule, ...]:
    """The chain: every stage any pack demands, once, in STAGE_ORDER; of two time limits the shorter."""
    parts = [s for _, s in stage_parts(packs, kind) if s.covers(kind, sensitive=sensitive, cause=cause)]
    parts.sort(key=lambda part: STAGE_ORDER.index(part.office))
    chain: list[StageRule] = []
    for office, group in groupby(parts, key=lambda part: part.office):
        same = list(group)
        other = next((part for part in same if part.of != same[0].of), None)
        if other:
            raise RulesContradictError(
                name=f"stage.{kind}.{office}",
                first=f"{same[0].clause}: {same[0].of}",
                second=f"{other.clause}: {other.of}",
            )
        level = min((part.level for part in same), key=days_of)
        chain.append(
            StageRule(
                office=office,
                of=same[0].of,
                level=level,
                clause=_clauses(part.clause for part in same),
                urgent_level=next((part.urgent_level for part in same if part.urgent_level), ""),
            )
        )
    return tuple(chain)


def _regulations(packs: Sequence[Pack]) -> list[Pack]:
    return [pack for pack in packs if pack.id != HOUSE]


def _clauses(clauses: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(part for clause in clauses for part in clause.split("; ")))
