"""The step that makes Keycloak follow a change of name or unit: converges, and never brings anybody back."""

from collections.abc import Mapping, Sequence

import pytest
from sqlalchemy import update

from connector.departures.handlers import MoverHandlers
from connector.departures.movers import UPDATE_USER
from connector.outbox.tables import StepRow
from connector.ports import NewUser
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus
from tests.fakes.identity_provider import FakeIdentityProvider
from tests.fixtures_departures import DepartureDesk


class OverlappingKeycloak(FakeIdentityProvider):
    """Writes whole users, as Keycloak does: a freeze between its reading and its writing is lost."""

    def update_user(
        self, user_id: str, *, display_name: str | None = None, attributes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().update_user(user_id, display_name=display_name, attributes=attributes)
        self.set_enabled(user_id, True)


def settle_in(desk: DepartureDesk, idp: FakeIdentityProvider, key: str) -> StepRow:
    """The person's user in Keycloak under an old name, and the step that follows his new one."""
    account = desk.account(key)
    user_id = idp.create_user(
        NewUser(
            user_name=account.user_name, display_name="旧名", account_id=account.id, request_id="paper:TEST-1",
            unit_code="old", account_class="ordinary", required_actions=(),
        )
    )  # fmt: skip
    with desk.desk.act() as act:
        act.session.execute(update(AccountRow).where(AccountRow.id == account.id).values(keycloak_id=user_id))
    return StepRow(kind=UPDATE_USER, account_id=account.id, payload={})


def run(desk: DepartureDesk, idp: FakeIdentityProvider, step: StepRow) -> None:
    handlers = MoverHandlers(idp, desk.desk.database.reading).table()
    assert handlers[step.kind](step) is None


def test_follow_writes_the_present_name_and_unit_and_nothing_else(desk: DepartureDesk) -> None:
    idp = FakeIdentityProvider()
    step = settle_in(desk, idp, "003")
    for _ in range(2):
        run(desk, idp, step)
    user = idp.get_user(str(desk.account("003").keycloak_id))
    assert (user.display_name, user.enabled) == ("王某", True)
    assert user.attributes["unitCode"] == "ywk"
    assert user.attributes["accountId"] == desk.account("003").id


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.SUSPENDED, AccountStatus.DISABLED])
def test_follow_somebody_out_of_use_leaves_him_out(desk: DepartureDesk, status: AccountStatus) -> None:
    idp = OverlappingKeycloak()
    step = settle_in(desk, idp, "003")
    with desk.desk.act() as act:
        act.session.execute(update(AccountRow).where(AccountRow.id == step.account_id).values(status=status.value))
    run(desk, idp, step)
    assert not idp.get_user(str(desk.account("003").keycloak_id)).enabled


def test_follow_somebody_not_there_does_nothing(desk: DepartureDesk) -> None:
    idp = FakeIdentityProvider()
    step = settle_in(desk, idp, "003")
    idp.delete_user(str(desk.account("003").keycloak_id))
    run(desk, idp, step)
    without = StepRow(kind=UPDATE_USER, account_id=desk.account("004").id, payload={})
    run(desk, idp, without)
    assert not idp.users
