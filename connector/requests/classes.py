"""What the class of an account says to a request for permissions (GS 5-9, JC 8). Checks only; stores nothing."""

from connector.auth.act import Act
from connector.register import catalogue, returning, separated
from connector.register.errors import ClassFixedError
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, RequestKind
from connector.requests.forms import RequestForm


def check_class(act: Act, form: RequestForm, person: PersonRow | None, account: AccountRow | None) -> None:
    """The account's class may hold what is asked for, and the account keeps its class: one person, one account.

    Raises ClassFixedError when another class is asked for than the account has or, of one who returns, had: the ledger
    of that time shows it. Raises AdministratorAloneError,
    SuperAndSystemError.
    """
    if form.kind is not RequestKind.GRANT or person is None:
        return
    former = None if account else returning.find_former(act, person)
    kept = account or former
    present = AccountClass(kept.account_class) if kept else form.account_class
    if kept and (former or "account_class" in form.model_fields_set) and form.account_class is not present:
        was, asked = act.rulebook.account_class(present), act.rulebook.account_class(form.account_class)
        raise ClassFixedError(present=was.title_en, present_zh=was.title, asked=asked.title_en, asked_zh=asked.title)
    if account is None:
        separated.check_class_fits(act, present, separated.open_offices(act, person.id))
    roles = {permission.workflow_role for permission in catalogue.check_permissions(act, form.permissions)}
    separated.check_may_be_granted(act, account_class=present, person_id=person.id, workflow_roles=roles)
