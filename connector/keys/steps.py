"""Orders what Keycloak must be told of keys and factors. Writes outbox steps only; `handlers` runs them.

They stand in the account's lane, so that a new key's link never overtakes the removal of the old key.
"""

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.register.tables import AccountRow

UPDATE_USER = "keycloak.update_user"
DELETE_CREDENTIAL = "keycloak.delete_credential"
REQUIRE_ACTIONS = "keycloak.require_actions"
DROP_ACTIONS = "keycloak.drop_actions"
ENROL_KEY, ENROL_CODE = "webauthn-register", "CONFIGURE_TOTP"


def update_user(act: Act, account: AccountRow, *, request_id: str | None = None) -> StepRow:
    """Keycloak's attributes keySerial and secondFactor are made those of the inventory."""
    return _enqueue(act, account, UPDATE_USER, {}, request_id)


def delete_credentials(act: Act, account: AccountRow, *types: str, request_id: str | None = None) -> StepRow:
    """Credentials of these types go, but the key that the account holds; then its sessions end."""
    return _enqueue(act, account, DELETE_CREDENTIAL, {"types": list(types)}, request_id)


def forget_key(act: Act, account: AccountRow, *, request_id: str | None = None) -> None:
    """Keycloak forgets every key of the account but the one it holds."""
    delete_credentials(act, account, "webauthn", request_id=request_id)
    update_user(act, account, request_id=request_id)


def delete_unknown(act: Act, account: AccountRow, key_id: str, finding_id: str) -> StepRow:
    """One credential goes, unless the inventory knows better by then; tried at once, it waits behind no other step."""
    step = outbox.enqueue(
        act,
        DELETE_CREDENTIAL,
        key=f"{DELETE_CREDENTIAL}:{finding_id}",
        lane=f"credential:{finding_id}",
        payload={"key_id": key_id, "finding_id": finding_id},
        account_id=account.id,
    )
    act.urgent.append(step.id)
    return step


def require_enrolment(act: Act, account: AccountRow, action: str, *, request_id: str | None = None) -> StepRow:
    """The next login asks the person to enrol: ENROL_KEY or ENROL_CODE."""
    return _enqueue(act, account, REQUIRE_ACTIONS, {"actions": [action]}, request_id)


def drop_enrolment(act: Act, account: AccountRow, action: str, *, request_id: str | None = None) -> StepRow:
    """The next login does not ask for this any more: a certificate needs no enrolment."""
    return _enqueue(act, account, DROP_ACTIONS, {"actions": [action]}, request_id)


def _enqueue(act: Act, account: AccountRow, kind: str, payload: dict[str, object], request_id: str | None) -> StepRow:
    return outbox.enqueue_for_account(act, kind, account.id, payload, request_id=request_id)
