"""When a login is used from two places at once, and when an address tries many accounts. Pure; knows no store.

A session's place is where its person logged in: tokens are often fetched and refreshed by the subsystem's server, so
their address says nothing of the person. That they are refreshed says that the session is in use.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from operator import attrgetter
from typing import NamedTuple

from connector.ports import IdpEvent

AT_ONCE = timedelta(minutes=15)
SPRAY_TIME = timedelta(minutes=10)
SPRAYED = 10  # Accounts tried without success from one address.
SPRAYED_WITHIN = 50  # The same from a network of the centre's own, behind which a whole office sits.
ONE_PLACE = {4: 24, 6: 48}  # Length of the prefix that counts as one place.
OWN = "own"
USES = frozenset({"LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN"})
WRONG_LOGIN = frozenset(
    {"invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "user_disabled", "invalid_credentials"}
)

Network = IPv4Network | IPv6Network


@dataclass(slots=True)
class Place:
    """One session: where its person logged in last and before that, when it was last used, and when it ended."""

    session_id: str
    user_id: str
    network: str
    login_at: datetime
    used_at: datetime
    event_id: str  # of the login
    former_network: str = ""
    former_at: datetime | None = None
    ended_at: datetime | None = None

    def is_alive(self, at: datetime) -> bool:
        """Whether the session had not ended and was used within the time that counts as "at once"."""
        return (self.ended_at is None or self.ended_at > at) and abs(at - self.used_at) <= AT_ONCE


class TwoPlaces(NamedTuple):
    """A person used two living sessions, or one session, in two networks. `events` are the two logins.

    `since` is the last use of the other one: a log-out ordered in between has ended it.
    """

    user_id: str
    networks: tuple[str, str]
    since: datetime
    at: datetime
    events: tuple[str, str]


class Failure(NamedTuple):
    """One wrong login: from where, for whom (a user id or a digest of what was typed), when."""

    address: str
    who: str
    at: datetime
    event_id: str


@lru_cache(maxsize=4096)
def network_of(address: str | None, own: tuple[Network, ...]) -> str:
    """The place an address belongs to: "own" for the centre's networks, else its /24 (IPv6: /48); "" for none."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if any(found in network for network in own if network.version == found.version):
        return OWN
    return str(ip_network((found, ONE_PLACE[found.version]), strict=False))


def follow(
    known: Iterable[Place], events: Sequence[IdpEvent], own: tuple[Network, ...]
) -> tuple[list[Place], list[TwoPlaces]]:
    """The sessions that these events make or change, and each use from two places that they show.

    `known` are the sessions of these people that were used of late; they are changed themselves.
    """
    places = {place.session_id: place for place in known}
    by_user: dict[str, set[str]] = defaultdict(set)
    for place in places.values():
        by_user[place.user_id].add(place.session_id)
    changed: set[str] = set()
    found: list[TwoPlaces] = []
    for event in sorted(events, key=attrgetter("at")):
        if not event.session_id or event.error:
            continue
        before = places.get(event.session_id)
        now = _after(before, event, own)
        if now is None:
            continue
        if now is not before:
            places[now.session_id] = now
            by_user[now.user_id].add(now.session_id)
        changed.add(now.session_id)
        sessions = by_user[now.user_id]
        if len(sessions) > 1 and event.type in USES:
            found += _compare(now, [places[other] for other in sorted(sessions)], event.at)
        if before is not None and now is not before:
            found += _went_back(before, now)
    return [places[session_id] for session_id in sorted(changed)], found


def failure_of(event: IdpEvent, digest: Callable[[str], str]) -> Failure | None:
    """What a wrong login counts as; None for any other event. A name that is no account's is only kept as a digest."""
    if event.type != "LOGIN_ERROR" or event.error not in WRONG_LOGIN or not event.ip:
        return None
    who = event.user_id or digest(str(event.details.get("username", "")))
    return Failure(event.ip, who, event.at, event.event_id)


def is_sprayed(address: str, accounts: int, own: tuple[Network, ...]) -> bool:
    """Whether so many accounts, tried within `SPRAY_TIME`, are no longer people who forgot their passwords."""
    return accounts >= (SPRAYED_WITHIN if network_of(address, own) == OWN else SPRAYED)


def _after(place: Place | None, event: IdpEvent, own: tuple[Network, ...]) -> Place | None:
    """The session after this event, a new one where its place is new; None where its login was not seen."""
    if event.type == "LOGIN" and event.user_id and (network := network_of(event.ip, own)):
        return _logged_in(place, event, network)
    if place is None:
        return None
    if event.type == "LOGOUT":
        place.ended_at = event.at
    elif event.type not in USES:
        return None
    elif event.at > place.used_at:
        place.used_at = event.at
    return place


def _logged_in(place: Place | None, event: IdpEvent, network: str) -> Place:
    if place is None or place.network != network:
        new = Place(str(event.session_id), str(event.user_id), network, event.at, event.at, event.event_id)
        if place is not None:
            new.former_network, new.former_at = place.network, place.login_at
        return new
    place.login_at, place.used_at, place.event_id = event.at, max(place.used_at, event.at), event.event_id
    return place


def _compare(place: Place, sessions: Iterable[Place], at: datetime) -> list[TwoPlaces]:
    return [
        TwoPlaces(
            place.user_id, _pair(place.network, other.network), other.used_at, at, (other.event_id, place.event_id)
        )
        for other in sessions
        if other.session_id != place.session_id and other.network != place.network and other.is_alive(at)
    ]


def _went_back(before: Place, place: Place) -> list[TwoPlaces]:
    """One session here, there and here again: moving house goes one way, a stolen cookie is used beside its owner."""
    if place.network != before.former_network:
        return []
    if before.former_at is None or place.login_at - before.former_at > AT_ONCE:
        return []
    pair = _pair(place.network, before.network)
    return [TwoPlaces(place.user_id, pair, before.used_at, place.login_at, (before.event_id, place.event_id))]


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
