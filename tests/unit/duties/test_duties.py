"""The calendar of duties: what is due, for whom, by which article; who sees which of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor, job_actor
from connector.duties import overdue
from connector.duties.duty import Duty, DutyState
from connector.duties.service import DutyShown, list_duties
from connector.errors import Text
from connector.outbox.tables import StepRow
from connector.register import people, units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, Office
from connector.reviews import campaigns, corrections, filings, self_checks
from connector.reviews.self_checks import SELF_CHECK, CheckAnswer
from tests.factories import make_account, make_person
from tests.town import HOST, NOON, Town, open_town

PACKS = ("LC", "GS", "HH", "GX", "JC")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town whose first account is from the year before, so that periods have something to look back on."""
    opened = open_town(tmp_path, packs=PACKS)
    with opened.connector.act(HOST, now=datetime(2025, 3, 3, tzinfo=UTC)) as act:
        make_account(act, "ywk", *opened.permissions(1))
    yield opened
    opened.close()


def seen(town: Town, actor: Actor, now: datetime = NOON, *, every: bool = False) -> dict[str, DutyShown]:
    with town.connector.act(actor, now=now) as act:
        return {duty.key: duty for duty in list_duties(act, every=every)}


def test_state_of_a_duty_follows_the_clock() -> None:
    duty = Duty(key="x", what=Text("甲", "a"), clause="JC 9", page="/", due_at=NOON)
    assert duty.state(NOON) is DutyState.DUE
    assert duty.state(NOON + timedelta(seconds=1)) is DutyState.OVERDUE


def test_list_duties_names_office_unit_article_and_day(town: Town) -> None:
    found = seen(town, HOST)
    own = found["self_check:2026-Q1:ywk"]
    assert (own.office, own.unit_code, own.clause) == ("unit_head", "ywk", "HH 3")
    assert own.due_at == town.connector.rulebook.calendar.due(datetime(2026, 4, 1, tzinfo=UTC), 10)
    assert found["self_check:2025-Q4:ywk"].state is DutyState.OVERDUE
    assert found["filing:2025-Q4"].clause == "JC 19"
    assert found["key_custody:2026-Q1:jyzx"].office == "key_custodian"
    assert {"inspection:2025-H2", "inspection:2026-H1"} <= found.keys()


def test_unit_head_sees_his_own_unit_only(town: Town) -> None:
    found = seen(town, town.actor(Office.UNIT_HEAD, "xxjsk"))
    assert {duty.unit_code for duty in found.values()} == {"xxjsk"}
    assert "filing:2025-Q4" not in found


def test_somebody_without_office_sees_nothing(town: Town) -> None:
    assert seen(town, town.applicant("dljg")) == {}


