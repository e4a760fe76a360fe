"""Three separated offices 三员分立, and accounts that hold nothing else: the rules for persons. Changes nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.register.errors import (
    AdministratorAloneError,
    AuditorReadsOnlyError,
    SameCaseError,
    SeparatedOfficesError,
    SuperAndSystemError,
)
from connector.register.offices import OFFICE_NAMES, units_where
from connector.register.tables import AccountRow, AppointmentRow, GrantRow, PersonRow
from connector.regulations.vocabulary import AccountClass, Office

SEPARATED = (Office.SECURITY_ADMINISTRATOR, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR)  # 三员 (JC 8, GS 9)
ALONE = (Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR)  # Their accounts hold no working permission (GS 9).


def check_may_take(act: Act, person_id: str, office: Office) -> None:
    """Raises the rule that forbids this person to take this office, as holder or as deputy (JC 8, GS 9).

    The person's row is locked until the end of the act, so that of two at once the second sees the first. Raises
    SeparatedOfficesError (he has another of the three), AdministratorAloneError (his account may work in a subsystem
    or is of a class that holds nothing else), SuperAndSystemError.
    """
    lock_person(act, person_id)
    if office in SEPARATED and (held := other_separated(act, person_id, office)):
        raise SeparatedOfficesError(held=f"{OFFICE_NAMES[held].zh} ({OFFICE_NAMES[held].en})")
    _check_alone(act, person_id, office)
    account = act.session.scalar(select(AccountRow).where(AccountRow.person_id == person_id))
    if account is None:
        return
    check_class_fits(act, AccountClass(account.account_class), [office])
    if office in ALONE and _holds_permission(act, account.id):
        raise AdministratorAloneError(what=OFFICE_NAMES[office].zh, what_en=OFFICE_NAMES[office].en)


def check_class_fits(act: Act, account_class: AccountClass, held: Collection[Office]) -> None:
    """Raises unless somebody with these offices may have an account of this class (JC 8, GS 9)."""
    rule = act.rulebook.account_class(account_class)
    for office in held:
        if (office in SEPARATED or not rule.permissions) and office not in rule.offices:
            if account_class is AccountClass.SUPER_ADMINISTRATOR and office is Office.SYSTEM_ADMINISTRATOR:
                raise SuperAndSystemError
            raise AdministratorAloneError(
                what=OFFICE_NAMES[office].zh, what_en=OFFICE_NAMES[office].en, clause=rule.clause
            )


def check_may_be_granted(
    act: Act, *, account_class: AccountClass, person_id: str | None, workflow_roles: Collection[str]
) -> None:
    """Raises AdministratorAloneError unless an account of this class, of this person, may hold these (GS 5-9, JC 8).

    `workflow_roles` are those of the permissions asked for; asked at submission and again when they are given.
    """
    rule = act.rulebook.account_class(account_class)
    if workflow_roles and not rule.may_hold(workflow_roles):
        raise AdministratorAloneError(what=rule.title, what_en=rule.title_en, clause=rule.clause)
    for office in open_offices(act, person_id) if person_id and workflow_roles else ():
        if office in ALONE:
            raise AdministratorAloneError(what=OFFICE_NAMES[office].zh, what_en=OFFICE_NAMES[office].en)


def open_offices(act: Act, person_id: str) -> list[Office]:
    """The offices this person has been given and not yet lost, confirmed or not."""
    statement = select(AppointmentRow.office).where(
        AppointmentRow.person_id == person_id, AppointmentRow.ended_at.is_(None)
    )
    return [Office(office) for office in act.session.scalars(statement)]


def other_separated(act: Act, person_id: str, office: Office, *, since: datetime | None = None) -> Office | None:
    """Another separated office that this person has, or has had at any time after `since`; None when there is none."""
    still = AppointmentRow.ended_at.is_(None)
    others = [other.value for other in SEPARATED if other is not office]
    statement = select(AppointmentRow.office).where(
        AppointmentRow.person_id == person_id,
        AppointmentRow.office.in_(others),
        still if since is None else or_(still, AppointmentRow.ended_at > since),
    )
    found = act.session.scalars(statement.limit(1)).first()
    return Office(found) if found else None


def check_same_side(act: Act, person_id: str, office: Office, *, opened_at: datetime) -> None:
    """Raises SameCaseError when the person held another separated office since this case was opened (JC 7, JC 8)."""
    if office in SEPARATED and (held := other_separated(act, person_id, office, since=opened_at)):
        raise SameCaseError(held=f"{OFFICE_NAMES[held].zh} ({OFFICE_NAMES[held].en})")


def is_auditor(act: Act) -> bool:
    """Whether the actor holds the auditor's office today."""
    return bool(units_where(act, [Office.AUDITOR]))


def check_may_change(act: Act) -> None:
    """Raises AuditorReadsOnlyError for an auditor: he reads all and changes nothing (JC 8, GS 9)."""
    if is_auditor(act):
        raise AuditorReadsOnlyError


def lock_person(act: Act, person_id: str) -> None:
    """Holds the person's row until the end of the act: two who give him something wait for each other."""
    act.session.execute(select(PersonRow.id).where(PersonRow.id == person_id).with_for_update())


def refusal_of(error: IntegrityError) -> ConnectorError | None:
    """What a refusal of the database's own triggers means; None for any other breach."""
    words = str(error.orig)
    if "separated_offices" in words:
        return SeparatedOfficesError(held="三员之一 (one of the three)")
    if "same_case" in words:
        return SameCaseError(held="三员之一 (one of the three)")
    if "administrator_alone" in words:
        return AdministratorAloneError(what="管理员", what_en="an administrator")
    return None


def _check_alone(act: Act, person_id: str, office: Office) -> None:
    """A system administrator and an auditor have no office beside that one (GS 9)."""
    for held in open_offices(act, person_id):
        if held is not office and (held in ALONE or office in ALONE):
            alone = held if held in ALONE else office
            raise AdministratorAloneError(what=OFFICE_NAMES[alone].zh, what_en=OFFICE_NAMES[alone].en)


def _holds_permission(act: Act, account_id: str) -> bool:
    statement = select(GrantRow.id).where(GrantRow.account_id == account_id, GrantRow.until.is_(None)).limit(1)
    return act.session.scalar(statement) is not None
