"""Makes Keycloak agree with the inventory, one step at a time. Runs outside any transaction.

Every handler reads the inventory's present state and converges on it, so that a late or repeated step never brings a
lost key back or takes a new one away.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from connector.auth.act import Act
from connector.keys import binding, findings, steps
from connector.keys.rules import HELD, KEY_TYPES, HeldKey, Verdict, judge
from connector.keys.store import as_held
from connector.keys.tables import HardwareKeyRow, WaiverRow
from connector.outbox.deliver import Handler, Settle
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider, IdpCredential, UnknownUserError
from connector.register.tables import AccountRow
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass, AccountStatus

OpenReading = Callable[[], AbstractContextManager[Session]]
KEY_SERIAL, SECOND_FACTOR = "keySerial", "secondFactor"
MOST_ROUNDS = 5


class Standing(NamedTuple):
    """What the inventory says of an account at this moment."""

    keycloak_id: str | None
    held: HeldKey | None
    certificates: tuple[str, ...]
    code_counts: bool  # a one-time code opens: by the class, or by a waiver
    in_use: bool


class KeyHandlers:
    """Handlers of the steps that `steps` orders."""

    def __init__(self, idp: IdentityProvider, reading: OpenReading, rulebook: Rulebook) -> None:
        self._idp = idp
        self._reading = reading
        self._rulebook = rulebook

    def table(self) -> dict[str, Handler]:
        return {
            steps.UPDATE_USER: self.update_user,
            steps.DELETE_CREDENTIAL: self.delete_credential,
            steps.DROP_ACTIONS: self.drop_actions,
        }

    def update_user(self, step: StepRow) -> Settle | None:
        """Writes keySerial and secondFactor; again while the inventory changes under the hand."""
        account_id = str(step.account_id)
        told: dict[str, list[str]] | None = None
        for _ in range(MOST_ROUNDS):
            standing = self._standing(account_id)
            wanted = _attributes(standing)
            if standing.keycloak_id is None or wanted == told:
                break
            try:
                self._idp.update_user(standing.keycloak_id, attributes=wanted)
            except UnknownUserError:
                return None  # Deleted by a later step of a cancellation.
            told = wanted
        written = told[KEY_SERIAL] if told else []

        def settle(act: Act) -> None:
            binding.bind_certificate(act, account_id, written)

        return settle if written else None

    def drop_actions(self, step: StepRow) -> None:
        """Takes the enrolment back, unless the account has got another key meanwhile, which must be enrolled."""
        standing = self._standing(str(step.account_id))
        if standing.keycloak_id is not None and standing.certificates:
            self._idp.drop_actions(standing.keycloak_id, step.payload["actions"])

    def delete_credential(self, step: StepRow) -> Settle | None:
        """Deletes what the step names and the inventory does not want, then ends the sessions it may have opened."""
        standing = self._standing(str(step.account_id))
        user_id = standing.keycloak_id
        finding_id = step.payload.get("finding_id")
        if user_id is None:
            return None
        try:
            doomed = self._doomed(step, standing, self._idp.list_credentials(user_id))
            for credential in doomed:
                self._idp.delete_credential(user_id, credential.id)
            if doomed or finding_id:
                self._idp.log_out(user_id)
                self._idp.end_offline_sessions(user_id)
                # A log-out that overlaps a freeze writes `enabled` as it read it.
                if not self._standing(str(step.account_id)).in_use:
                    self._idp.set_enabled(user_id, False)
        except UnknownUserError:
            return None

        def settle(act: Act) -> None:
            findings.settle_removal(act, str(finding_id), removed=bool(doomed))

        return settle if finding_id else None

    def _doomed(self, step: StepRow, standing: Standing, credentials: Sequence[IdpCredential]) -> list[IdpCredential]:
        if "types" in step.payload:
            return [c for c in credentials if c.type in step.payload["types"] and not _is_wanted(c, standing)]
        verdicts = judge(credentials, standing.held, self._known(credentials))
        bad = (Verdict.UNKNOWN, Verdict.FOREIGN)
        return [c for c, verdict in verdicts if (c.key_id or c.id) == step.payload["key_id"] and verdict in bad]

    def attributes(self, account_id: str) -> dict[str, list[str]]:
        """keySerial and secondFactor as the inventory and the waivers want them now."""
        return _attributes(self._standing(account_id))

    def _known(self, credentials: Sequence[IdpCredential]) -> set[str]:
        key_ids = [c.key_id for c in credentials if c.key_id]
        with self._reading() as session:
            found = session.scalars(select(HardwareKeyRow.key_id).where(HardwareKeyRow.key_id.in_(key_ids)))
            return {key_id for key_id in found if key_id}

    def _standing(self, account_id: str) -> Standing:
        states = [state.value for state in HELD]
        with self._reading() as session:
            account = session.get_one(AccountRow, account_id)
            key = session.scalars(
                select(HardwareKeyRow).where(HardwareKeyRow.account_id == account_id, HardwareKeyRow.status.in_(states))
            ).one_or_none()
            waived = session.scalar(
                select(WaiverRow.id).where(WaiverRow.account_id == account_id, WaiverRow.ended_at.is_(None))
            )
            factors = self._rulebook.factors(AccountClass(account.account_class))
            certificates = (key.cert_serial,) if key is not None and key.cert_serial else ()
            return Standing(
                account.keycloak_id,
                as_held(key),
                certificates,
                code_counts=waived is not None or "otp" in factors,
                in_use=account.status == AccountStatus.ACTIVE,
            )


def _attributes(standing: Standing) -> dict[str, list[str]]:
    factor = "otp" if standing.code_counts else "key"
    return {KEY_SERIAL: list(standing.certificates), SECOND_FACTOR: [factor]}


def _is_wanted(credential: IdpCredential, standing: Standing) -> bool:
    """The key that the account holds stays, and a one-time code where it counts."""
    if credential.type in KEY_TYPES:
        held = standing.held
        return held is not None and held.key_id is not None and credential.key_id == held.key_id
    return credential.type == "otp" and standing.code_counts
