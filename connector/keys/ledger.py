"""The ledger with the key each account held at its moment (A5): put together here, where both are known."""

from typing import Any

from connector.auth.act import Act
from connector.keys import store
from connector.register import ledger
from connector.register.schemas import LedgerView


def read_ledger(act: Act, **wanted: Any) -> LedgerView:
    """A page of the ledger with serials of keys; `wanted` as in `ledger.list_ledger`, which says who may read it."""
    page = ledger.list_ledger(act, **wanted)
    serials = store.serials_by_account(act, page.as_of, [row.account_id for row in page.rows])
    view = LedgerView.model_validate(page)
    for row in view.rows:
        row.key_serial = serials.get(row.account_id)
    return view
