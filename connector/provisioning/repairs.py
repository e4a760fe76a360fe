"""Orders Keycloak to be made what was approved. Writes outbox steps only; `converge` carries them out (JC 9, GS 13)."""

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.register.tables import AccountRow
from connector.storage.tables import new_id

CONVERGE = "keycloak.converge"
SHUT_OUT = "keycloak.shut_out"


def make_agree(act: Act, account: AccountRow, *, cause: str, request_id: str | None = None) -> StepRow:
    """One account is made to agree with the register, whatever differs: existence, roles, name, group, use.

    Approves nothing: it only makes true what was approved before. Stands in the account's lane.
    """
    return outbox.enqueue_for_account(act, CONVERGE, account.id, {"cause": cause}, request_id=request_id)


def shut_out(act: Act, user_id: str, *, cause: str, request_id: str | None = None) -> StepRow:
    """A user of Keycloak whom nobody applied for is disabled and logged out; he is not deleted: he is evidence.

    `user_id` is Keycloak's. Does nothing when the register has an account for him by the time the step is run.
    """
    return outbox.enqueue(
        act,
        SHUT_OUT,
        key=f"{SHUT_OUT}:{new_id()}",
        lane=stranger_lane(user_id),
        payload={"user_id": user_id, "cause": cause},
        request_id=request_id,
    )


def stranger_lane(user_id: str) -> str:
    """Where the steps about a user stand who is no account's."""
    return f"stranger:{user_id}"
