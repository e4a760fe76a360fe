"""A freeze that is decided while another step is under way wins; and a token of before is not let in again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.auth.claims import Claims
from connector.errors import NotSignedInError
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import PermissionRow
from tests.factories import make_account
from tests.town import HOST, FakeTokens, Town


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


def test_sign_in_with_a_token_older_than_the_last_enabling_is_refused(town: Town) -> None:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
        account.keycloak_id = "kc-1"
    tokens = TimedTokens()
    town.connector.tokens = tokens
    tokens.issued_at = town.clock.advance(timedelta(minutes=1))
    assert town.connector.actor_of("kc-1").account_id == account.id
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.get_account(act, account.id), cause="test")
    with pytest.raises(NotSignedInError):
        town.connector.actor_of("kc-1")
    town.clock.advance(timedelta(seconds=1))
    with town.connector.act(HOST) as act:
        provisioning.enable_account(act, accounts.get_account(act, account.id), cause="test", request_id=None)
    with pytest.raises(NotSignedInError):
        town.connector.actor_of("kc-1")
    tokens.issued_at = town.clock.advance(timedelta(seconds=1))
    assert town.connector.actor_of("kc-1").account_id == account.id


class TimedTokens(FakeTokens):
    """Tokens that say when they were issued."""

    issued_at: datetime

    def verify(self, token: str) -> Claims:
        return replace(super().verify(token), issued_at=self.issued_at)
