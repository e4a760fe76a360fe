"""Pure rules about who may decide what. No clock, no database, no settings: everything is an argument."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.errors import FieldProblem, RefusedInputError
from connector.register.offices import OFFICE_NAMES
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests.errors import (
    ContentChangedError,
    InPersonError,
    RepresentedPartError,
    RequestClosedError,
    SecondPartError,
    SelfApprovalError,
    StageClosedError,
    WrongOfficeError,
    WrongStatusError,
)
from connector.requests.forms import RequestForm, number_problems

# Which present status allows which kind of request (LC 7, JC 10, GS 10(6)).
ALLOWED_STATUS: Mapping[RequestKind, frozenset[AccountStatus]] = {
    RequestKind.GRANT: frozenset({AccountStatus.ACTIVE}),
    RequestKind.PASSWORD_RESET: frozenset({AccountStatus.ACTIVE}),
    RequestKind.SUSPEND: frozenset({AccountStatus.ACTIVE}),
    RequestKind.DISABLE: frozenset({AccountStatus.ACTIVE, AccountStatus.SUSPENDED, AccountStatus.FROZEN}),
    RequestKind.ENABLE: frozenset({AccountStatus.SUSPENDED, AccountStatus.DISABLED, AccountStatus.FROZEN}),
    RequestKind.CANCEL: frozenset(set(AccountStatus) - {AccountStatus.CANCELLED}),
    RequestKind.REPLACE_KEY: frozenset({AccountStatus.ACTIVE, AccountStatus.FROZEN}),
    RequestKind.WAIVE_KEY: frozenset({AccountStatus.ACTIVE}),
    RequestKind.USE_PRIVILEGED: frozenset({AccountStatus.ACTIVE}),
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the decider was shown, and what is there now."""

    request_state: str
    stage_state: str
    digest: str
    office: Office


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """In which capacity a stage is decided: holder, deputy (for whom, by which naming), alternate (by which office)."""

    name: str = "holder"
    stands_for_id: str | None = None
    deputy_row_id: str | None = None
    via_office: str = ""


@dataclass(frozen=True, kw_only=True)
class InPlace:
    """What lets a person decide in another's place: the holders he stands for, the office that makes him an alternate.

    `in_person` is the clause that forbids it for this decision, or empty.
    """

    stands_for: Sequence[tuple[str, str]] = ()  # (person id of the holder, id of the naming)
    via_office: str = ""
    in_person: str = ""


def check_may_decide(
    shown: Shown,
    *,
    digest: str,
    person_id: str,
    parts: Mapping[str, str],
    office_holders: Collection[str],
    in_place: InPlace = InPlace(),
) -> Capacity:
    """In which capacity this person may decide this stage now; raises the rule that forbids it.

    `parts` maps everybody who takes part so far to his part: applicant, beneficiary, decider, or represented by one
    (JC 7, HH 3). `office_holders` are the persons who hold the stage's office in its unit today (LC 6(1), JC 11).
    """
    if shown.request_state != "pending":
        raise RequestClosedError(state=shown.request_state)
    if shown.stage_state != "open":
        raise StageClosedError(state=shown.stage_state)
    if parts.get(person_id) in ("applicant", "beneficiary"):
        raise SelfApprovalError
    if person_id in parts:
        raise SecondPartError
    own = person_id in office_holders
    capacity = Capacity() if own else _capacity_in_place(shown.office, parts, in_place)
    if not hmac.compare_digest(shown.digest, digest):
        raise ContentChangedError
    return capacity


def _capacity_in_place(office: Office, parts: Mapping[str, str], in_place: InPlace) -> Capacity:
    """As a deputy of somebody who has no part himself, or as an alternate; both only where it is not in person."""
    names = OFFICE_NAMES[office]
    if not in_place.stands_for and not in_place.via_office:
        raise WrongOfficeError(office=names.zh)
    if in_place.in_person:
        raise InPersonError(office=names.zh, office_en=names.en, clause=in_place.in_person)
    for holder_id, row_id in in_place.stands_for:
        if holder_id not in parts:
            return Capacity(name="deputy", stands_for_id=holder_id, deputy_row_id=row_id)
    if in_place.via_office:
        return Capacity(name="alternate", via_office=in_place.via_office)
    raise RepresentedPartError


def check_reason(verdict: Verdict, reason: str) -> None:
    """A refusal or return says why (B7), and no reason holds a document number or a phone (J5)."""
    if verdict is not Verdict.APPROVE and len(reason.strip()) < 2:
        raise RefusedInputError(
            [FieldProblem("reason", "不同意或退回时请写明理由", "Give the reason", "JC 15")], clause="JC 15"
        )
    if problems := number_problems("reason", reason):
        raise RefusedInputError(problems, clause="LC 5(5)")


def check_new_end(form: RequestForm, valid_until: datetime | None, now: datetime) -> None:
    """An account whose approved end has come is not enabled without a new one: the clock would end it again."""
    if valid_until is not None and valid_until <= now and form.until is None:
        problem = FieldProblem("until", "账号已到期，请填写新的截止日期", "give the new last day", "JC 18, JC 21")
        raise RefusedInputError([problem], clause="JC 18, JC 21")


def check_excluded(form: Mapping[str, Any], excluded: Collection[str]) -> None:
    """What an approval leaves out stands in the proposal: a name misspelt would disable whom it meant to spare."""
    proposed = {*form.get("accounts", ()), *form.get("strangers", ())}
    problems = [
        FieldProblem("excluded", f"清单中没有：{name}", f"is not in the proposal: {name}", "LC 7(2)")
        for name in excluded
        if name not in proposed
    ]
    if problems:
        raise RefusedInputError(problems, clause="LC 7(2)")


def only_withdraws(permissions: Collection[str], withdraw: Collection[str]) -> bool:
    """Whether a request takes permissions away and gives none."""
    return bool(withdraw) and not permissions


def check_status_allows(kind: RequestKind, status: AccountStatus, *, withdraws: bool = False) -> None:
    """The account's present status allows this kind of request.

    `withdraws`: it only takes permissions from an account that a case holds, which must lose them before it comes back
    (GS 13, GS 14); that is forbidden only where the account is cancelled.
    """
    if withdraws and status is not AccountStatus.CANCELLED:
        return
    if status not in ALLOWED_STATUS.get(kind, frozenset({status})):
        raise WrongStatusError(status=status.value, kind=kind.value)


def can_be_decided_by_different_people(eligible: Sequence[Collection[str]]) -> bool:
    """Whether each stage can get a person of its own (a complete matching of stages to persons exists)."""
    taken: dict[str, int] = {}

    def assign(stage: int, seen: set[str]) -> bool:
        for person in eligible[stage]:
            if person in seen:
                continue
            seen.add(person)
            if person not in taken or assign(taken[person], seen):
                taken[person] = stage
                return True
        return False

    return all(assign(stage, set()) for stage in range(len(eligible)))
