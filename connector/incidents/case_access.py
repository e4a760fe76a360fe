"""Who may open, read and handle a case: never its subject, nor anybody it created or appointed (GS 13, GS 14)."""

from sqlalchemy import or_, select

import connector.incidents.confined  # noqa: F401 - names the rules of its tables
from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.errors import ForbiddenError, NotFoundError
from connector.incidents import trace
from connector.incidents.case_tables import CaseCreatedRow, CaseRow
from connector.incidents.errors import CaseClosedError, CreatedBySubjectError, OwnCaseError
from connector.incidents.scopes import ANYBODY, Scope, ScopeKind, check_may_order
from connector.incidents.trace import Subject
from connector.register import accounts, confine
from connector.register.offices import check_holds, offices_of, units_where
from connector.register.readers import OVERSEERS
from connector.register.tables import AccountRow
from connector.regulations.incidents import Article
from connector.regulations.vocabulary import AccountClass, Office

ADMINISTRATORS = (
    AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR, AccountClass.BUSINESS_ADMINISTRATOR,
)  # fmt: skip
ADMINISTRATIVE = frozenset(
    {Office.SYSTEM_ADMINISTRATOR, Office.SECURITY_ADMINISTRATOR, Office.AUDITOR, Office.OPERATOR, Office.KEY_CUSTODIAN}
)


def article_of(act: Act, account: AccountRow) -> Article:
    """GS 13 for whoever administers, by the class of the account or by office; else GS 14."""
    held = {office for office, _ in offices_of(act, account.person_id)}
    is_one = AccountClass(account.account_class) in ADMINISTRATORS or held & ADMINISTRATIVE
    return Article.ADMINISTRATOR if is_one else Article.USER


def subject_of(act: Act, case: CaseRow) -> Subject:
    account = accounts.get_account(act, case.account_id)
    users = {account.keycloak_id, *case.console_ids} - {None}
    return Subject(persons=frozenset({case.person_id}), users=frozenset(str(one) for one in users))


def scope_of(act: Act, case: CaseRow) -> Scope:
    return Scope(ScopeKind.PERSON, accounts.get_account(act, case.account_id).user_name)


def get_case(act: Act, number: str, *, lock: bool = False) -> CaseRow:
    """The case with this number or id; raises NotFoundError. Checks nothing."""
    query = select(CaseRow).where(or_(CaseRow.number == number, CaseRow.id == number))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    case = act.session.scalar(query)
    if case is None:
        raise NotFoundError(kind="案件 (case)", name=number)
    return case


def take_case(act: Act, number: str) -> CaseRow:
    """The open case, locked, for a person who may handle it.

    Raises ForbiddenError, OwnCaseError, CreatedBySubjectError, CaseClosedError.
    """
    case = get_case(act, number, lock=True)
    check_may_handle(act, case)
    if case.state != "open":
        raise CaseClosedError(number=case.number)
    return case


def take_case_to_sign(act: Act, number: str) -> CaseRow:
    """The open case, locked, for a signer of its report: no part of the case, whatever his office reaches."""
    case = get_case(act, number, lock=True)
    _check_not_subject(act, case)
    if act.actor.person_id in made_by_subject(act, case):
        raise CreatedBySubjectError
    if case.state != "open":
        raise CaseClosedError(number=case.number)
    return case


def check_may_handle(act: Act, case: CaseRow) -> None:
    """Raises unless the actor is a person whose office reaches the account and who is no part of the case."""
    _check_not_subject(act, case)
    if act.actor.kind is not ActorKind.PERSON:
        raise ForbiddenError(act="处理案件须由登录的人员 / handle a case", offices="安全管理员、主要负责人 (officers)")
    check_may_order(act, scope_of(act, case))
    confine.lift(act)  # The account is within the reach; what it did and created must be seen wherever it is.
    if act.actor.person_id in made_by_subject(act, case):
        raise CreatedBySubjectError


def made_by_subject(act: Act, case: CaseRow) -> set[str]:
    """Persons whom the account created, or appointed to an office, since the moment the case looks back to."""
    created = (
        select(AccountRow.person_id)
        .join(CaseCreatedRow, CaseCreatedRow.account_id == AccountRow.id)
        .where(CaseCreatedRow.case_id == case.id)
    )
    persons = set(act.session.scalars(created))
    return persons | trace.appointed_by(act, {case.person_id, *persons}, case.since)


def check_may_read(act: Act, case: CaseRow) -> None:
    """Those who oversee the whole, and who may freeze the account; never its subject (GS 13-15)."""
    _check_not_subject(act, case)
    if act.actor.kind in (ActorKind.HOST, ActorKind.JOB) or units_where(act, OVERSEERS):
        return
    check_may_order(act, scope_of(act, case))


def is_readable(act: Act, case: CaseRow) -> bool:
    try:
        check_may_read(act, case)
    except (ForbiddenError, OwnCaseError):
        return False
    return True


def check_officer(act: Act, doing: str) -> None:
    check_holds(act, *ANYBODY, doing=doing)


def _check_not_subject(act: Act, case: CaseRow) -> None:
    if act.actor.person_id == case.person_id:
        raise OwnCaseError
