"""Guided cases: opened with a freeze, reported up, traced, answered by the tree of the article, closed (GS 13, GS 14).

Nothing here changes Keycloak: what is frozen goes by a freeze order, what comes back by the ordinary request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import FieldProblem, RefusedInputError
from connector.incidents import case_access, freezes, outcomes, trace
from connector.incidents.case_tables import CaseAnswerRow, CaseCreatedRow, CaseNumberRow, CaseOutcomeRow, CaseRow
from connector.incidents.errors import CaseOpenError, CaseStepError, NoTreeError, OwnCaseError, WrongAnswerError
from connector.incidents.scopes import Scope, ScopeKind, check_may_order
from connector.incidents.tables import FreezeOrderRow
from connector.incidents.trace import Created
from connector.provisioning import repairs
from connector.register import accounts, confine
from connector.register.identifiers import holds_number
from connector.regulations.incidents import Answer, CasePart, Outcome, Question
from connector.storage import numbers

MOST_TEXT = 500


class CaseForm(BaseModel):
    """A case to be opened. `since` is aware; `console_ids` are Keycloak ids the same person administers with."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    user_name: str = Field(max_length=64)
    since: AwareDatetime = Field(description="everything since then is looked at")
    reason: str = Field(max_length=MOST_TEXT)
    console_ids: tuple[str, ...] = Field((), max_length=10)


@dataclass(frozen=True, kw_only=True)
class CreatedPreview:
    """The users a case found created: accounts by a freeze order with this hash, and those nobody applied for."""

    freeze: freezes.Preview
    strangers: tuple[CaseCreatedRow, ...] = field(default=())


def open_case(act: Act, form: CaseForm, *, alone: int) -> CaseRow:
    """Opens the case of the article that fits the account and freezes the account at once by an order (GS 13, GS 14).

    By whoever may freeze the account; `alone` is the setting `freeze_alone`. Raises StepUpNeededError,
    ForbiddenError, OwnCaseError, CaseOpenError, NoTreeError, RefusedInputError.
    """
    check_level(act.actor)
    check_text("reason", form.reason)
    account = accounts.get_by_user_name(act, form.user_name)
    if act.actor.person_id == account.person_id:
        raise OwnCaseError
    scope = Scope(ScopeKind.PERSON, account.user_name)
    check_may_order(act, scope)
    article = case_access.article_of(act, account)
    tree = act.rulebook.incidents.case(article)
    if tree is None:
        raise NoTreeError
    accounts.lock_account(act, account.id)
    if form.since > act.now:
        raise RefusedInputError([FieldProblem("since", "不能晚于现在", "must not be in the future", "GS 13")], "GS 13")
    if open_one := act.session.scalar(
        select(CaseRow.number).where(CaseRow.account_id == account.id, CaseRow.state == "open")
    ):
        raise CaseOpenError(number=open_one)
    order = _freeze(act, scope, form.reason, alone)
    case = CaseRow(
        number=numbers.next_number(act.session, CaseNumberRow, "AJ", act.now), article=article.value,
        account_id=account.id, person_id=account.person_id, console_ids=list(dict.fromkeys(form.console_ids)),
        since=form.since, reason=form.reason, tree=tree.model_dump(mode="json"), question=tree.first, state="open",
        opened_by=act.actor.name, opener_id=act.actor.person_id, opened_at=act.now,
        freeze_order_id=order.id if order else None, traced_at=act.now,
    )  # fmt: skip
    act.session.add(case)
    act.session.flush()
    record(act, Event.INCIDENT_OPENED, case, alarm=True, article=article.value, since=form.since.isoformat())
    _look_again(act, case)
    return case


def report_up(act: Act, number: str, *, to: str, receipt: str) -> CaseRow:
    """Writes down whom the case was reported to, when, and the receipt: the first thing the articles ask (GS 13)."""
    case = case_access.take_case(act, number)
    check_text("to", to, most=128)
    check_text("receipt", receipt, most=128)
    case.reported_to, case.receipt = to.strip(), receipt.strip()
    case.reported_at, case.reporter_id = act.now, act.actor.person_id
    record(act, Event.INCIDENT_REPORTED_UP, case, receipt=case.receipt)
    return case


