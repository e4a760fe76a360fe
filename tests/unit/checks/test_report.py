"""The report after a proposal: what became of each account, with its moment; the clean-up list; late evidence."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from connector.activity import service as activity
from connector.activity.tables import CursorRow
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import job_actor
from connector.checks import cleanup, proposal, views
from connector.checks.cleanup import HEADINGS, CleanUpRow
from connector.checks.dormancy import DORMANT
from connector.checks.left_over import TEST_ACCOUNT
from connector.checks.orphans import ORPHANED
from connector.checks.report import Outcome, Report
from connector.checks.tables import FindingRow
from connector.ports import IdpEvent
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, Verdict
from connector.requests import service as requests
from connector.requests.errors import MirrorBehindError
from connector.requests.tables import RequestRow
from tests.factories import make_account
from tests.fixtures_activity import set_coverage
from tests.town import HOST, NOON, Town, open_town

pytestmark = pytest.mark.req("F1")
LATER = NOON + timedelta(days=120)
DECIDED = LATER + timedelta(hours=2)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
JOB = job_actor("scan_dormant")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    with opened.connector.act(HOST) as act:
        set_coverage(act, NOON)
    yield opened
    opened.close()


def open_zombies(town: Town, count: int) -> list[AccountRow]:
    """Accounts in Keycloak that nobody ever uses."""
    made = []
    for _ in range(count):
        with town.connector.act(HOST, now=NOON) as act:
            account = make_account(act, "ywk", "website:notice.editor")
            provisioning.open_in_keycloak(act, account, [], request_id="paper:1", link=False)
        made.append(account)
    town.connector.deliver()
    with town.connector.act(HOST) as act:
        return [act.session.get_one(AccountRow, account.id) for account in made]


def read_mirror(town: Town, now: datetime) -> None:
    with town.connector.act(HOST, now=now) as act:
        act.session.execute(update(CursorRow).values(read_at=now))


def log_in(town: Town, account: AccountRow, at: datetime, *, read: datetime | None = None) -> None:
    """A login at `at`, which the mirror reads at `read`."""
    event = IdpEvent(
        event_id=f"{account.id}{at}", kind="login", at=at, type="LOGIN", user_id=account.keycloak_id,
        client_id="website", ip=None, error=None,
    )  # fmt: skip
    with town.connector.act(HOST, now=read or at) as act:
        activity.ingest(act, "login", [event])


def propose(town: Town, now: datetime = LATER) -> tuple[str, RequestRow]:
    read_mirror(town, now)
    with town.connector.act(JOB, now=now) as act:
        run = proposal.propose(act, DORMANT)
        request = proposal.request_of(act, run)
    assert request is not None
    return run.id, request


def decide(
    town: Town, request: RequestRow, *, excluded: tuple[str, ...] = (), verdict: Verdict = Verdict.APPROVE
) -> None:
    read_mirror(town, DECIDED - 10 * SECOND)
    town.decide(request, verdict, now=DECIDED, excluded=excluded)  # Freezes are tried right after the commit.


def report(town: Town, scan_id: str) -> Report:
    with town.connector.act(HOST, reading=True) as act:
        return views.report(act, scan_id)


def outcomes(found: Report) -> dict[str, Outcome]:
    return {line.user_name: line.outcome for line in found.lines}


def test_report_before_the_decision_says_proposed(town: Town) -> None:
    zombies = open_zombies(town, 2)
    scan_id, request = propose(town)
    found = report(town, scan_id)
    assert (found.request, found.request_state, found.decided_at) == (request.number, "pending", None)
    assert outcomes(found) == {zombie.user_name: Outcome.PROPOSED for zombie in zombies}
    assert {line.at for line in found.lines} == {None}


def test_report_after_a_decision_in_part_tells_each_account_with_its_moment(town: Town) -> None:
    zombie, excluded, returner, gone = open_zombies(town, 4)
    scan_id, request = propose(town)
    log_in(town, returner, LATER + HOUR)
    with town.connector.act(HOST, now=LATER + HOUR) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, gone.id), cause="departure")
    decide(town, request, excluded=(excluded.user_name,))
    log_in(town, returner, DECIDED + HOUR)
    found = report(town, scan_id)
    assert {line.user_name: (line.outcome, line.at) for line in found.lines} == {
        zombie.user_name: (Outcome.DISABLED, DECIDED),
        excluded.user_name: (Outcome.EXCLUDED, DECIDED),
        returner.user_name: (Outcome.SPARED, LATER + HOUR),
        gone.user_name: (Outcome.ALREADY_OUT, DECIDED),
    }
    verified = {line.user_name: line.verified_at for line in found.lines if line.verified_at}
    assert set(verified) == {zombie.user_name}, "read back from Keycloak: disabled, no session"
    assert found.verified == 1
    assert not town.idp.users[zombie.keycloak_id].enabled
    assert found.counts[Outcome.DISABLED] == 1


def test_report_after_a_refusal_keeps_everybody(town: Town) -> None:
    [zombie] = open_zombies(town, 1)
    scan_id, request = propose(town)
    decide(town, request, verdict=Verdict.REJECT)
    found = report(town, scan_id)
    assert outcomes(found) == {zombie.user_name: Outcome.REJECTED}
    assert found.lines[0].at == DECIDED


def test_decide_while_the_mirror_stands_still_is_refused_and_stores_nothing(town: Town) -> None:
    [zombie] = open_zombies(town, 1)
    _, request = propose(town)
    read_mirror(town, DECIDED - 61 * SECOND)
    with pytest.raises(MirrorBehindError):
        town.decide(request, now=DECIDED)
    with town.connector.act(HOST) as act:
        assert requests.get_request(act, request.id).state == "pending"
        assert act.session.get_one(AccountRow, zombie.id).status == "active"
    read_mirror(town, DECIDED - 60 * SECOND)
    assert town.decide(request, now=DECIDED).state == "approved"


def test_login_that_the_mirror_learns_of_after_the_decision_is_told_and_alarmed(town: Town) -> None:
    late, zombie = open_zombies(town, 2)
    log_in(town, zombie, NOON + HOUR)
    scan_id, request = propose(town)
    decide(town, request)
    log_in(town, late, DECIDED - 5 * SECOND, read=DECIDED + 5 * SECOND)
    assert outcomes(report(town, scan_id)) == {
        late.user_name: Outcome.OVERTAKEN, zombie.user_name: Outcome.DISABLED,
    }  # fmt: skip
    assert settle(town, DECIDED + 5 * SECOND) == 0, "more may still come"
    assert settle(town, DECIDED + 31 * SECOND) == 2
    with town.connector.act(HOST) as act:
        alarm = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "finding.overtaken")).one()
        states = set(act.session.scalars(select(FindingRow.state)))
    assert (alarm.alarm, alarm.account_id) == (True, late.id)
    assert states == {"overtaken", "disabled"}
    assert settle(town, DECIDED + HOUR) == 0, "once"


def settle(town: Town, now: datetime) -> int:
    read_mirror(town, now)
    with town.connector.act(HOST, now=now) as act:
        return proposal.settle_findings(act)


def test_propose_again_leaves_out_who_is_in_any_open_proposal_however_old(town: Town) -> None:
    [zombie] = open_zombies(town, 1)
    propose(town)
    much_later = LATER + timedelta(days=400)
    read_mirror(town, much_later)
    with town.connector.act(JOB, now=much_later) as act:
        accounts.lock_account(act, zombie.id).purpose = "test"
        assert proposal.propose(act, DORMANT).request_id is None
        assert proposal.propose(act, TEST_ACCOUNT).request_id is None, "nor by another scan"


@pytest.mark.req("F4")
def test_orphan_that_is_given_a_permission_meanwhile_is_spared(town: Town) -> None:
    with town.connector.act(HOST) as act:
        given, forgotten = (make_account(act, "ywk") for _ in range(2))
        given.keycloak_id, forgotten.keycloak_id = "kc-given", "kc-forgotten"
    with town.connector.act(JOB, now=LATER) as act:
        run = proposal.propose(act, ORPHANED)
        request = proposal.request_of(act, run)
    assert request is not None
    assert set(request.form["accounts"]) == {given.user_name, forgotten.user_name}
    with town.connector.act(HOST, now=LATER + HOUR) as act:
        accounts.add_grants(act, accounts.lock_account(act, given.id), town.permissions(1), granted_by="paper:3")
    town.decide(request, now=DECIDED)
    assert {line.user_name: (line.outcome, line.at) for line in report(town, run.id).lines} == {
        given.user_name: (Outcome.SPARED, LATER + HOUR),
        forgotten.user_name: (Outcome.DISABLED, DECIDED),
    }


def test_list_scans_newest_first_with_their_proposals(town: Town) -> None:
    open_zombies(town, 1)
    first, request = propose(town)
    read_mirror(town, LATER + HOUR)
    with town.connector.act(JOB, now=LATER + HOUR) as act:
        second = proposal.propose(act, DORMANT).id
    with town.connector.act(HOST, reading=True) as act:
        listed = views.list_scans(act)
        assert views.list_scans(act, name="passwords") == []
    assert [(view.scan_id, view.request, view.proposed, view.left) for view in listed] == [
        (second, None, 0, 0), (first, request.number, 1, 0),
    ]  # fmt: skip


def test_propose_more_than_the_limit_leaves_the_rest_for_the_next(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposal, "LIMIT", 2)
    open_zombies(town, 3)
    scan_id, first = propose(town)
    with town.connector.act(HOST, reading=True) as act:
        view = views.get_scan(act, scan_id)
    assert (view.found, view.proposed, view.left) == (3, 2, 1)
    _, second = propose(town, LATER + HOUR)
    assert not set(first.form["accounts"]) & set(second.form["accounts"])


def test_cleanup_list_has_the_columns_of_the_annex_one_line_a_system(town: Town) -> None:
    zombie, excluded = open_zombies(town, 2)
    with town.connector.act(HOST) as act:
        accounts.add_grants(
            act, accounts.lock_account(act, zombie.id), town.permissions(2), granted_by="paper:2"
        )  # fmt: skip
        name = act.session.get_one(PersonRow, zombie.person_id).name
    scan_id, request = propose(town)
    decide(town, request, excluded=(excluded.user_name,))
    with town.connector.act(HOST, reading=True) as act:
        rows = views.cleanup_list(act, scan_id)
    own = [row for row in rows if row.user_name == zombie.user_name]
    assert len(own) >= 2
    assert {(row.unit, row.person, row.account_class, row.treatment) for row in own} == {
        ("业务科", name, "普通用户", "已禁用")
    }
    assert {row.treatment for row in rows if row.user_name == excluded.user_name} == {"审批时排除，保留"}


def test_write_xlsx_reads_back_as_the_annex_and_holds_no_formula() -> None:
    rows = [
        CleanUpRow("网站系统", "业务科", '=HYPERLINK("http://x")', "371500-ywk-0001", "普通用户", "拟禁用"),
        CleanUpRow("网站系统", "业务科", "王\x07小", "371500-ywk-0002", "普通用户", "已禁用"),
    ]
    sheet = load_workbook(io.BytesIO(cleanup.write_xlsx(rows))).worksheets[0]
    written = list(sheet.iter_rows())
    assert [written[0][0].value, written[1][0].value] == ["信息系统账号清理清单", "系统名称：网站系统"]
    assert tuple(cell.value for cell in written[2]) == HEADINGS
    assert [cell.value for cell in written[3]][2:4] == ['=HYPERLINK("http://x")', "371500-ywk-0001"]
    assert {cell.data_type for row in written[3:] for cell in row} == {"s"}
    assert written[4][2].value == "王小"


@pytest.mark.parametrize("office", [Office.PRINCIPAL, Office.AUDITOR])
def test_preview_changes_nothing(town: Town, office: Office) -> None:
    open_zombies(town, 2)
    read_mirror(town, LATER)
    with town.connector.act(town.actor(office), now=LATER, reading=True) as act:
        before = act.session.query(AuditEntryRow).count()
        found = views.preview(act, "dormant")
        assert act.session.query(AuditEntryRow).count() == before
    assert found.counts["never_used"] == 2
    assert found.unknown == {}
