"""The fold over sessions moves them on in place; told plainly here, each step a new value, it comes to the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.activity import places
from connector.activity.places import AT_ONCE, USES, Place, TwoPlaces, network_of
from connector.ports import IdpEvent

START = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
MINUTES = st.integers(0, 40).map(lambda minute: timedelta(minutes=minute))
ADDRESSES = ("60.1.2.3", "60.1.2.77", "39.9.9.9", "2408:8000::1", None, "none")


@dataclass(frozen=True)
class Told:
    """What the plain fold comes to."""

    places: dict[str, Place]
    found: list[TwoPlaces]


def follow_plainly(known: Iterable[Place], events: Sequence[IdpEvent]) -> Told:
    sessions = {place.session_id: place for place in known}
    of_user: dict[str, set[str]] = {}
    for place in sessions.values():
        of_user.setdefault(place.user_id, set()).add(place.session_id)
    found: list[TwoPlaces] = []
    for event in sorted(events, key=lambda event: event.at):
        session_id = str(event.session_id)
        before = sessions.get(session_id)
        now = None if event.error else after(before, event)
        if now is None:
            continue
        sessions[session_id] = now
        of_user.setdefault(now.user_id, set()).add(session_id)
        others = [sessions[other] for other in of_user[now.user_id] - {session_id}]
        found += [
            TwoPlaces(now.user_id, pair(now, other), other.used_at, event.at, (other.event_id, now.event_id))
            for other in others
            if event.type in USES and other.network != now.network and is_alive(other, event.at)
        ]
        if before is not None and went_back(before, now):
            events_of = (before.event_id, now.event_id)
            found.append(TwoPlaces(now.user_id, pair(before, now), before.used_at, now.login_at, events_of))
    return Told(sessions, found)


def after(place: Place | None, event: IdpEvent) -> Place | None:
    network = network_of(event.ip, ())
    if event.type == "LOGIN" and event.user_id and network:
        new = Place(str(event.session_id), event.user_id, network, event.at, event.at, event.event_id)
        if place is None:
            return new
        if place.network != network:
            return replace(new, former_network=place.network, former_at=place.login_at)
        return replace(place, login_at=event.at, used_at=max(place.used_at, event.at), event_id=event.event_id)
    if place is None:
        return None
    if event.type == "LOGOUT":
        return replace(place, ended_at=event.at)
    return replace(place, used_at=max(place.used_at, event.at)) if event.type in USES else None


def is_alive(place: Place, at: datetime) -> bool:
    return (place.ended_at is None or place.ended_at > at) and abs(at - place.used_at) <= AT_ONCE


def went_back(before: Place, now: Place) -> bool:
    there_and_here = before.network != now.network == before.former_network
    return there_and_here and before.former_at is not None and now.login_at - before.former_at <= AT_ONCE


def pair(one: Place, other: Place) -> tuple[str, str]:
    first, second = sorted((one.network, other.network))
    return (first, second)


EVENTS = st.lists(
    st.builds(
        IdpEvent,
        event_id=st.uuids().map(str),
        kind=st.just("login"),
        at=MINUTES.map(lambda later: START + later),
        type=st.sampled_from(("LOGIN", "LOGIN", "REFRESH_TOKEN", "CODE_TO_TOKEN", "LOGOUT", "UPDATE_PASSWORD")),
        user_id=st.sampled_from(("u1", "u1", "u2")),
        client_id=st.none(),
        ip=st.sampled_from(ADDRESSES),
        error=st.sampled_from((None, None, None, "x")),
        session_id=st.sampled_from(("s1", "s2", "s3")),
    ),
    max_size=14,
)
KNOWN = st.lists(
    st.builds(
        Place,
        session_id=st.sampled_from(("s1", "s2", "s3", "s4")),
        user_id=st.sampled_from(("u1", "u2")),
        network=st.sampled_from(("60.1.2.0/24", "39.9.9.0/24")),
        login_at=MINUTES.map(lambda earlier: START - earlier),
        used_at=MINUTES.map(lambda later: START + later),
        event_id=st.uuids().map(str),
        former_network=st.sampled_from(("", "60.1.2.0/24", "39.9.9.0/24")),
        former_at=st.just(START),
        ended_at=st.none() | MINUTES.map(lambda later: START + later),
    ),
    max_size=3,
    unique_by=lambda place: place.session_id,
)


@given(KNOWN, EVENTS)
def test_follow_any_events_comes_to_what_the_plain_fold_comes_to(known: list[Place], events: list[IdpEvent]) -> None:
    told = follow_plainly([replace(place) for place in known], events)
    untouched = {place.session_id: replace(place) for place in known}
    changed, found = places.follow(known, events, ())
    assert untouched | {place.session_id: place for place in changed} == told.places
    assert sorted(found) == sorted(told.found)
