"""The last act of a cancellation: the account goes from Keycloak once its key is back, or lost for good (GS 10(6))."""

from connector.auth.act import Act
from connector.keys import store
from connector.keys.rules import OUT
from connector.provisioning import service as provisioning
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus


def finish_cancellation(act: Act, account: AccountRow) -> bool:
    """Deletes a cancelled account in Keycloak once no key of it is out; returns whether it did."""
    if account.status != AccountStatus.CANCELLED or store.find_of(act, account.id, OUT) is not None:
        return False
    provisioning.delete_account(act, account, request_id=None)
    return True
