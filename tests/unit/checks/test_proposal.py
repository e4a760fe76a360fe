"""The proposal to the principal: one request, nobody twice, who came back is spared, nothing without a decision."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connector.activity import service as activity
from connector.activity.tables import CursorRow
from connector.auth.actor import job_actor
from connector.checks import proposal
from connector.checks.tables import FindingRow, ScanRow
from connector.outbox.tables import StepRow
from connector.ports import IdpEvent
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.tables import RequestRow, StageRow
from tests.factories import Centre, make_account, make_centre
from tests.fixtures_activity import set_coverage
from tests.fixtures_register import NOON, Desk, open_desk

pytestmark = pytest.mark.req("F1")
JOB = job_actor("scan_dormant")
LATER = NOON + timedelta(days=230)  # a year whose working days are published


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.close()


def log_in(desk: Desk, account: AccountRow, at: timedelta) -> None:
    """A login `at` after LATER reaches the mirror."""
    event = IdpEvent(
        event_id=f"{account.id}{at}", kind="login", at=LATER + at, type="LOGIN", user_id=account.keycloak_id,
        client_id="website", ip=None, error=None,
    )  # fmt: skip
    with desk.act(now=LATER + at) as act:
        activity.ingest(act, "login", [event])


@pytest.fixture
def centre(desk: Desk) -> Centre:
    """A centre of which everybody is in Keycloak and used his account the day before LATER."""
    with desk.act() as act:
        made = make_centre(act)
        for account in made.accounts.values():
            act.session.merge(account).keycloak_id = f"kc-{account.id}"
            account.keycloak_id = f"kc-{account.id}"
        set_coverage(act, NOON)
    for account in made.accounts.values():
        log_in(desk, account, -timedelta(days=1))
    return made


def open_zombie(desk: Desk) -> AccountRow:
    """An account opened at NOON and never used."""
    with desk.act() as act:
        account = make_account(act, "ywk")
        account.keycloak_id = f"kc-{account.id}"
        return account


def propose(desk: Desk, after: timedelta = timedelta()) -> RequestRow | None:
    """Reads the mirror and runs the scan, `after` LATER."""
    with desk.act(JOB, LATER + after) as act:
        act.session.execute(update(CursorRow).values(read_at=act.now))
        return proposal.propose_dormant(act)


def decide(desk: Desk, centre: Centre, request: RequestRow, verdict: Verdict, **more: object) -> None:
    with desk.act(centre.actor(Office.PRINCIPAL), LATER + timedelta(hours=2)) as act:
        act.session.execute(update(CursorRow).values(read_at=act.now))
        stage = act.session.scalars(select(StageRow).where(StageRow.request_id == request.id)).one()
        requests.decide(act, stage_id=stage.id, verdict=verdict, reason="核实", digest=request.digest, **more)  # type: ignore[arg-type]


def status(desk: Desk, account: AccountRow) -> str:
    with desk.act() as act:
        return act.session.get_one(AccountRow, account.id).status


def finding_states(desk: Desk) -> set[str]:
    with desk.act() as act:
        return set(act.session.scalars(select(FindingRow.state)))


def test_propose_nobody_dormant_asks_nothing_but_records_the_scan(desk: Desk, centre: Centre) -> None:
    assert propose(desk) is None
    with desk.act() as act:
        scan = act.session.scalars(select(ScanRow)).one()
    assert (scan.counted, scan.found, scan.unknown) == (len(centre.accounts), 0, 0)


def test_propose_zombies_is_one_request_with_evidence_and_disables_nobody(desk: Desk, centre: Centre) -> None:
    zombies = [open_zombie(desk), open_zombie(desk)]
    request = propose(desk)
    assert request is not None
    assert sorted(request.form["accounts"]) == sorted(zombie.user_name for zombie in zombies)
    assert request.form["evidence"][zombies[0].user_name]["verdict"] == "never_used"
    with desk.act() as act:
        stages = act.session.scalars(select(StageRow).where(StageRow.request_id == request.id)).all()
        kinds = set(act.session.scalars(select(StepRow.kind)))
    assert [stage.office for stage in stages] == ["principal"]
    assert not {kind for kind in kinds if kind.startswith("keycloak.")}
    assert [status(desk, zombie) for zombie in zombies] == ["active", "active"]


def test_propose_again_while_open_proposes_only_who_is_new(desk: Desk, centre: Centre) -> None:
    open_zombie(desk)
    assert propose(desk) is not None
    assert propose(desk, timedelta(hours=1)) is None
    late = open_zombie(desk)
    second = propose(desk, timedelta(hours=1))
    assert second is not None
    assert second.form["accounts"] == [late.user_name]


def test_decide_approved_disables_and_settles_the_finding(desk: Desk, centre: Centre) -> None:
    zombie = open_zombie(desk)
    request = propose(desk)
    assert request is not None
    decide(desk, centre, request, Verdict.APPROVE)
    assert status(desk, zombie) == "disabled"
    assert propose(desk, timedelta(hours=3)) is None
    assert finding_states(desk) == {"disabled"}


@pytest.mark.parametrize("came_back", [True, False], ids=["logged in meanwhile", "excluded by the principal"])
def test_decide_spared_account_stays_active_and_is_not_asked_for_again(
    desk: Desk, centre: Centre, came_back: bool
) -> None:
    zombie = open_zombie(desk)
    request = propose(desk)
    assert request is not None
    if came_back:
        log_in(desk, zombie, timedelta(hours=1))
    decide(desk, centre, request, Verdict.APPROVE, excluded=() if came_back else (zombie.user_name,))
    assert status(desk, zombie) == "active"
    assert propose(desk, timedelta(days=30)) is None
    assert finding_states(desk) == {"spared" if came_back else "excluded"}


def test_decide_rejected_disables_nobody(desk: Desk, centre: Centre) -> None:
    zombie = open_zombie(desk)
    request = propose(desk)
    assert request is not None
    decide(desk, centre, request, Verdict.REJECT)
    assert status(desk, zombie) == "active"
