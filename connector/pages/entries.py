"""From what was typed to a request's form, and back. Says what is wrong in the boxes' own names; stores nothing."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError, Text
from connector.pages import terms
from connector.pages.drafts import Draft, Entries
from connector.pages.ways import Way
from connector.pages.wording import Words
from connector.register import accounts, offices, people, units
from connector.register.people import PersonForm
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose
from connector.requests import service as requests
from connector.requests.chain import PlannedStage
from connector.requests.forms import FIRST_DAY, LAST_DAY, RequestForm, check_last_day, wrong_end
from connector.requests.tables import RequestRow

MOST_REASON = 500  # characters, as the request's form says
DAY_PARTS = re.compile(r"(\d{4})(?:[-/.年]?)(\d{1,2})(?:[-/.月]?)(\d{1,2})日?")
PERMISSION_BOXES = ("module", "workflow_role", "subsystem")
# What the services call a field, where the page has another name for its box.
BOX_OF = {
    "name": "person_name",
    "unit_code": "unit",
    **dict.fromkeys((*PERMISSION_BOXES, "withdraw"), "permissions"),
    "box.ends_at": "box_to",
    "box.reviewer": "reviewer",
    "exception.until": "except_until",
    "exception.charges": "conflict",
    "exception.project": "project",
}
NO_PERMISSION = FieldProblem("permissions", "请至少选择一项权限", "choose at least one permission")
OWN_BOXES = frozenset(
    {"unit", "account", "person_name", "document_kind", "document_number", "phone", "post", "mail", "account_class",
     "permissions", "withdraw", "reason", "cause", "urgent", "event_on", "until", "key", "purpose", *terms.BOXES}
)  # fmt: skip


def text(entries: Entries, name: str) -> str:
    """What was typed in one box: no control characters but line ends, nothing around it."""
    typed = (entries.get(name) or [""])[0].replace("\r\n", "\n")
    return "".join(c for c in typed if c == "\n" or not unicodedata.category(c).startswith("C")).strip()


def account_of(act: Act, way: Way, entries: Entries) -> AccountRow | None:
    """The account that the form is about; NotFoundError when there is none of this name."""
    return accounts.get_by_user_name(act, text(entries, "account")) if way.needs_account else None


def check(act: Act, way: Way, draft: Draft) -> tuple[RequestForm, tuple[PlannedStage, ...]]:
    """The form and the chain that would decide it (B2).

    Raises RefusedInputError with every wrong box at once, and whatever else the submission would raise.
    """
    form, problems = _read(act, way, draft)
    try:
        chain = requests.preview_chain(act, form)
    except RefusedInputError as refused:
        problems += refused.fields
        problems += _person_problems(act, form)
        problems += _end_problems(act, form)
    if problems:
        raise RefusedInputError(list(_by_box(problems)))
    return form, chain


def read_form(act: Act, way: Way, draft: Draft) -> RequestForm:
    """The form of entries that were checked when they were saved."""
    return _read(act, way, draft)[0]


def from_request(act: Act, request: RequestRow) -> Draft:
    """The entries of a returned request, to be put right. The person's numbers stay sealed and need not be typed."""
    stored = request.form
    single = {"unit": units.get_unit_by_id(act, request.unit_id).code, "account": stored.get("account")}
    single |= {
        name: stored.get(name) for name in ("reason", "cause", "event_on", "until", "account_class", "purpose", "key")
    }
    single |= {"urgent": "yes" if stored.get("urgent") else "", **stored.get("extra", {}), **terms.typed_of(stored)}
    entries: dict[str, list[str]] = {name: [str(value)] for name, value in single.items() if value}
    entries |= {name: list(stored.get(name, ())) for name in ("permissions", "withdraw")}
    subject_id = None
    if request.account_id is None and request.person_id:
        person = people.get_person(act, request.person_id)
        subject_id = person.id
        known = {"person_name": person.name, "document_kind": person.document_kind, "post": person.post}
        entries |= {name: [value] for name, value in {**known, "mail": person.mail or ""}.items()}
    return Draft(entries, subject_id=subject_id)


