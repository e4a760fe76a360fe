"""Looks at one account on both sides: what the register approved, and what Keycloak has. Changes neither."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select

from connector.ports import IdentityProvider, IdpUser, KeycloakRefusedError, NewUser, UnknownUserError
from connector.provisioning.agreement import Approved, Found, Presence
from connector.provisioning.handlers import OpenReading, read_new_user
from connector.register.tables import GrantRow, PermissionRow
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountStatus

FORBIDDEN = "403:"  # How the reason of a refusal begins that says: not for this service account.


class Inspection:
    """`key_attributes` gives the attributes that the inventory of keys has the last word on, by account id."""

    def __init__(
        self,
        idp: IdentityProvider,
        reading: OpenReading,
        rulebook: Rulebook,
        key_attributes: Callable[[str], Mapping[str, Sequence[str]]],
    ) -> None:
        self._idp = idp
        self._reading = reading
        self._rulebook = rulebook
        self._key_attributes = key_attributes

    def catalogue(self) -> frozenset[str]:
        """Every "subsystem:role" there is in the register."""
        with self._reading() as session:
            return frozenset(session.scalars(select(PermissionRow.id)))

    def approved(self, account_id: str) -> Approved:
        """What the register says at this moment."""
        held = select(GrantRow.permission_id).where(GrantRow.account_id == account_id, GrantRow.until.is_(None))
        with self._reading() as session:
            standing, user = read_new_user(session, self._rulebook, account_id)
            roles = frozenset(session.scalars(held))
        told = {name: tuple(values) for name, values in self._key_attributes(account_id).items()}
        return Approved(
            account_id=standing.id,
            person_id=standing.person_id,
            status=AccountStatus(standing.status),
            keycloak_id=standing.keycloak_id,
            user=user,
            roles=roles,
            attributes=_attributes(user) | told,
        )

    def found(self, approved: Approved) -> Found:
        """What Keycloak says of the account's user at this moment."""
        if approved.keycloak_id is None:
            return Found(presence=Presence.GONE)
        presence, user = self.look_up(approved.keycloak_id)
        if user is None:
            return Found(presence=presence)
        held = self._idp.roles_of(user.user_id)
        roles = frozenset(f"{subsystem}:{role}" for subsystem, names in held.items() for role in names)
        return Found(presence=presence, user=user, roles=roles)

    def look_up(self, user_id: str) -> tuple[Presence, IdpUser | None]:
        """The user of this id: there, gone, or outside the accounts group."""
        try:
            return Presence.THERE, self._idp.get_user(user_id)
        except UnknownUserError:
            return Presence.GONE, None
        except KeycloakRefusedError as error:
            if not is_forbidden(error):
                raise
        return Presence.OUTSIDE, None


def is_forbidden(error: KeycloakRefusedError) -> bool:
    return str(error.facts.get("reason", "")).startswith(FORBIDDEN)


def _attributes(user: NewUser) -> dict[str, tuple[str, ...]]:
    return {
        "accountId": (user.account_id,),
        "requestId": (user.request_id,),
        "unitCode": (user.unit_code,),
        "accountClass": (user.account_class,),
        "secondFactor": (user.second_factor,),
        "oneSession": (str(user.one_session).lower(),),
    }
