"""The record of a box and its review: who signs it, when it is complete, what is marked, what is overdue."""

from datetime import timedelta

import pytest

from connector.auth.actor import person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.privileged import service as privileged
from connector.privileged.errors import BoxStateError, NotReviewerError, OwnReviewError, ReviewTooEarlyError
from connector.privileged.review import digest_of
from connector.privileged.tables import BoxRow
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.fixtures_boxes import HOUR, MINUTE, BoxDesk

DAY = timedelta(days=1)


def used_box(desk: BoxDesk, user: AccountRow, *, start: timedelta = timedelta()) -> BoxRow:
    """A box in which the user logged in and that is over."""
    request = desk.town.approve(desk.ask(user, start=start))
    desk.pass_time(start)
    desk.turn()
    desk.town.connector.deliver()
    desk.pass_time(MINUTE)
    found = desk.account(user)
    desk.town.idp.users[found.keycloak_id].password = "Zb7#ttkwz2"
    desk.town.idp.log_in(found.user_name, "centre")
    desk.pass_time(HOUR)
    desk.turn()
    desk.pass_time(MINUTE)
    return desk.box(request.number)


def sign(desk: BoxDesk, by: AccountRow, number: str, verdict: str = "clean", note: str = "") -> BoxRow:
    with desk.town.connector.act(desk.actor_of(by)) as act:
        return privileged.sign_record(act, number, verdict, note)  # type: ignore[arg-type]


def test_record_holds_logins_and_deeds_between_start_and_end_and_nothing_else(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    desk.pass_time(MINUTE)
    desk.town.idp.log_in(user.user_name, "website")  # After the end.
    desk.read_events()
    with desk.town.connector.act(desk.actor_of(user)) as act:
        shown = privileged.show_box(act, box.number)
    assert shown.record is not None
    assert [(use.type, use.client, use.ip) for use in shown.record.uses] == [("LOGIN", "centre", "127.0.0.1")]
    assert {deed.event for deed in shown.record.deeds} >= {"privilege.started", "privilege.granted", "grant.added"}
    assert (shown.record.complete, shown.record.out_of_hours) == (True, False)


def test_use_out_of_office_hours_is_marked(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user, start=timedelta(hours=9))  # 21:00 in China
    desk.read_events()
    with desk.town.connector.act(desk.actor_of(desk.reviewer)) as act:
        record = privileged.show_box(act, box.number).record
    assert record is not None
    assert (record.out_of_hours, [use.out_of_hours for use in record.uses]) == (True, [True])


def test_reviewer_signs_the_record_and_what_he_signed_is_kept(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    desk.read_events()
    signed = sign(desk, desk.reviewer, box.number, "findings", "夜间导出名单，已约谈")
    assert (signed.verdict, signed.report_digest) == ("findings", digest_of(signed.report))
    (entry,) = desk.entries("privilege.reviewed")
    assert (entry.alarm, entry.data["digest"]) == (True, signed.report_digest)
    with pytest.raises(BoxStateError):
        sign(desk, desk.reviewer, box.number)


def test_user_does_not_sign_his_own_record_nor_anybody_but_the_reviewer(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    desk.read_events()
    with pytest.raises(OwnReviewError):
        sign(desk, user, box.number)
    with pytest.raises(NotReviewerError):
        sign(desk, desk.hire(), box.number)


def test_sign_by_password_alone_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    who = desk.reviewer
    weak = person_actor(who.person_id, who.user_name, account_id=who.id, acr="pwd")
    with pytest.raises(StepUpNeededError), desk.town.connector.act(weak) as act:
        privileged.sign_record(act, box.number, "clean")


def test_sign_before_the_events_are_read_to_the_end_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    desk.read_events()
    box = used_box(desk, user)
    with pytest.raises(ReviewTooEarlyError):
        sign(desk, desk.reviewer, box.number)
    desk.read_events()
    assert sign(desk, desk.reviewer, box.number).verdict == "clean"


def test_sign_before_the_end_is_proved_is_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    desk.town.idp.fail("withdraw_roles", times=9)
    desk.pass_time(HOUR)
    desk.turn()
    desk.read_events()
    with pytest.raises(ReviewTooEarlyError):
        sign(desk, desk.reviewer, box.number)


def test_findings_without_a_word_are_refused(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    desk.read_events()
    with pytest.raises(RefusedInputError):
        sign(desk, desk.reviewer, box.number, "findings")


def test_missing_review_is_overdue_and_told_once(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    assert desk.turn()["reviews"] == 0
    desk.pass_time(4 * DAY)
    assert (desk.turn()["reviews"], desk.turn()["reviews"]) == (1, 0)
    with desk.town.connector.act(desk.town.actor(Office.AUDITOR)) as act:
        assert [row.number for row in privileged.list_seen(act, overdue=True)] == [box.number]
    desk.town.connector.deliver()
    assert len([mail for mail in desk.town.mailer.sent if mail.to == "reviewer@example.cn"]) == 2


def test_another_reviewer_is_named_by_security_and_never_the_user(desk: BoxDesk, user: AccountRow) -> None:
    box = used_box(desk, user)
    desk.read_events()
    other = desk.hire()
    security = desk.town.actor(Office.SECURITY_ADMINISTRATOR)
    with pytest.raises(ForbiddenError), desk.town.connector.act(desk.actor_of(other)) as act:
        privileged.name_reviewer(act, box.number, other.user_name)
    with pytest.raises(OwnReviewError), desk.town.connector.act(desk.actor_of(user)) as act:
        privileged.name_reviewer(act, box.number, other.user_name)
    with pytest.raises(RefusedInputError), desk.town.connector.act(security) as act:
        privileged.name_reviewer(act, box.number, user.user_name)
    with desk.town.connector.act(security) as act:
        privileged.name_reviewer(act, box.number, other.user_name)
    assert sign(desk, other, box.number).reviewed_at is not None


def test_boxes_are_seen_by_user_reviewer_heads_and_overseers_alone(desk: BoxDesk, user: AccountRow) -> None:
    box = desk.open_box(user)
    seers = [
        desk.actor_of(user), desk.actor_of(desk.reviewer), desk.town.actor(Office.UNIT_HEAD, "ywk"),
        desk.town.actor(Office.AUDITOR),
    ]  # fmt: skip
    for seer in seers:
        with desk.town.connector.act(seer) as act:
            assert privileged.show_box(act, box.number).number == box.number
            assert [row.number for row in privileged.list_seen(act)] == [box.number]
    for stranger in (desk.town.actor(Office.UNIT_HEAD, "xxjsk"), desk.town.applicant("dljg")):
        with desk.town.connector.act(stranger) as act:
            with pytest.raises(NotFoundError):
                privileged.show_box(act, box.number)
            assert privileged.list_seen(act) == []
