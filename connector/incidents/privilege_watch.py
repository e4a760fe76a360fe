"""Watches who administers, and when: an administrator nobody knows, and powers used out of hours (GX 11, GS 13).

Called with the events that are new to the mirror, in the transaction that stores them; records alarms and no address.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.incidents.alarm_tables import ConsoleAdministratorRow
from connector.incidents.case_access import article_of
from connector.ports import IdpEvent
from connector.register import reach
from connector.register.offices import OFFICE_ZONE, check_holds
from connector.register.tables import AccountRow
from connector.regulations.incidents import Article
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import Office
from connector.storage.batches import in_batches

SIGNED_IN = "LOGIN"


class PrivilegeWatch:
    """Sees admin events for whoever did them, and log-ins for those who hold administrative accounts or offices."""

    def see(self, act: Act, events: Sequence[IdpEvent]) -> int:
        """Records one alarm for each administrator and reason in these events; returns how many."""
        by_hand = [event for event in events if _is_by_hand(event)]
        sign_ins = [event for event in events if event.kind == "login" and event.type == SIGNED_IN and not event.error]
        return _see_unknown(act, by_hand) + _see_late_acts(act, by_hand) + _see_late_sign_ins(act, sign_ins)


def is_out_of_hours(rules: Rulebook, moment: datetime) -> bool:
    """Whether this moment lies outside the hours of a working day that the packs name (Asia/Shanghai)."""
    part, local = rules.incidents.alarms(), moment.astimezone(OFFICE_ZONE)
    return not (rules.calendar.is_working_day(moment) and part.office_from <= local.time() < part.office_to)


def register_administrator(act: Act, user_id: str, *, label: str, person_id: str | None = None) -> None:
    """Makes an administrator of Keycloak known by the id its events name; done by a security administrator (JC 8)."""
    check_holds(act, Office.SECURITY_ADMINISTRATOR, doing="登记 Keycloak 管理员 / register an administrator")
    reach.check_whole(
        act, doing="登记 Keycloak 管理员 / register an administrator"
    )  # He administers every unit's users.
    act.session.merge(
        ConsoleAdministratorRow(
            user_id=user_id, label=label[:128], person_id=person_id, registered_by=act.actor.name,
            registered_at=act.now,
        )
    )  # fmt: skip
    act.session.flush()
    audit.record(act, Event.ADMINISTRATOR_REGISTERED, f"keycloak_user:{user_id}", label=label[:128])


def known_administrators(act: Act) -> set[str]:
    """Keycloak ids of those who were registered, and of those who have run `realm apply` with this product."""
    registered = set(act.session.scalars(select(ConsoleAdministratorRow.user_id)))
    applied = select(AuditEntryRow.data).where(AuditEntryRow.event == Event.REALM_APPLY_BEGUN.value)
    return registered | {str(data.get("administrator")) for data in act.session.scalars(applied)}


def _is_by_hand(event: IdpEvent) -> bool:
    return event.kind == "admin" and not event.error and not event.details.get("by_us")


def _see_unknown(act: Act, events: Sequence[IdpEvent]) -> int:
    first: dict[str, IdpEvent] = {}
    for event in events:
        first.setdefault(str(event.details.get("by_user_id") or ""), event)
    known = known_administrators(act) if first else set()
    strangers = {user_id: event for user_id, event in first.items() if user_id not in known}
    for user_id, event in strangers.items():
        _record(act, Event.ADMINISTRATOR_UNKNOWN_FOUND, user_id, event)
    return len(strangers)


def _see_late_acts(act: Act, events: Sequence[IdpEvent]) -> int:
    late: dict[str, IdpEvent] = {}
    for event in events:
        if is_out_of_hours(act.rulebook, event.at):
            late.setdefault(str(event.details.get("by_user_id") or ""), event)
    for user_id, event in late.items():
        _record(act, Event.PRIVILEGE_USED_OUT_OF_HOURS, user_id, event)
    return len(late)


def _see_late_sign_ins(act: Act, events: Sequence[IdpEvent]) -> int:
    late: dict[str, IdpEvent] = {}
    for event in events:
        if event.user_id and is_out_of_hours(act.rulebook, event.at):
            late.setdefault(event.user_id, event)
    privileged = [
        account
        for some in in_batches(list(late))
        for account in act.session.scalars(select(AccountRow).where(AccountRow.keycloak_id.in_(some)))
        if article_of(act, account) is Article.ADMINISTRATOR
    ]
    for account in privileged:
        event = late[str(account.keycloak_id)]
        _record(act, Event.PRIVILEGE_USED_OUT_OF_HOURS, str(account.keycloak_id), event, account)
    return len(privileged)


def _record(act: Act, kind: Event, user_id: str, event: IdpEvent, account: AccountRow | None = None) -> None:
    """The subject is the account where the register has one, so that rows about one person come together."""
    found = account or act.session.scalar(select(AccountRow).where(AccountRow.keycloak_id == user_id))
    audit.record(
        act, kind, f"account:{found.id}" if found else f"keycloak_user:{user_id or '-'}"[:128], alarm=True,
        account_id=found.id if found else None, person_id=found.person_id if found else None,
        type=event.type[:64], idp_event=event.event_id, by=user_id, seen_at=event.at.isoformat(),
    )  # fmt: skip
