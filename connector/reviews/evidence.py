"""What an inspector is shown of an account or a post that was drawn, as it is at the draw. Reads only."""

from typing import Any

from sqlalchemy import func, select

from connector.activity.service import last_used_at
from connector.auth.act import Act
from connector.register import accounts, matrix, units
from connector.register.tables import AccountRow, GrantRow, PermissionRow, PersonRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.tables import RequestRow
from connector.reviews.inspection_tables import InspectionItemRow


def item_of(act: Act, inspection_id: str, key: str) -> InspectionItemRow:
    """The row of one key that was drawn."""
    kind, _, name = key.partition(":")
    unit_id, shown = _account(act, name) if kind == "account" else _post(act, name)
    return InspectionItemRow(inspection_id=inspection_id, key=key, unit_id=unit_id, shown=shown)


def _account(act: Act, user_name: str) -> tuple[str, dict[str, Any]]:
    account = accounts.get_by_user_name(act, user_name)
    person = act.session.get_one(PersonRow, account.person_id)
    used = last_used_at(act, account.id)
    beyond = matrix.excess(act, account)
    return person.unit_id, {
        "unit": units.get_unit_by_id(act, person.unit_id).code,
        "post": person.post,
        "person_id": person.id,
        "account_class": account.account_class,
        "status": account.status,
        "purpose": account.purpose,
        "opened_by": _source(act, account.opened_by),
        "last_used_at": used.isoformat() if used else None,
        "excess": beyond,
        "permissions": _grants(act, account),
    }


def _grants(act: Act, account: AccountRow) -> list[dict[str, Any]]:
    rows = act.session.execute(
        select(GrantRow, PermissionRow.sensitive)
        .join(PermissionRow, PermissionRow.id == GrantRow.permission_id)
        .where(GrantRow.account_id == account.id, GrantRow.until.is_(None))
        .order_by(GrantRow.permission_id)
    )
    return [
        {
            "permission": grant.permission_id,
            "since": grant.since.isoformat(),
            "granted_by": _source(act, grant.granted_by),
            "sensitive": sensitive,
        }
        for grant, sensitive in rows
    ]


def _post(act: Act, name: str) -> tuple[str, dict[str, Any]]:
    code, _, post = name.partition("/")
    unit = units.get_unit(act, code)
    holders = act.session.scalar(
        select(func.count())
        .select_from(AccountRow)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(PersonRow.unit_id == unit.id, PersonRow.post == post, AccountRow.status != AccountStatus.CANCELLED.value)
    )
    may = matrix.allowed(act, unit.id, post)
    return unit.id, {
        "unit": unit.code,
        "post": post,
        "accounts": holders,
        "table": None if may is None else sorted(may),
    }


def _source(act: Act, source: str) -> str:
    request = act.session.get(RequestRow, source)
    return request.number if request else source
