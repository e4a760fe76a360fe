"""A freeze that is decided while another step is under way wins, also when that step's last call undoes it."""

from typing import Any

import pytest

from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import PermissionRow
from tests.factories import make_account
from tests.town import HOST, Town


def test_withdraw_whose_log_out_overwrites_a_freeze_ends_disabled(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a real Keycloak a log-out that overlaps a disabling writes the user as it was read."""
    permission = town.permissions(1)[0]
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", permission)
        provisioning.enable_account(act, account, cause="test", request_id=None)
    town.connector.deliver()
    log_out, overlaps = town.idp.log_out, [True]

    def overwriting(user_id: str) -> Any:
        if overlaps:
            overlaps.clear()
            with town.connector.act(HOST) as act:
                provisioning.freeze_account(act, accounts.get_account(act, account.id), cause="test")
            town.idp.users[user_id].enabled = True
        return log_out(user_id)

    monkeypatch.setattr(town.idp, "log_out", overwriting)
    with town.connector.act(HOST) as act:
        row = accounts.get_account(act, account.id)
        provisioning.withdraw_in_keycloak(act, row, [act.session.get_one(PermissionRow, permission)], request_id="r")
    town.connector.deliver(limit=1)
    assert not overlaps
    assert not next(iter(town.idp.users.values())).enabled