def look_again(act: Act, number: str) -> list[CaseCreatedRow]:
    """Makes the list of created users anew; what was on it stays. Returns those that are new."""
    case = case_access.take_case(act, number)
    fresh = _look_again(act, case)
    record(act, Event.INCIDENT_LOOKED_AGAIN, case, found=len(fresh))
    return fresh


def list_created(act: Act, case: CaseRow) -> list[CaseCreatedRow]:
    """The users it created, oldest first."""
    rows = select(CaseCreatedRow).where(CaseCreatedRow.case_id == case.id)
    return list(act.session.scalars(rows.order_by(CaseCreatedRow.created_at, CaseCreatedRow.key)))


def preview_created(act: Act, number: str, *, alone: int) -> CreatedPreview:
    """Whom a freeze of the created users takes out of use; stores nothing."""
    case = case_access.get_case(act, number)
    case_access.check_may_handle(act, case)
    seen = freezes.preview(act, Scope(ScopeKind.INCIDENT, case.number), alone=alone)
    return CreatedPreview(freeze=seen, strangers=tuple(one for one in list_created(act, case) if not one.account_id))


def freeze_created(act: Act, number: str, *, plan_hash: str, alone: int) -> FreezeOrderRow | None:
    """Freezes the created users of the list that was shown (GS 13): accounts by an order, strangers by their own step.

    None when there are only strangers. Raises what `freezes.order_freeze` raises.
    """
    check_level(act.actor)
    case = case_access.take_case(act, number)
    scope = Scope(ScopeKind.INCIDENT, case.number)
    seen = freezes.preview(act, scope, alone=alone)
    order = None
    if seen.accounts or seen.hash != plan_hash:
        reason = f"{case.number}：冻结其创建的用户"
        order = freezes.order_freeze(act, scope, reason=reason, plan_hash=plan_hash, alone=alone)
    for one in list_created(act, case):
        if one.account_id is None and one.user_id and not one.steps:
            step = repairs.shut_out(act, one.user_id, cause=f"incident:{case.number}")
            one.steps = [step.id]
            act.urgent.append(step.id)
    record(act, Event.INCIDENT_CREATED_FROZEN, case, order=order.number if order else "", plan=plan_hash)
    return order


def answer(act: Act, number: str, *, question: str, value: str, why: str) -> CaseRow:
    """Answers the open question of the tree; its outcomes are put on the list, and the password is replaced at once.

    Raises CaseStepError before the report up, WrongAnswerError, RefusedInputError without a reason.
    """
    check_level(act.actor)
    case = case_access.take_case(act, number)
    check_text("why", why)
    if case.reported_at is None:
        raise CaseStepError(zh="报告上级", en="report up")
    asked = tree_of(case).ask(case.question)
    if asked is None or asked.name != question:
        raise WrongAnswerError(zh="问题已回答或不是当前问题", en="the question is not the open one")
    given = next((one for one in asked.answer if one.value == value), None)
    if given is None:
        raise WrongAnswerError(zh="没有这个选项", en="there is no such answer")
    _look_again(act, case)
    _check_list_agrees(act, case, given)
    _write_answer(act, case, asked, given, why)
    case.question = given.next
    record(act, Event.INCIDENT_ANSWERED, case, question=question, answer=value, clause=asked.clause)
    return case


def answers_of(act: Act, case: CaseRow) -> list[CaseAnswerRow]:
    rows = select(CaseAnswerRow).where(CaseAnswerRow.case_id == case.id).order_by(CaseAnswerRow.place)
    return list(act.session.scalars(rows))


def get_case(act: Act, number: str) -> CaseRow:
    """The case, for those who may read it; raises NotFoundError, ForbiddenError, OwnCaseError."""
    case = case_access.get_case(act, number)
    case_access.check_may_read(act, case)
    return case


