"""The three-way check on the real Keycloak, on SQLite and PostgreSQL: found, settled by requests, closed by a check."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from connector.reconciliation import three_way, three_way_exports, three_way_settle, three_way_views
from connector.reconciliation.three_way_views import GapView
from connector.requests import service as requests
from connector.requests.entitlement_errors import ExcessNeedsOverrideError
from connector.requests.tables import RequestRow
from tests.fixtures_matrix import adopt, check_of, granted_beyond, override, to_department
from tests.fixtures_reconciliation import account_now, deliver, opened, provision_everybody
from tests.integration.reconciliation.conftest import Hand, key
from tests.servers.realm import RealmUnderTest
from tests.town import HOST, Town, open_town

EXTRA = "centre:experts.viewer"


@pytest.fixture
def place(tmp_path: Path, database_url: str, realm: RealmUnderTest) -> Iterator[Town]:
    town = open_town(tmp_path, url=database_url, idp=realm.provider)
    provision_everybody(town)
    yield town
    town.close()
    with ThreadPoolExecutor(4) as pool:  # The next test gives the same user names again.
        list(pool.map(lambda user: realm.admin.delete(f"/users/{user['id']}"), realm.admin.get("/users", max=-1)))


def check(town: Town) -> dict[str, object]:
    town.clock.advance(timedelta(minutes=1))
    return three_way.check_matrix(town.connector)


def gaps(town: Town) -> list[GapView]:
    with town.connector.act(HOST) as act:
        return three_way_views.list_gaps(act)


def held(realm: RealmUnderTest, user_id: str) -> set[str]:
    return {f"{s}:{role}" for s, roles in realm.provider.roles_of(user_id).items() for role in roles}


def receive(town: Town, *rows: tuple[str, str]) -> None:
    text = "user_name,role\n" + "".join(f"{user},{role}\n" for user, role in rows)
    town.clock.advance(timedelta(hours=1))
    with town.connector.act(HOST) as act:
        three_way_exports.receive_export(act, "centre", text.encode())


def request_of(town: Town, gap: GapView) -> RequestRow:
    with town.connector.act(HOST) as act:
        return requests.get_request(act, str(gap.request))


@pytest.mark.req("F7")
def test_differences_of_all_three_are_found_settled_by_requests_and_closed_by_the_next_check(
    place: Town, realm: RealmUnderTest, hand: Hand
) -> None:
    first, second = place.permissions(2)
    over, extra, lacking = opened(place, 2), opened(place, 1), opened(place, 1)
    adopt(place, first)
    deliver(place)
    assert [(gap.kind, gap.user_name, gap.permission) for gap in gaps(place)] == [
        ("approved_not_allowed", over.user_name, second)
    ]
    hand.give(key(extra), *EXTRA.split(":"))
    hand.take(key(lacking), *first.split(":"))
    receive(place, ("mole", "experts.viewer"))
    summary = check(place)
    found = {(gap.kind, gap.user_name, gap.permission): gap for gap in gaps(place)}
    assert set(found) >= {
        ("approved_not_allowed", over.user_name, second),
        ("keycloak_not_approved", extra.user_name, EXTRA),
        ("approved_not_in_keycloak", lacking.user_name, first),
        ("subsystem_not_approved", "mole", EXTRA),
    }
    counts = summary["by_unit"]
    assert isinstance(counts, dict)
    assert counts["ywk"]["approved_not_allowed"] == 1
    assert held(realm, key(over)) == {first, second}
    with place.connector.act(HOST) as act:
        asked = three_way_settle.ask_withdrawal(act, found["approved_not_allowed", over.user_name, second].id)
    place.approve(asked)
    place.approve(request_of(place, found["keycloak_not_approved", extra.user_name, EXTRA]))
    deliver(place)
    receive(place, (extra.user_name, "reviewer.nobody"))
    assert {gap.user_name for gap in gaps(place)} >= {"mole", over.user_name}  # Open until a check looks again.
    check(place)
    assert [(gap.kind, gap.user_name) for gap in gaps(place) if "subsystem" not in gap.kind] == []
    assert "mole" not in {gap.user_name for gap in gaps(place)}
    for account in (over, extra, lacking):
        assert held(realm, key(account)) == {first}


@pytest.mark.req("B5")
def test_excess_reaches_keycloak_only_by_an_override(place: Town, realm: RealmUnderTest) -> None:
    first, second = place.permissions(2)
    adopt(place, first)
    request = to_department(place, place.submit(place.form(permissions=(first, second))))
    with pytest.raises(ExcessNeedsOverrideError):
        place.decide(request)
    deliver(place)
    assert request.account_id is None
    account = place.account_of(place.approve(place.decide(request, override=override(check_of(place, request)))))
    deliver(place)
    assert held(realm, key(account_now(place, account))) == {first, second}
    granted_beyond(place, second)
    deliver(place)
    assert check(place)["excepted"] == 2
