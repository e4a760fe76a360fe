"""What the gate orders of Keycloak itself: an account that a freeze overtakes meanwhile ends out of use, proven."""

from pathlib import Path

from connector.outbox.tables import StepRow
from connector.ports import NewUser
from connector.provenance.handlers import END_SESSIONS, ProvenanceHandlers
from connector.register import accounts
from connector.regulations.vocabulary import AccountStatus
from tests.factories import make_account
from tests.town import HOST, open_town


def test_end_sessions_of_an_account_frozen_meanwhile_takes_it_out_of_use(tmp_path: Path) -> None:
    town = open_town(tmp_path)
    idp = town.idp
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
        user_id = idp.create_user(
            NewUser(
                user_name=account.user_name, display_name="王", account_id=account.id, request_id="r1",
                unit_code="ywk", account_class="ordinary", required_actions=(),
            )
        )  # fmt: skip
        accounts.lock_account(act, account.id).keycloak_id = user_id
    handlers = ProvenanceHandlers(idp, town.connector.database.reading, town.connector.rulebook)
    step = StepRow(kind=END_SESSIONS, account_id=account.id, payload={})
    handlers.end_sessions(step)
    assert idp.is_enabled(user_id)
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.lock_account(act, account.id), AccountStatus.FROZEN, cause="departure")
    handlers.end_sessions(step)
    assert not idp.is_enabled(user_id)
    town.close()
