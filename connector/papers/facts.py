"""What a printed form says of one request, read from the register and the decisions. Draws nothing, changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connector.auth.act import Act
from connector.errors import Text
from connector.keys import store as keys
from connector.papers.boxes import Box, said
from connector.register import accounts, catalogue, offices, people, units
from connector.register.names import CLASS_NAMES
from connector.register.offices import OFFICE_NAMES
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.rulebook import Form
from connector.regulations.vocabulary import AccountClass, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.tables import RequestRow

VERDICTS: Mapping[str, str] = {Verdict.APPROVE: "同意", Verdict.REJECT: "不同意", Verdict.RETURN: "退回补充材料"}
PROOFS: Mapping[str, str] = {"hwk": "密钥", "x509": "数字证书", "otp": "动态口令", "webhook": "办公系统签名"}
ADMINISTRATORS = frozenset(
    {AccountClass.SUPER_ADMINISTRATOR, AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.BUSINESS_ADMINISTRATOR}
)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The person's numbers as they are printed: masked, or whole once their reading was recorded."""

    document: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class PaperFacts:
    """Everything a form may show. `opinions` by office: what its holders said of the present version."""

    number: str
    kind: RequestKind
    form: Form
    title: str
    unit: str
    name: str
    post: str
    account: str
    account_class: AccountClass
    numbers: Numbers
    added: Sequence[tuple[str, str, str]]  # subsystem, module, workflow role
    withdrawn: Sequence[tuple[str, str, str]]
    systems: Sequence[str]
    reason: str
    note: str
    submitted_at: datetime
    opinions: Mapping[str, Sequence[Box]]
    done_at: datetime | None
    by_himself: bool = False  # the applicant is the person it is about
    key_serial: str = ""
    about: Sequence[str] = field(default_factory=tuple)  # user names, of a proposal about many
    raw: Mapping[str, Any] = field(default_factory=dict)


def day(moment: datetime) -> str:
    """A day in China as papers write it."""
    return date_words(moment.astimezone(offices.OFFICE_ZONE))


def date_words(one: date) -> str:
    """A date as papers write it."""
    return f"{one.year}年{one.month}月{one.day}日"


def gather(act: Act, request: RequestRow, whole: Numbers | None = None) -> PaperFacts:
    """The facts of one request; `whole` are the person's full numbers, when the reader may have them."""
    person = people.get_person(act, request.person_id) if request.person_id else None
    account = accounts.get_account(act, request.account_id) if request.account_id else None
    rules = act.rulebook.form(RequestKind(request.kind))
    form = request.form
    added, withdrawn = (_permissions(act, form.get(name, ())) for name in ("permissions", "withdraw"))
    held = _permissions(act, [row.id for row in accounts.list_grants(act, account)]) if account else []
    unit = units.get_unit_by_id(act, request.unit_id)
    return PaperFacts(
        number=request.number,
        kind=RequestKind(request.kind),
        form=rules,
        title=rules.title,
        unit=unit.name,
        name=person.name if person else "",
        post=person.post if person else "",
        account=account.user_name if account else "",
        account_class=_class(form, account),
        numbers=whole or masked(person),
        added=added,
        withdrawn=withdrawn,
        systems=list(dict.fromkeys(system for system, _, _ in [*added, *withdrawn] or held)),
        reason=form.get("reason", ""),
        note=form.get("extra", {}).get("account_note", ""),
        submitted_at=request.submitted_at,
        opinions=_opinions(act, request),
        done_at=request.closed_at if request.state == "approved" else None,
        by_himself=person is not None and request.applicant_id == person.id,
        key_serial=key_serial(act, account),
        about=tuple(form.get("accounts", ())),
        raw=form,
    )


def masked(person: PersonRow | None) -> Numbers:
    """The numbers as everybody sees them."""
    return Numbers(document=person.document_masked if person else "", phone=person.phone_masked if person else "")


def unit_phone(act: Act, unit: UnitRow) -> str:
    """The phone of a unit's contact, as it was registered (HH 1)."""
    return act.vault.decrypt(unit.phone_sealed, f"{units.PHONE_CONTEXT}:{unit.id}") if unit.phone_sealed else ""


def class_name(account_class: str) -> str:
    """What people call a class of accounts."""
    return CLASS_NAMES.get(account_class, Text(account_class, account_class)).zh


def _class(form: Mapping[str, Any], account: AccountRow | None) -> AccountClass:
    return AccountClass(account.account_class if account else form.get("account_class", AccountClass.ORDINARY))


def key_serial(act: Act, account: AccountRow | None) -> str:
    """The serial number of the key an account holds; empty without one."""
    held = keys.find_of(act, account.id) if account else None
    return held.serial if held else ""


def _permissions(act: Act, ids: Sequence[str]) -> list[tuple[str, str, str]]:
    names = {row.id: row.name for row in catalogue.list_subsystems(act)}
    return [(names[row.subsystem_id], row.module, row.workflow_role) for row in catalogue.check_permissions(act, ids)]


def _opinions(act: Act, request: RequestRow) -> dict[str, list[Box]]:
    stages = {stage.id: stage for stage in requests.stages_of(act, request)}
    found: dict[str, list[Box]] = {}
    for decision in requests.decisions_of(act, request.id):
        stage = stages.get(decision.stage_id)
        if stage is None:
            continue  # It was said of a former version.
        signer = people.get_person(act, decision.person_id).name
        found.setdefault(stage.office, []).append(
            said(
                verdict=VERDICTS[decision.verdict],
                text="" if decision.reason == VERDICTS[decision.verdict] else decision.reason,
                signer=f"{signer}（{OFFICE_NAMES[Office(stage.office)].zh}）",
                when=day(decision.decided_at),
                proof=proof_told(decision.proof),
            )
        )
    return found


def proof_told(proof: str) -> str:
    """How a signer proved himself, as papers say it."""
    named = [PROOFS[one] for one in proof.split() if one in PROOFS]
    return f"电子签批，验证方式：{'、'.join(named)}" if named else "电子签批"
