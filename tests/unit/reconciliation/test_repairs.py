"""From a run to its repair: one request, two offices, the ordinary road, and a run that proves it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.errors import NotFoundError
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.provisioning.agreement import Drift
from connector.provisioning.errors import StrangerOutOfReachError
from connector.reconciliation import rules
from connector.reconciliation import service as reconciliation
from connector.reconciliation.errors import NothingToRepairError, OldRunError, PlanRefusedError
from connector.reconciliation.rules import Finding, Suspects, plan_hash, plan_repair
from connector.register.tables import AccountRow, AppointmentRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests.tables import RequestRow
from jobs import ingest_events
from tests.fixtures_reconciliation import deliver, opened, reconcile, report, request_of, told
from tests.town import HOST, Town

ROLE = ("centre", "experts.viewer")


def drift(town: Town) -> tuple[AccountRow, AccountRow, str]:
    """One account with a role too many, one that is gone, and one user nobody applied for."""
    first, second = opened(town), opened(town)
    town.idp.give_by_hand(first.keycloak_id, *ROLE)
    town.idp.delete_user(second.keycloak_id)
    return first, second, town.idp.make_member("mole")


def open_requests(town: Town) -> list[RequestRow]:
    with town.connector.act(HOST) as act:
        query = select(RequestRow).where(
            RequestRow.kind == RequestKind.REPAIR_DRIFT.value, RequestRow.state == "pending"
        )
        return list(act.session.scalars(query))


def propose(town: Town, run_id: str = "") -> RequestRow:
    with town.connector.act(reconciliation.JOB) as act:
        return reconciliation.propose(act, run_id)


def test_propose_asks_two_offices_once_with_what_differs_for_each(town: Town) -> None:
    first, second, mole = drift(town)
    found = reconcile(town)
    request = request_of(town, found)
    assert (found.run.plan, found.run.request, found.run.request_state) == ("proposed", request.number, "pending")
    assert request.form["accounts"] == sorted([first.user_name, second.user_name])
    assert request.form["strangers"] == [mole]
    assert request.form["evidence"] == {
        first.user_name: {"differences": [{"kind": "extra_role", "name": "centre:experts.viewer"}]},
        second.user_name: {"differences": [{"kind": "missing", "name": ""}]},
        mole: {"differences": [{"kind": "unknown", "name": "mole"}], "user_name": "mole"},
    }
    assert request.form["plan_hash"] == found.run.plan_hash
    offices = []
    while request.state == "pending":
        offices.append(town.open_stage(request).office)
        request = town.decide(request)
    assert sorted(offices) == sorted([Office.SECURITY_ADMINISTRATOR.value, Office.SYSTEM_DEPARTMENT_HEAD.value])


def test_approve_repairs_everything_and_the_next_run_proves_it(town: Town) -> None:
    first, second, mole = drift(town)
    found = reconcile(town)
    assert {view.state for view in found.differences} == {"proposed"}
    town.approve(request_of(town, found))
    deliver(town)
    clean = reconcile(town)
    assert (told(clean), clean.run.agrees, clean.run.shut_out, clean.run.plan) == ([], True, 1, "none")
    after = report(town, found.run.id)
    assert (after.repaired, after.left, after.spared) == (3, 0, 0)
    assert ROLE[1] not in town.idp.users[first.keycloak_id].roles[ROLE[0]]
    assert not town.idp.users[mole].enabled
    assert second.keycloak_id not in town.idp.users


def test_approve_in_part_spares_whom_it_leaves_out_and_does_not_ask_again(town: Town) -> None:
    first, second, mole = drift(town)
    found = reconcile(town)
    request = town.decide(request_of(town, found), excluded=(first.user_name, mole))
    town.approve(request)
    deliver(town)
    later = reconcile(town)
    assert sorted(told(later)) == [
        ("extra_role", first.user_name, "centre:experts.viewer"),
        ("unknown", "mole", ""),
    ]
    assert (later.run.plan, later.run.request) == ("none", None)
    after = report(town, found.run.id)
    assert (after.repaired, after.left, after.spared) == (1, 0, 2)
    assert town.idp.users[mole].enabled
    town.clock.advance(timedelta(days=31))
    assert reconcile(town).run.plan == "proposed"
    assert second.id


def test_reconcile_before_the_repair_is_carried_out_neither_asks_again_nor_calls_it_repaired(town: Town) -> None:
    drift(town)
    found = reconcile(town)
    town.approve(request_of(town, found))
    again = reconcile(town)  # No step was run yet.
    assert (told(again), again.run.in_progress, again.run.plan) == ([], 3, "none")
    assert report(town, found.run.id).repaired == 0


def test_reconcile_again_while_the_same_plan_waits_asks_only_once(town: Town) -> None:
    drift(town)
    found, again = reconcile(town), reconcile(town)
    assert (again.run.plan, again.run.request_id) == ("waiting", found.run.request_id)
    assert len(open_requests(town)) == 1


def test_reconcile_something_else_withdraws_the_plan_that_waits(town: Town) -> None:
    first, _, _ = drift(town)
    found = reconcile(town)
    town.idp.users[first.keycloak_id].enabled = False
    again = reconcile(town)
    assert again.run.plan == "proposed"
    assert request_of(town, found).state == "withdrawn"
    assert [request.id for request in open_requests(town)] == [again.run.request_id]
    assert {view.state for view in report(town, found.run.id).differences} == {"found"}


def test_reconcile_a_town_that_agrees_by_now_withdraws_the_plan_that_waits(town: Town) -> None:
    first = opened(town)
    town.idp.give_by_hand(first.keycloak_id, *ROLE)
    found = reconcile(town)
    town.idp.withdraw_roles(first.keycloak_id, ROLE[0], [ROLE[1]])
    assert reconcile(town).run.plan == "none"
    assert request_of(town, found).state == "withdrawn"


def test_approve_a_plan_whose_account_changed_since_converges_on_the_register_of_today(town: Town) -> None:
    first = opened(town)
    town.idp.give_by_hand(first.keycloak_id, *ROLE)
    found = reconcile(town)
    grant = town.form(kind=RequestKind.GRANT, account=first.user_name, permissions=(":".join(ROLE),))
    town.approve(town.submit(grant))
    deliver(town)
    town.approve(request_of(town, found))
    deliver(town)
    assert ROLE[1] in town.idp.users[first.keycloak_id].roles[ROLE[0]]
    assert reconcile(town).run.agrees


def test_reject_a_plan_is_not_asked_again_until_something_changes(town: Town) -> None:
    first, _, mole = drift(town)
    found = reconcile(town)
    town.decide(request_of(town, found), Verdict.REJECT, reason="先核查来源")
    again = reconcile(town)
    assert (again.run.plan, again.run.request, open_requests(town)) == ("none", None, [])
    assert report(town, found.run.id).spared == 3
    town.idp.users[mole].enabled = False
    town.idp.users[first.keycloak_id].enabled = False
    assert reconcile(town).run.plan == "proposed"


def test_propose_a_plan_whose_hash_looks_like_a_phone_is_no_personal_number(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    drift(town)
    hashed = "a13900000001b".ljust(64, "0")
    monkeypatch.setattr("connector.reconciliation.propose.plan_hash", lambda _planned: hashed)
    found = reconcile(town)
    assert (found.run.plan, request_of(town, found).form["plan_hash"]) == ("proposed", hashed)


def test_propose_an_older_run_is_refused(town: Town) -> None:
    drift(town)
    found = reconcile(town, asks=False)
    reconcile(town, asks=False)
    with pytest.raises(OldRunError):
        propose(town, found.run.id)
    assert propose(town).form["plan_hash"]


def test_propose_where_nothing_differs_is_refused(town: Town) -> None:
    with pytest.raises(NotFoundError):
        propose(town)
    reconcile(town)
    with pytest.raises(NothingToRepairError):
        propose(town)


def test_propose_what_only_an_administrator_can_repair_asks_nobody(town: Town) -> None:
    town.idp.take_out_of_accounts(opened(town).keycloak_id)
    found = reconcile(town)
    assert (found.run.plan, found.run.request) == ("none", None)
    assert "administrator" in found.differences[0].who_en


def test_propose_the_very_plan_that_was_refused_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    drift(town)
    request = request_of(town, reconcile(town))
    town.decide(request, Verdict.REJECT, reason="先核查来源")
    with pytest.raises(PlanRefusedError) as refused:
        propose(town)
    assert refused.value.facts["number"] == request.number


def test_reconcile_where_nobody_can_decide_says_so_and_alarms(town: Town) -> None:
    with town.connector.act(HOST) as act:
        query = select(AppointmentRow).where(AppointmentRow.office == Office.SECURITY_ADMINISTRATOR.value)
        for row in act.session.scalars(query).all():
            row.ended_at, row.ended_by = act.now, "paper:2"
    drift(town)
    found = reconcile(town)
    assert (found.run.plan, found.run.plan_refused_by, found.run.request) == ("undecidable", "no-approver", None)
    with town.connector.act(HOST) as act:
        entry = act.session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.event == Event.REPAIR_NOT_DECIDABLE.value)
        ).one()
    assert entry.alarm


def test_shut_out_a_stranger_takes_his_permissions_and_the_step_names_who_disables_him(town: Town) -> None:
    mole = town.idp.make_stranger("mole")
    town.idp.give_by_hand(mole, *ROLE)
    ingest_events.run(town.connector, town.clock.now())
    found = reconcile(town)
    town.approve(request_of(town, found))
    deliver(town)
    ingest_events.run(town.connector, town.clock.now())
    assert reconcile(town).run.agrees
    assert report(town, found.run.id).repaired == 1
    with town.connector.act(HOST) as act:
        step = act.session.scalars(select(StepRow).where(StepRow.kind == "keycloak.shut_out")).one()
    assert step.state == "dead"
    assert "cannot be disabled from here" in str(step.last_error)
    assert "administrator" in StrangerOutOfReachError().problem()["en"]["who"]


def test_reconcile_is_read_only_until_people_have_decided(town: Town) -> None:
    drift(town)
    before = {user_id: (user.enabled, str(user.roles)) for user_id, user in town.idp.users.items()}
    town.idp.calls.clear()
    reconcile(town)
    deliver(town)
    assert {user_id: (user.enabled, str(user.roles)) for user_id, user in town.idp.users.items()} == before
    assert set(town.idp.calls) <= {"list_accounts", "list_roles", "list_role_holders", "get_user", "roles_of"}


def finding(kind: Drift, subject: str, name: str = "", step_id: int | None = None) -> Finding:
    return Finding(kind, subject, None, name, step_id)


def test_plan_hash_is_of_the_content_and_not_of_its_order() -> None:
    one, two = finding(Drift.EXTRA_ROLE, "a", "x:y"), finding(Drift.ENABLED, "b")
    assert plan_hash([one, two]) == plan_hash([two, one])
    assert plan_hash([one]) != plan_hash([one, two])
    assert plan_hash([one]) != plan_hash([finding(Drift.EXTRA_ROLE, "a", "x:z")])


def test_plan_repair_takes_the_gravest_first_and_stops_at_what_people_can_read() -> None:
    many = [finding(Drift.MISSING_ROLE, f"a{number:03d}", "x:y") for number in range(rules.PROPOSED)]
    planned = plan_repair([*many, finding(Drift.ENABLED, "z")], ())
    assert planned[0].kind is Drift.ENABLED
    assert len(planned) == rules.PROPOSED


def test_plan_repair_leaves_out_what_cannot_be_repaired_or_was_spared() -> None:
    found = [
        finding(Drift.OUTSIDE, "a"),
        finding(Drift.UNLISTED_ROLE, "b", "x:y"),
        finding(Drift.EXTRA_ROLE, "b", "x:z"),
        finding(Drift.MISSING, "c", step_id=7),
        finding(Drift.ENABLED, "d"),
        Finding(Drift.CLIENT_ROLE, None, None, "x:y"),
    ]
    assert plan_repair(found, {("enabled", "d", "")}) == found[1:3]


def test_suspects_keep_the_worst_of_each_account() -> None:
    suspects = Suspects()
    for kind in (Drift.MISSING_ROLE, Drift.ENABLED, Drift.EXTRA_ROLE):
        suspects.add("a", kind)
    suspects.add("b", Drift.MISSING)
    assert suspects.accounts["a"] is Drift.ENABLED
    assert suspects.first(1) == (["a"], {"b"})


def test_repair_behind_an_earlier_step_of_the_account_keeps_its_turn(town: Town) -> None:
    first = opened(town)
    town.idp.give_by_hand(first.keycloak_id, *ROLE)
    found = reconcile(town)
    town.idp.fail("grant_roles", times=1)
    grant = town.form(kind=RequestKind.GRANT, account=first.user_name, permissions=("website:notice.editor",))
    town.approve(town.submit(grant))
    town.approve(request_of(town, found))
    deliver(town)
    with town.connector.act(HOST) as act:
        kinds = [step.kind for step in outbox.list_steps(act, account_id=first.id)]
    assert kinds.index("keycloak.grant_roles") < kinds.index("keycloak.converge")
    assert reconcile(town).run.agrees