def _read(act: Act, way: Way, draft: Draft) -> tuple[RequestForm, list[FieldProblem]]:
    entries, problems = draft.entries, list[FieldProblem]()
    account = account_of(act, way, entries)
    reason = text(entries, "reason")
    if len(reason) > MOST_REASON:
        problems.append(FieldProblem("reason", f"最多{MOST_REASON}个字", f"at most {MOST_REASON} characters"))
    values: dict[str, Any] = {
        "kind": way.kind,
        "unit_code": _unit_code(act, entries, account),
        "account": account.user_name if account else None,
        "person": _person(act, draft) if account is None else None,
        "account_class": _account_class(entries),
        "purpose": _purpose(entries),
        "permissions": tuple(sorted(entries.get("permissions", ()))),
        "withdraw": tuple(sorted(entries.get("withdraw", ()))),
        "reason": reason[:MOST_REASON],
        "cause": text(entries, "cause")[:32],
        "urgent": bool(text(entries, "urgent")),
        "key": text(entries, "key")[:64] or None,
        "event_on": _day(problems, entries, "event_on"),
        "until": _day(problems, entries, "until"),
        "extra": _extra(act, way, entries),
    }
    typed = {name: text(entries, name) for name in terms.BOXES}
    form = RequestForm(**values, **terms.read_terms(way.kind, typed, problems))
    if form.until is not None and (wrong := wrong_end(form)):  # An empty box is told with the others, by the service.
        problems.append(wrong)
    return form, problems


def _unit_code(act: Act, entries: Entries, account: AccountRow | None) -> str:
    if account is None:
        return text(entries, "unit")[:32]
    owner = people.get_person(act, account.person_id)
    return units.get_unit_by_id(act, owner.unit_id).code


def _person(act: Act, draft: Draft) -> PersonForm:
    """The person as typed; numbers left empty are those he was registered with when the request was first made."""
    typed = {
        "name": text(draft.entries, "person_name"),
        "document_kind": text(draft.entries, "document_kind") or "resident_id",
        "document_number": text(draft.entries, "document_number"),
        "phone": text(draft.entries, "phone"),
        "post": text(draft.entries, "post"),
        "mail": text(draft.entries, "mail"),
        "unit_code": text(draft.entries, "unit"),
    }
    if draft.subject_id:
        known = people.get_form(act, draft.subject_id).model_dump()
        typed |= {name: typed[name] or known[name] for name in ("document_number", "phone")}
    return PersonForm(**typed)


def subject(act: Act, draft: Draft) -> PersonRow | None:
    """The person whose numbers are known already, when a returned request is put right."""
    return people.get_person(act, draft.subject_id) if draft.subject_id else None


def _account_class(entries: Entries) -> AccountClass:
    chosen = text(entries, "account_class")
    return AccountClass(chosen) if chosen in set(AccountClass) else AccountClass.ORDINARY


def _purpose(entries: Entries) -> AccountPurpose:
    chosen = text(entries, "purpose")
    return AccountPurpose(chosen) if chosen in set(AccountPurpose) else AccountPurpose.ORDINARY


def _day(problems: list[FieldProblem], entries: Entries, name: str) -> date | None:
    typed = unicodedata.normalize("NFKC", text(entries, name)).replace(" ", "")
    if not typed:
        return None
    found = DAY_PARTS.fullmatch(typed)
    try:
        day = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        problems.append(FieldProblem(name, "请按“2026-11-30”的格式填写日期", "write the day as 2026-11-30"))
        return None
    return day


def _extra(act: Act, way: Way, entries: Entries) -> dict[str, str]:
    boxes = (field.name for field in way.form(act.rulebook).fields if field.filled_by == "applicant")
    own = {*OWN_BOXES, *PERMISSION_BOXES}
    return {box: text(entries, box)[:MOST_REASON] for box in boxes if box not in own and text(entries, box)}


def _person_problems(act: Act, form: RequestForm) -> list[FieldProblem]:
    """What is wrong with the person, told together with the boxes that are empty."""
    if form.person is None:
        return []
    try:
        people.check_person(act, form.person)
    except RefusedInputError as refused:
        return refused.fields
    return []


def _end_problems(act: Act, form: RequestForm) -> list[FieldProblem]:
    """What is wrong with the last day, told together with the boxes that are empty."""
    try:
        check_last_day(form, offices.office_day(act))
    except RefusedInputError as refused:
        return refused.fields
    return []


def _by_box(problems: Iterable[FieldProblem]) -> Iterable[FieldProblem]:
    """One problem for each box, under the name of the box; the first said counts."""
    seen: dict[str, FieldProblem] = {}
    for problem in problems:
        name = problem.field.removeprefix("extra.").removeprefix("person.")
        box = BOX_OF.get(name, name)
        said = NO_PERMISSION if box == "permissions" else problem
        seen.setdefault(box, said._replace(field=box, clause=problem.clause))
    return seen.values()


def problems_by_box(problems: Iterable[FieldProblem]) -> Mapping[str, FieldProblem]:
    return {problem.field: problem for problem in problems}


def said(words: Words, problems: Iterable[FieldProblem]) -> list[tuple[str, str]]:
    """Problems as the summary at the top of a page lists them: box and words."""
    return [(problem.field, words.pick(Text(problem.zh, problem.en))) for problem in problems]