def list_cases(act: Act, *, state: str = "", count: int = 200) -> list[CaseRow]:
    """Cases that the actor may read, the newest first; his own is not among them."""
    query = select(CaseRow).order_by(CaseRow.opened_at.desc(), CaseRow.number.desc()).limit(count)
    if state:
        query = query.where(CaseRow.state == state)
    return [case for case in act.session.scalars(query) if case_access.is_readable(act, case)]


def trace_of(act: Act, case: CaseRow) -> trace.Trace:
    """Everything the account did since the case's moment, and the gaps."""
    with confine.beyond(act):  # A reader of the case reads all of it, wherever the account has been.
        return trace.trace(act, case_access.subject_of(act, case), case.since)


def tree_of(case: CaseRow) -> CasePart:
    return CasePart.model_validate(case.tree)


def record(act: Act, event: Event, case: CaseRow, *, alarm: bool = False, **data: Any) -> None:
    audit.record(
        act, event, f"incident:{case.id}", account_id=case.account_id, person_id=case.person_id, alarm=alarm,
        number=case.number, **data,
    )  # fmt: skip


def check_text(name: str, text: str, *, most: int = MOST_TEXT) -> None:
    """RefusedInputError unless something is said, not too long, and without a number of a document or phone."""
    if not 2 <= len(text.strip()) <= most:
        problem = FieldProblem(name, f"请填写（2至{most}字）", f"write 2 to {most} characters", "GS 13")
        raise RefusedInputError([problem], clause="GS 13")
    if holds_number(text):
        problem = FieldProblem(name, "请勿填写证件号码或手机号", "leave out document numbers and phones", "LC 5(5)")
        raise RefusedInputError([problem], clause="LC 5(5)")


def _freeze(act: Act, scope: Scope, reason: str, alone: int) -> FreezeOrderRow | None:
    seen = freezes.preview(act, scope, alone=alone)
    if not seen.accounts:
        return None  # It is shut for another cause already.
    return freezes.order_freeze(act, scope, reason=reason, plan_hash=seen.hash, alone=alone)


def _look_again(act: Act, case: CaseRow) -> list[CaseCreatedRow]:
    with confine.beyond(act):
        found = trace.created_by(act, case_access.subject_of(act, case), case.since)
    known = {one.key: one for one in list_created(act, case)}
    fresh = [_created_row(act, case, one) for one in found if one.key not in known and _is_other(known.values(), one)]
    act.session.add_all(fresh)
    case.traced_at = act.now
    act.session.flush()
    return fresh


def _is_other(known: Sequence[CaseCreatedRow] | Any, one: Created) -> bool:
    """Whether no row stands for the same user of Keycloak, found before the register knew him."""
    return not any(row.user_id and row.user_id == one.user_id for row in known)


def _created_row(act: Act, case: CaseRow, one: Created) -> CaseCreatedRow:
    return CaseCreatedRow(
        case_id=case.id, key=one.key, account_id=one.account_id, user_id=one.user_id, name=one.name,
        found_in=one.found_in, reference=one.reference, created_at=one.at, found_at=act.now, steps=[],
    )  # fmt: skip


def _check_list_agrees(act: Act, case: CaseRow, given: Answer) -> None:
    created = list_created(act, case)
    if given.requires == "none_created" and created:
        raise WrongAnswerError(
            zh=f"清单中有{len(created)}个新建用户", en=f"the list has {len(created)} created user(s)"
        )
    if given.requires == "created" and not created:
        raise WrongAnswerError(zh="清单中没有新建用户", en="the list has no created user")


def _write_answer(act: Act, case: CaseRow, asked: Question, given: Answer, why: str) -> None:
    act.session.add(
        CaseAnswerRow(
            case_id=case.id, question=asked.name, place=len(answers_of(act, case)) + 1, answer=given.value,
            why=why.strip(), clause=asked.clause, person_id=str(act.actor.person_id), at=act.now,
        )
    )  # fmt: skip
    for outcome in given.outcomes:
        act.session.add(
            CaseOutcomeRow(
                case_id=case.id, outcome=outcome.value, chosen_at=act.now,
                steps=outcomes.order(act, case, Outcome(outcome)),
            )
        )  # fmt: skip
    act.session.flush()
