"""What an account of each class may hold (GS 5-9, JC 8): the part of a pack that says so, and the strictest of all."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field as Key

from connector.regulations.parts import Cited
from connector.regulations.rulebook import Claim, ClassRule, Explanation
from connector.regulations.vocabulary import AccountClass, Office

if TYPE_CHECKING:
    from connector.regulations.pack import Pack

HOUSE = "HOUSE"


class ClassPart(Cited):
    """What accounts of one class may hold.

    `permissions` is "none", "any", or "some": those whose workflow role is one of `workflow_roles`. `offices` are the
    offices of the register that go with the class.
    """

    name: AccountClass
    title: str = Key(min_length=1)
    title_en: str = Key(min_length=1)
    does: str = Key(min_length=1)  # the article's words in short
    permissions: Literal["none", "some", "any"]
    workflow_roles: tuple[str, ...] = ()
    offices: tuple[Office, ...] = ()


def class_rules(packs: Sequence["Pack"]) -> dict[AccountClass, ClassRule]:
    """The rule of every class: what no pack forbids; the house's part only where no regulation has one."""
    return {name: _merged(name, _said(packs, name)) for name in AccountClass}


def explain_classes(packs: Iterable["Pack"]) -> Iterator[Explanation]:
    """What each pack says about each class, one value each (K4)."""
    for pack in packs:
        for part in pack.account_class:
            value = (part.permissions, *part.workflow_roles, *(office.value for office in part.offices))
            claim = Claim(pack=pack.id, value=value, clause=part.clause, house=part.house, note=part.note)
            yield Explanation(name=f"class.{part.name}.{pack.id}", value=value, won=(claim,), others=())


def _said(packs: Sequence["Pack"], name: AccountClass) -> list[ClassPart]:
    said = [(pack.id, part) for pack in packs for part in pack.account_class if part.name is name]
    return [part for pack, part in said if pack != HOUSE] or [part for _, part in said]


def _merged(name: AccountClass, parts: Sequence[ClassPart]) -> ClassRule:
    if not parts:
        return ClassRule(
            name=name, title=name.value, title_en=name.value, permissions=True, workflow_roles=(),
            offices=tuple(Office), clause="",
        )  # fmt: skip
    limited = [set(part.workflow_roles) for part in parts if part.permissions == "some"]
    return ClassRule(
        name=name,
        title=parts[0].title,
        title_en=parts[0].title_en,
        permissions=all(part.permissions != "none" for part in parts),
        workflow_roles=tuple(sorted(set.intersection(*limited))) if limited else (),
        offices=tuple(office for office in Office if all(office in part.offices for part in parts)),
        clause=_clauses(part.clause for part in parts),
    )


def _clauses(clauses: Collection[str] | Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(clauses))