def test_signed_self_check_is_done_and_listed_only_with_everything(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    given = [CheckAnswer(name=q.name, ok=True) for q in town.connector.rulebook.checklist(SELF_CHECK)]
    with town.connector.act(head) as act:
        self_checks.sign_check(act, SELF_CHECK, "ywk", "2026-Q1", given)
    assert "self_check:2026-Q1:ywk" not in seen(town, head)
    assert seen(town, head, every=True)["self_check:2026-Q1:ywk"].state is DutyState.DONE


def test_finding_of_a_self_check_is_a_duty_of_the_person_responsible(town: Town) -> None:
    with town.connector.act(HOST) as act:
        member = make_person(act, "ywk")
        account = make_account(act, "ywk", person=member)
    given = [
        CheckAnswer(
            name=q.name, ok=q.name != "left", note="未交接", responsible=account.user_name, due_on=date(2026, 3, 20)
        )
        for q in town.connector.rulebook.checklist(SELF_CHECK)
    ]
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        self_checks.sign_check(act, SELF_CHECK, "ywk", "2026-Q1", given)
    from connector.auth.actor import person_actor

    [own] = seen(town, person_actor(member.id, account.user_name)).values()
    assert (own.what, own.person) == ("整改", member.name)


def tell(town: Town, now: datetime) -> int:
    with town.connector.act(job_actor("tell_duties"), now=now) as act:
        return overdue.tell_overdue(act)


def test_late_duties_are_alarmed_once_and_mailed_to_the_office(town: Town) -> None:
    with town.connector.act(HOST) as act:
        people.get_person(act, town.centre.person(Office.UNIT_HEAD, "ywk").id).mail = "head@example.cn"
    late = {key for key, duty in seen(town, HOST).items() if duty.state is DutyState.OVERDUE}
    assert tell(town, NOON) > 0
    with town.connector.act(HOST) as act:
        told = select(AuditEntryRow).where(AuditEntryRow.event == Event.DUTY_OVERDUE.value)
        entries = {entry.subject.removeprefix("duty:"): entry for entry in act.session.scalars(told)}
        letters = [step.payload for step in act.session.scalars(select(StepRow).where(StepRow.kind == "mail"))]
    assert {"self_check:2025-Q4:ywk", "key_custody:2025-Q4:jyzx", "inspection:2025-H2"} <= entries.keys() <= late
    assert not any(key.startswith("filing:") for key in entries)  # That one alarms by itself.
    assert all(entry.alarm for entry in entries.values())
    assert [letter["to"] for letter in letters if "自查" in letter["subject"]] == ["head@example.cn"]
    assert tell(town, NOON + timedelta(days=1)) == 0


def test_correction_that_is_done_and_not_checked_in_time_is_told(town: Town) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(head) as act:
        unit = units.get_unit(act, "ywk")
        row = corrections.open_correction(
            act, source="self_check", source_id="1", item="one", finding="一人借用账号", unit_id=unit.id,
            clause="HH 3", responsible=head.name, due_on=NOON.date() + timedelta(days=3),
        )  # fmt: skip
        corrections.do_correction(act, row.id, "已收回并教育")
    tell(town, NOON)
    assert tell(town, NOON + timedelta(days=2)) == 0
    assert tell(town, NOON + timedelta(days=5)) == 1


def test_review_moves_to_the_leaders_duties_when_nobody_answers(town: Town) -> None:
    from connector.auth.actor import job_actor
    from connector.reviews import carry_on

    with town.connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        campaign = campaigns.open_campaign(act, ["ywk"])
    key = f"review:{campaign.number}:ywk"
    assert seen(town, HOST)[key].office == "unit_head"
    with town.connector.act(job_actor("carry_reviews"), now=campaign.due_at) as act:
        carry_on.carry_on(act)
    assert seen(town, HOST, campaign.due_at)[key].office == "leader_in_charge"


def test_filing_is_the_principals_once_prepared(town: Town) -> None:
    with town.connector.act(town.actor(Office.OPERATOR)) as act:
        filings.make_filing(act)
    assert seen(town, town.actor(Office.PRINCIPAL))["filing:2025-Q4"].office == "principal"


def test_open_request_is_a_duty_of_the_deciding_office(town: Town) -> None:
    town.submit()
    found = [
        duty for duty in seen(town, town.actor(Office.UNIT_HEAD, "ywk")).values() if duty.key.startswith("decide:")
    ]
    assert [(duty.office, duty.unit_code, duty.count) for duty in found] == [("unit_head", "ywk", 1)]


def test_test_account_asks_for_an_acceptance_check(town: Town) -> None:
    from connector.register import accounts

    with town.connector.act(HOST) as act:
        account: AccountRow = accounts.open_account(
            act, make_person(act, "ywk"), account_class=AccountClass.ORDINARY, opened_by="paper:T",
            purpose=AccountPurpose.TEST, valid_until=NOON + timedelta(days=9),
        )  # fmt: skip
        accounts.add_grants(act, account, town.permissions(1), granted_by="paper:T")
    subsystem = town.permissions(1)[0].split(":")[0]
    found = seen(town, HOST)[f"acceptance:{subsystem}"]
    assert (found.clause, found.due_at) == ("JC 21", NOON + timedelta(days=9))
