"""The plan: who counts as having left, the breaker at its edges, and what is never done automatically."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.departures.plan import (
    NEVER_AUTOMATIC,
    BreakerRules,
    Cause,
    Filled,
    HoldReason,
    KnownPerson,
    ManagedAccount,
    Plan,
    absent_keys,
    dn_digest,
    plan_changes,
    plan_departures,
)
from connector.ports import DirectoryEntry, DirectoryReading
from connector.regulations.vocabulary import AccountClass, AccountStatus

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
WIDE = BreakerRules(count=1000, share=1.0, floor=0.0)


def entry(key: str, *, departed: bool = False, status: str | None = None) -> DirectoryEntry:
    told = status if status is not None else "left" if departed else "active"
    return DirectoryEntry(key=key, dn=f"uid={key}", name="王某", status=told, departed=departed)


def reading(*entries: DirectoryEntry, broken: tuple[str, ...] = ()) -> DirectoryReading:
    quarantined = tuple((dn, "no key") for dn in broken)
    return DirectoryReading(entries=entries, quarantined=quarantined, read_at=NOW, seconds=0.1)


def known(*keys: str, missing_since: datetime | None = None, status: str = "active") -> dict[str, KnownPerson]:
    return {
        key: KnownPerson(key=key, dn_digest=dn_digest(f"uid={key}"), status=status, missing_since=missing_since)
        for key in keys
    }


def account(
    key: str, status: AccountStatus = AccountStatus.ACTIVE, account_class: AccountClass = AccountClass.ORDINARY
) -> ManagedAccount:
    return ManagedAccount(account_id=f"id-{key}", key=key, account_class=account_class, status=status)


def plan(
    read: DirectoryReading,
    people: dict[str, KnownPerson] | None = None,
    accounts: tuple[ManagedAccount, ...] = (),
    rules: BreakerRules = WIDE,
    baseline: int | None = None,
) -> Plan:
    return plan_departures(read, people or {}, accounts, rules, now=NOW, baseline=baseline)


def mass(leavers: int, stayers: int) -> tuple[DirectoryReading, tuple[ManagedAccount, ...]]:
    gone = [entry(f"g{n}", departed=True) for n in range(leavers)]
    here = [entry(f"h{n}") for n in range(stayers)]
    return reading(*gone, *here), tuple(account(e.key) for e in (*gone, *here))


@pytest.mark.req("E1")
def test_plan_departed_status_counts_at_once() -> None:
    made = plan(reading(entry("a", departed=True), entry("b")), accounts=(account("a"), account("b")))
    assert [(item.key, item.cause) for item in made.automatic] == [("a", Cause.STATUS)]
    assert not made.held


@pytest.mark.req("E4")
@pytest.mark.parametrize(
    ("missing_since", "leaves"),
    [(None, False), (NOW - HOUR + timedelta(seconds=1), False), (NOW - HOUR, True), (NOW - 2 * HOUR, True)],
)
def test_plan_absence_counts_after_two_reads_an_interval_apart(missing_since: datetime | None, leaves: bool) -> None:
    people = known("a", missing_since=missing_since) | known("b")
    made = plan(reading(entry("b")), people, (account("a"), account("b")))
    assert [(item.key, item.cause) for item in made.automatic] == ([("a", Cause.ABSENCE)] if leaves else [])


@pytest.mark.req("E4")
def test_plan_person_returned_between_reads_stays() -> None:
    people = known("a", missing_since=NOW - 5 * HOUR)
    assert plan(reading(entry("a")), people, (account("a"),)).items == ()


@pytest.mark.req("E4")
def test_plan_account_never_seen_in_directory_stays() -> None:
    assert plan(reading(entry("b")), known("b"), (account("a"),)).items == ()


@pytest.mark.req("E4")
def test_plan_person_whose_row_was_set_aside_is_not_absent() -> None:
    people = known("a", missing_since=NOW - 5 * HOUR)
    read = reading(entry("b"), broken=("UID=a",))
    assert plan(read, people, (account("a"),)).items == ()
    assert absent_keys(read, people) == frozenset()


@pytest.mark.req("E4")
@pytest.mark.parametrize("account_class", NEVER_AUTOMATIC)
def test_plan_leaving_administrator_is_left_to_a_person(account_class: AccountClass) -> None:
    made = plan(reading(entry("a", departed=True)), accounts=(account("a", account_class=account_class),))
    assert made.automatic == ()
    assert [item.key for item in made.manual] == ["a"]


@pytest.mark.req("E4")
def test_plan_leaving_canary_is_left_to_a_person() -> None:
    rules = BreakerRules(count=9, share=1.0, floor=0.0, canaries=frozenset({"a"}))
    made = plan(reading(entry("a", departed=True)), accounts=(account("a"),), rules=rules)
    assert made.automatic == ()
    assert [item.key for item in made.manual] == ["a"]


@pytest.mark.parametrize("status", [s for s in AccountStatus if s not in ("active", "suspended")])
def test_plan_account_out_of_use_is_not_counted(status: AccountStatus) -> None:
    rules = BreakerRules(count=1, share=1.0, floor=0.0)
    read = reading(entry("a", departed=True), entry("b", departed=True))
    made = plan(read, accounts=(account("a"), account("b", status)), rules=rules)
    assert [item.key for item in made.automatic] == ["a"]
    assert not made.held


@pytest.mark.req("E1")
def test_plan_suspended_leaver_is_frozen() -> None:
    made = plan(reading(entry("a", departed=True)), accounts=(account("a", AccountStatus.SUSPENDED),))
    assert [item.key for item in made.automatic] == ["a"]


@pytest.mark.req("E4")
@pytest.mark.parametrize(("leavers", "held"), [(19, False), (20, False), (21, True)])
def test_plan_at_threshold_by_count(leavers: int, held: bool) -> None:
    read, accounts = mass(leavers, 1000 - leavers)
    made = plan(read, accounts=accounts, rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=1000)
    assert made.held is held
    assert (HoldReason.TOO_MANY_LEAVERS in made.reasons) is held
    assert len(made.automatic) == leavers


@pytest.mark.req("E4")
@pytest.mark.parametrize(("leavers", "held"), [(4, False), (5, False), (6, True)])
def test_plan_at_threshold_by_share(leavers: int, held: bool) -> None:
    read, accounts = mass(leavers, 100 - leavers)
    made = plan(read, accounts=accounts, rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=100)
    assert made.held is held


@pytest.mark.req("E4")
@pytest.mark.parametrize(("leavers", "held"), [(6, False), (7, False), (8, True)])
def test_plan_at_threshold_of_share_that_floats_round_down(leavers: int, held: bool) -> None:
    """0.07 × 100 is 7, although floats say 7.000000000000001 (and 0.29 × 100 = 28.999999999999996)."""
    read, accounts = mass(leavers, 100 - leavers)
    assert plan(read, accounts=accounts, rules=BreakerRules(count=50, share=0.07, floor=0)).held is held
    assert BreakerRules(count=50, share=0.29, floor=0).limit(100) == 29


@pytest.mark.parametrize(("count", "share", "people", "limit"), [(20, 0.05, 10, 1), (0, 0.05, 1000, 0), (20, 0, 10, 0)])
def test_limit_of_small_unit_allows_one(count: int, share: float, people: int, limit: int) -> None:
    assert BreakerRules(count=count, share=share, floor=0.9).limit(people) == limit


@pytest.mark.req("E4")
@pytest.mark.parametrize(("rows", "held"), [(91, False), (90, False), (89, True)])
def test_plan_at_floor_of_last_good_read(rows: int, held: bool) -> None:
    read, accounts = mass(0, rows)
    made = plan(read, accounts=accounts, rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=100)
    assert made.reasons == ((HoldReason.BELOW_FLOOR,) if held else ())


@pytest.mark.req("E4")
@pytest.mark.parametrize(("broken", "held"), [(4, False), (5, False), (6, True)])
def test_plan_with_unreadable_rows_at_threshold(broken: int, held: bool) -> None:
    read = reading(*(entry(f"h{n}") for n in range(100 - broken)), broken=tuple(f"uid=x{n}" for n in range(broken)))
    made = plan(read, rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=100)
    assert made.reasons == ((HoldReason.TOO_MANY_UNREADABLE,) if held else ())


@pytest.mark.req("E4")
@pytest.mark.parametrize(("lost", "held"), [(5, False), (6, True)])
def test_plan_with_vanished_status_is_held(lost: int, held: bool) -> None:
    keys = [f"h{n}" for n in range(100)]
    read = reading(*(entry(key, status="" if n < lost else "active") for n, key in enumerate(keys)))
    made = plan(read, known(*keys), rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=100)
    assert made.reasons == ((HoldReason.STATUS_VANISHED,) if held else ())


@pytest.mark.req("E4")
@pytest.mark.parametrize("attribute", [Filled.UNIT, Filled.POST])
@pytest.mark.parametrize(("lost", "held"), [(4, False), (5, False), (6, True)])
def test_plan_with_vanished_attribute_at_threshold(attribute: Filled, lost: int, held: bool) -> None:
    keys = [f"h{n}" for n in range(100)]
    people = {key: person._replace(filled=attribute) for key, person in known(*keys).items()}
    has = {"unit_code": "ywk"} if attribute is Filled.UNIT else {"post": "科员"}
    entries = (replace(entry(key), **({} if n < lost else has)) for n, key in enumerate(keys))  # type: ignore[arg-type]
    made = plan(reading(*entries), people, rules=BreakerRules(count=20, share=0.05, floor=0.9), baseline=100)
    assert made.reasons == ((HoldReason.ATTRIBUTE_VANISHED,) if held else ())


def test_plan_attribute_not_mapped_any_more_has_not_vanished() -> None:
    keys = [f"h{n}" for n in range(100)]
    people = {key: person._replace(filled=Filled.UNIT) for key, person in known(*keys).items()}
    rules = BreakerRules(count=20, share=0.05, floor=0.9, mapped=Filled.STATUS)
    assert not plan(reading(*(entry(key) for key in keys)), people, rules=rules, baseline=100).held


@pytest.mark.req("E4")
@pytest.mark.parametrize(("recent", "leavers", "held"), [(19, 1, False), (20, 1, True), (18, 3, True), (20, 0, False)])
def test_plan_counts_people_frozen_on_changes_since_the_last_good_read(recent: int, leavers: int, held: bool) -> None:
    read, accounts = mass(leavers, 1000 - leavers)
    rules = BreakerRules(count=20, share=0.05, floor=0.9)
    made = plan_departures(read, {}, accounts, rules, now=NOW, baseline=1000, recent=recent)
    assert made.held is held
    reported = plan_changes(read.entries, accounts, rules, baseline=1000, recent=recent)
    assert (reported.held, reported.items) == (held, made.items)


@pytest.mark.req("E4")
def test_plan_holder_of_an_administering_office_is_left_to_a_person() -> None:
    made = plan(reading(entry("a", departed=True)), accounts=(account("a")._replace(administers=True),))
    assert (made.automatic, [item.key for item in made.manual]) == ((), ["a"])


@pytest.mark.req("E4")
def test_plan_canary_is_known_in_any_case_of_its_letters() -> None:
    rules = BreakerRules(count=9, share=1.0, floor=0.0, canaries=frozenset({"Chief"}))
    made = plan(reading(entry("cHIEF", departed=True)), accounts=(account("cHIEF"),), rules=rules)
    assert made.automatic == ()


def test_hash_is_the_same_for_the_same_content_in_any_order() -> None:
    first, accounts = mass(3, 5)
    turned = reading(*reversed(first.entries))
    assert plan(first, accounts=accounts).hash == plan(turned, accounts=tuple(reversed(accounts))).hash


def test_hash_differs_when_who_or_why_differs() -> None:
    read = reading(entry("a", departed=True), entry("b", departed=True))
    base = plan(read, accounts=(account("a"),))
    other_person = plan(read, accounts=(account("b"),))
    other_cause = plan(reading(entry("c")), known("a", missing_since=NOW - 2 * HOUR), (account("a"),))
    held = plan(read, accounts=(account("a"),), rules=BreakerRules(count=0, share=1.0, floor=0))
    manual = plan(read, accounts=(account("a", account_class=AccountClass.SYSTEM_ADMINISTRATOR),))
    hashes = {made.hash for made in (base, other_person, other_cause, held, manual)}
    assert len(hashes) == 5


people = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3),
    st.tuples(
        st.sampled_from(["active", "left", "gone", "returned", "broken", "never"]),
        st.sampled_from(list(AccountClass)),
        st.sampled_from(list(AccountStatus)),
        st.integers(0, 180),
    ),
    max_size=40,
)


@pytest.mark.req("E4")
@given(
    people=people,
    canaries=st.sets(st.text("abcdefgh", min_size=1, max_size=2)),
    count=st.integers(0, 8),
    share=st.floats(0, 1),
    floor=st.floats(0, 1),
    baseline=st.none() | st.integers(1, 60),
)
def test_plan_of_any_world_keeps_its_promises(
    people: dict[str, tuple[str, AccountClass, AccountStatus, int]],
    canaries: set[str],
    count: int,
    share: float,
    floor: float,
    baseline: int | None,
) -> None:
    """Never automatic: administrators, canaries, people who are there or unreadable, accounts out of use."""
    shown = [entry(k, departed=p[0] == "left") for k, p in people.items() if p[0] in ("active", "left", "returned")]
    broken = tuple(f"uid={k}" for k, p in people.items() if p[0] == "broken")
    before: dict[str, KnownPerson] = {}
    for key, (state, _, _, minutes) in people.items():
        if state in ("gone", "returned", "broken"):
            before |= known(key, missing_since=NOW - timedelta(minutes=minutes))
    accounts = tuple(account(k, status, cls) for k, (_, cls, status, _) in people.items())
    rules = BreakerRules(count=count, share=share, floor=floor, canaries=frozenset(canaries))
    read = reading(*shown, broken=broken)
    made = plan(read, before, accounts, rules, baseline)
    for item in made.automatic:
        state, account_class, status, minutes = people[item.key]
        assert item.key not in canaries
        assert account_class not in NEVER_AUTOMATIC
        assert status in (AccountStatus.ACTIVE, AccountStatus.SUSPENDED)
        assert state == "left" or (state == "gone" and minutes >= 60)
    if not made.held:
        rows = len(shown) + len(broken)
        assert len(made.automatic) <= min(count, max(1, share * (baseline or rows)))
        assert baseline is None or rows >= floor * baseline * (1 - 1e-12)
    assert made == plan(read, before, accounts[::-1], rules, baseline)
