"""The check against the table of posts: shown, refused without an override, bound to what was shown, and listed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.errors import ForbiddenError, RefusedInputError
from connector.register import accounts, ledger, people
from connector.register.tables import GrantRow
from connector.regulations.vocabulary import Office, RequestKind, Verdict
from connector.requests import overrides
from connector.requests import service as requests
from connector.requests.entitlement import Standing, judge
from connector.requests.entitlement_errors import (
    EntitlementChangedError,
    ExcessNeedsOverrideError,
    OverrideMisplacedError,
    OverrideStaleError,
)
from connector.requests.tables import RequestRow
from tests.factories import make_person_form
from tests.fixtures_matrix import WHY, adopt, check_of, granted_beyond, override, to_department
from tests.town import HOST, Town


def asked(town: Town, *permissions: str) -> RequestRow:
    """A first grant that waits for the system department."""
    return to_department(town, town.submit(town.form(permissions=permissions)))


def held(town: Town, request: RequestRow) -> set[str]:
    with town.connector.act(HOST) as act:
        row = requests.get_request(act, request.id)
        return {p.id for p in accounts.list_grants(act, accounts.get_account(act, str(row.account_id)))}


@pytest.mark.parametrize(
    ("may", "has_table", "expected"),
    [
        ({"a"}, True, [Standing.ALLOWED, Standing.EXCESS]),
        (set(), True, [Standing.EXCESS, Standing.EXCESS]),
        (None, True, [Standing.UNKNOWN_POST, Standing.UNKNOWN_POST]),
        (None, False, [Standing.NO_TABLE, Standing.NO_TABLE]),
    ],
)
def test_judge_by_the_table_says_of_each_permission(
    may: set[str] | None, has_table: bool, expected: list[Standing]
) -> None:
    assert judge(may, has_table=has_table, asked=["b", "a"]) == tuple(zip("ab", expected, strict=True))


@pytest.mark.req("B5")
def test_approve_excess_without_an_override_is_refused_and_with_it_recorded_for_the_inspection(town: Town) -> None:
    allowed, beyond = town.permissions(2)
    adopt(town, allowed)
    request = asked(town, allowed, beyond)
    found = check_of(town, request)
    assert {line.permission: line.standing for line in found.lines} == {allowed: "allowed", beyond: "excess"}
    assert (found.outside, found.matrix_version, found.post) == ([beyond], 1, "科员")
    with pytest.raises(ExcessNeedsOverrideError, match=beyond):
        town.decide(request)
    request = town.approve(town.decide(request, override=override(found)))
    assert held(town, request) == {allowed, beyond}
    user_name = town.account_of(request).user_name
    with town.connector.act(town.actor(Office.AUDITOR)) as act:
        (listed,) = overrides.list_overrides(act)
        page = ledger.list_ledger(act, text=user_name)
    told = {grant.permission_id: grant.overridden_by for row in page.rows for grant in row.grants}
    assert told == {allowed: "", beyond: town.actor(Office.SYSTEM_DEPARTMENT_HEAD).name}
    decider = town.centre.person(Office.SYSTEM_DEPARTMENT_HEAD)
    assert (listed.request, listed.permissions, listed.held, listed.reason, listed.decided_by) == (
        request.number,
        [beyond],
        [beyond],
        WHY,
        decider.name,
    )
    with town.connector.act(HOST) as act:
        entry = act.session.scalars(select(AuditEntryRow).where(AuditEntryRow.event == "entitlement.overridden")).one()
    assert (entry.request_id, entry.data["permissions"]) == (request.id, [beyond])
    assert WHY not in repr(entry.data)


def test_approve_what_the_table_allows_needs_no_override(town: Town) -> None:
    (allowed,) = town.permissions(1)
    adopt(town, allowed)
    assert town.approve(town.submit(town.form(permissions=(allowed,)))).state == "approved"


def test_approve_in_a_unit_without_a_table_is_shown_and_not_stopped(town: Town) -> None:
    request = asked(town, *town.permissions(1))
    found = check_of(town, request)
    assert ([line.standing for line in found.lines], found.outside, found.matrix_version) == (["no_table"], [], None)
    assert town.approve(request).state == "approved"


def test_approve_for_a_post_the_table_does_not_know_needs_an_override_and_says_so_apart(town: Town) -> None:
    (allowed,) = town.permissions(1)
    adopt(town, allowed)
    person = make_person_form("ywk", post="司机")
    request = to_department(town, town.submit(town.form(permissions=(allowed,), person=person)))
    found = check_of(town, request)
    assert [line.standing for line in found.lines] == ["unknown_post"]
    with pytest.raises(ExcessNeedsOverrideError):
        town.decide(request)
    town.decide(request, override=override(found))
    with town.connector.act(HOST) as act:
        (listed,) = overrides.list_overrides(act)
    assert listed.post_unknown


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.RETURN])
def test_refuse_excess_without_an_override_is_free(town: Town, verdict: Verdict) -> None:
    allowed, beyond = town.permissions(2)
    adopt(town, allowed)
    assert town.decide(asked(town, beyond), verdict, reason="超出岗位").state != "pending"


def test_override_after_the_table_changed_is_refused_and_asked_again(town: Town) -> None:
    first, second, third = town.permissions(3)
    adopt(town, first)
    request = asked(town, first, second)
    shown = check_of(town, request)
    adopt(town, first, third)
    with pytest.raises(EntitlementChangedError):
        town.decide(request, override=override(shown))
    town.decide(request, override=override(check_of(town, request)))


def test_table_that_changes_after_the_check_stops_the_last_stage(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first, second)
    request = town.decide(asked(town, second))
    adopt(town, first)
    with pytest.raises(OverrideStaleError, match=second):
        town.decide(request)
    with town.connector.act(HOST) as act:
        assert requests.get_request(act, request.id).state == "pending"
        assert act.session.scalar(select(GrantRow.id).where(GrantRow.granted_by == request.id)) is None


@pytest.mark.parametrize("names", [["website:ghost"], "all and more", "fewer"])
def test_override_that_names_other_permissions_is_refused_and_tells_which(town: Town, names: object) -> None:
    first, second, third = town.permissions(3)
    adopt(town, first)
    request = asked(town, second, third)
    found = check_of(town, request)
    named = {"all and more": [first, second, third], "fewer": [second]}.get(str(names), names)
    with pytest.raises(OverrideMisplacedError, match=third):
        town.decide(request, override=override(found, permissions=named))


@pytest.mark.parametrize("reason", ["", "  好 ", "联系电话13912345678"])
def test_override_without_a_reason_or_with_a_number_in_it_is_refused(town: Town, reason: str) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = asked(town, second)
    with pytest.raises(RefusedInputError) as refused:
        town.decide(request, override=override(check_of(town, request), reason=reason))
    assert refused.value.fields[0].field == "override.reason"


def test_override_at_a_stage_that_checks_nothing_is_refused(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = town.submit(town.form(permissions=(second,)))
    with pytest.raises(OverrideMisplacedError):
        town.decide(request, override=override(check_of(town, request)))


def test_override_of_a_former_version_does_not_count_for_the_next(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    request = asked(town, second)
    request = town.decide(request, override=override(check_of(town, request)))
    request = town.decide(request, Verdict.RETURN, reason="请补充材料")
    with town.connector.act(HOST) as act:
        person = people.get_form(act, str(request.person_id))
    with town.connector.act(town.applicant()) as act:
        request = requests.resubmit_request(act, request.id, town.form(permissions=(second,), person=person))
    request = to_department(town, request)
    with pytest.raises(ExcessNeedsOverrideError):
        town.decide(request)


def test_enable_account_that_holds_excess_needs_an_override_too(town: Town) -> None:
    first, second = town.permissions(2)
    account = town.account_of(town.approve(town.submit(town.form(permissions=(second,)))))
    kinds = {"account": account.user_name, "cause": "other", "until": None}
    town.approve(town.submit(town.form(kind=RequestKind.DISABLE, **{**kinds, "event_on": "2026-03-09"})))
    adopt(town, first)
    town.clock.advance(timedelta(minutes=1))
    request = to_department(town, town.submit(town.form(kind=RequestKind.ENABLE, account=account.user_name)))
    with pytest.raises(ExcessNeedsOverrideError, match=second):
        town.decide(request)


def test_list_overrides_shows_a_unit_head_his_own_units_only(town: Town) -> None:
    first, second = town.permissions(2)
    adopt(town, first)
    granted_beyond(town, second)
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        assert len(overrides.list_overrides(act)) == 1
    with town.connector.act(town.actor(Office.UNIT_HEAD, "xxjsk")) as act:
        assert overrides.list_overrides(act) == []
    with town.connector.act(town.applicant()) as act, pytest.raises(ForbiddenError):
        overrides.list_overrides(act)
