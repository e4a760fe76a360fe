"""What explains a change and what does not: each rule of the table with a right case and with what breaks it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.ports import IdpCredential, IdpEvent
from connector.provenance.changes import Change, Shape, change_of, strayed
from connector.provenance.evidence import SLACK, Account, Applied, Evidence, Span, Try
from connector.provenance.kinds import TABLE, Action, Kind
from connector.provenance.rules import RULES, is_explained
from connector.provenance.suspects import Look, Suspect, action_for, suspects_of

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
USER, ACCOUNT = "kc-1", "a-1"
BEFORE = Span(NOON - 10 * HOUR)
FORMER = Span(NOON - 10 * HOUR, NOON - 5 * HOUR)


def account(status: str = "active", **fields: Any) -> Account:
    right: dict[str, Any] = {
        "id": ACCOUNT,
        "user_name": "name",
        "opened_by": "r-1",
        "opened_at": NOON - 10 * HOUR,
        "states": [("active", FORMER), (status, Span(NOON - 5 * HOUR))],
        "grants": [("notice.editor", BEFORE)],
    }
    return Account(**{**right, **fields})


def evidence(*tries: Try, of: Account | None = None, **fields: Any) -> Evidence:
    who = of or account()
    right: dict[str, Any] = {
        "owners": {USER: ACCOUNT},
        "accounts": {ACCOUNT: who},
        "tries": {ACCOUNT: tries},
        "stranger_tries": {},
        "passwords_set": {},
        "applied": (),
        "catalogue": frozenset({"notice.editor", "hall.host"}),
    }
    return Evidence(**{**right, **fields})


JUST_NOW = Span(NOON - timedelta(seconds=1), NOON)


def step(kind: str, span: Span = JUST_NOW, **payload: Any) -> Try:
    return Try(f"keycloak.{kind}", span, NOON - HOUR, payload)


def change(type_name: str, path: str = f"users/{USER}", sent: Any = None, *, by_us: bool = True) -> Change:
    details = {"by_us": by_us, "by_user_id": "us" if by_us else "somebody"}
    event = IdpEvent(
        event_id="e", kind="admin", at=NOON, type=type_name, user_id=USER if path.startswith("users/") else None,
        client_id=None, ip=None, error=None, resource_path=path,
        details=details if sent is None else {**details, "representation": sent},
    )  # fmt: skip
    found = change_of(event, {"passwordPolicy": "length(12)", "eventsEnabled": True})
    assert found is not None
    return found


def roles(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


GIVEN, TAKEN = "CREATE:CLIENT_ROLE_MAPPING", "DELETE:CLIENT_ROLE_MAPPING"
MAPPING = f"users/{USER}/role-mappings/clients/c"
MADE = {"username": "name", "groups": ["/accounts"], "attributes": {"accountId": [ACCOUNT], "requestId": ["r-1"]}}
RIGHT_ATTRIBUTES = {"accountId": [ACCOUNT], "requestId": ["r-1"], "secondFactor": ["key"]}
FROZEN, CANCELLED = account("frozen"), account("cancelled")

EXPLAINED = [
    (change("CREATE:USER", sent=MADE), step("create_user"), account()),
    (change("DELETE:USER", sent={"username": "name"}), step("delete_user"), CANCELLED),
    (change("UPDATE:USER", sent={"enabled": True}), step("enable"), account()),
    (change("UPDATE:USER", sent={"enabled": False}), step("freeze"), FROZEN),
    (change("UPDATE:USER", sent={"enabled": False}), step("shut_doors"), FROZEN),
    (change("UPDATE:USER", sent={"requiredActions": ["UPDATE_PASSWORD"]}), step("require_actions"), account()),
    (change("UPDATE:USER", sent={"attributes": RIGHT_ATTRIBUTES}), step("update_user"), account()),
    (change(GIVEN, MAPPING, roles("notice.editor")), step("grant_roles", roles=["notice.editor"]), account()),
    (change(GIVEN, MAPPING, roles("notice.editor")), step("converge"), account()),
    (change(TAKEN, MAPPING, roles("hall.host")), step("withdraw_roles", roles=["hall.host"]), account()),
    (change(TAKEN, MAPPING, roles("hall.host")), step("converge"), account()),
    (change("ACTION:USER", f"users/{USER}/reset-password"), step("set_initial_password"), account()),
    (change("ACTION:USER", f"users/{USER}/credentials/c"), step("delete_credential"), account()),
    (change("ACTION:USER", f"users/{USER}/logout"), step("sweep"), FROZEN),
    (
        change("CREATE:GROUP_MEMBERSHIP", f"users/{USER}/groups/g", {"path": "/accounts"}),
        step("converge"),
        account(),
    ),
    (change("UPDATE:USER"), step("enable"), account()),
]


@pytest.mark.parametrize(("done", "by", "of"), EXPLAINED)
def test_explain_change_by_a_step_under_way_finds_nothing(done: Change, by: Try, of: Account) -> None:
    assert is_explained(done, evidence(by, of=of))


@pytest.mark.parametrize(("done", "by", "of"), EXPLAINED)
def test_explain_change_without_its_step_is_not_explained(done: Change, by: Try, of: Account) -> None:
    """No step; a step of another account; one of another kind; one that was over or not begun."""
    late = replace(by, span=Span(NOON - HOUR, NOON - SLACK - timedelta(seconds=1)))
    early = replace(by, span=Span(NOON + SLACK + timedelta(seconds=1)))
    assert not is_explained(done, evidence(of=of))
    assert not is_explained(done, replace(evidence(by, of=of), tries={"another": [by]}))
    assert not is_explained(done, evidence(step("link"), of=of))
    assert not is_explained(done, evidence(late, of=of))
    assert not is_explained(done, evidence(early, of=of))
    assert not is_explained(replace(done, by_us=False), evidence(by, of=of))


@pytest.mark.parametrize(
    ("done", "by", "of"),
    [
        (change("CREATE:USER", sent={**MADE, "username": "other"}), step("create_user"), account()),
        (change("CREATE:USER", sent={**MADE, "groups": ["/accounts", "/ops"]}), step("create_user"), account()),
        (change("DELETE:USER", sent={"username": "name"}), step("delete_user"), account()),
        (change("UPDATE:USER", sent={"enabled": True}), step("enable"), FROZEN),
        (change("UPDATE:USER", sent={"enabled": True}), step("freeze"), account()),
        (change("UPDATE:USER", sent={"enabled": False}), step("freeze"), account()),
        (change("UPDATE:USER", sent={"enabled": True, "credentials": []}), step("enable"), account()),
        (change("UPDATE:USER", sent={}), step("update_user"), account()),
        (change("UPDATE:USER", sent={"requiredActions": ["VERIFY_EMAIL"]}), step("require_actions"), account()),
        (
            change("UPDATE:USER", sent={"attributes": {**RIGHT_ATTRIBUTES, "secondFactor": ["otp"]}}),
            step("update_user"),
            account(),
        ),
        (
            change("UPDATE:USER", sent={"attributes": {**RIGHT_ATTRIBUTES, "keySerial": ["0a"]}}),
            step("update_user"),
            account(),
        ),
        (change(GIVEN, MAPPING, roles("notice.editor", "hall.host")), step("converge"), account()),
        (change(GIVEN, MAPPING, roles("hall.host")), step("grant_roles", roles=["hall.host"]), account()),
        (change(GIVEN, MAPPING, roles("notice.editor")), step("grant_roles", roles=["other.role"]), account()),
        (change("CREATE:REALM_ROLE_MAPPING", MAPPING, roles("notice.editor")), step("converge"), account()),
        (change(TAKEN, MAPPING, roles("notice.editor")), step("withdraw_roles", roles=["hall.host"]), account()),
        (change(TAKEN, MAPPING, roles("notice.editor")), step("converge"), account()),
        (change("CREATE:GROUP_MEMBERSHIP", f"users/{USER}/groups/g", {"path": "/ops"}), step("converge"), account()),
        (change("UPDATE:REALM", "", {"eventsEnabled": True}), step("converge"), account()),
        (change("UPDATE:CLIENT", "clients/c", {}), step("converge"), account()),
    ],
)
def test_explain_change_whose_effect_was_not_approved_is_not_explained(done: Change, by: Try, of: Account) -> None:
    assert not is_explained(done, evidence(by, of=of))


def test_explain_second_password_of_one_link_is_not_explained() -> None:
    """Whoever has the service account's key sets a password of his own while the person opens his link."""
    done, link = change("ACTION:USER", f"users/{USER}/reset-password"), step("set_initial_password")
    assert is_explained(done, evidence(link, passwords_set={USER: [NOON]}))
    assert not is_explained(done, evidence(link, passwords_set={USER: [NOON, NOON]}))
    assert is_explained(done, evidence(link, link, passwords_set={USER: [NOON, NOON]}))


def test_explain_more_roles_than_are_kept_is_not_explained() -> None:
    many = [f"r.{number}" for number in range(201)]
    approved = account(grants=[(role, BEFORE) for role in many])
    assert not is_explained(change(GIVEN, MAPPING, roles(*many)), evidence(step("converge"), of=approved))


def test_explain_role_withdrawn_since_the_order_is_explained() -> None:
    """A step that was ordered while the role was approved may be late; the withdrawal follows it in its lane."""
    gone = account(grants=[("notice.editor", Span(NOON - 2 * HOUR, NOON - HOUR + timedelta(minutes=1)))])
    done = change(GIVEN, MAPPING, roles("notice.editor"))
    assert is_explained(done, evidence(step("grant_roles", roles=["notice.editor"]), of=gone))


APPLIED = Applied("somebody", Span(NOON - timedelta(minutes=1), NOON))


@pytest.mark.parametrize(
    ("done", "explained"),
    [
        (change("UPDATE:CLIENT", "clients/c", {}, by_us=False), True),
        (change("UPDATE:REALM", "", {"passwordPolicy": "length(12)"}, by_us=False), True),
        (change("UPDATE:REALM", "", {"passwordPolicy": "length(4)"}, by_us=False), False),
        (change("CREATE:USER", sent=MADE, by_us=False), False),
        (change("ACTION:USER", f"users/{USER}/reset-password", by_us=False), False),
        (change(GIVEN, MAPPING, roles("query-users"), by_us=False), False),
    ],
)
def test_explain_what_an_administrator_does_while_he_applies_the_realm(done: Change, explained: bool) -> None:
    assert is_explained(done, evidence(applied=[APPLIED])) is explained
    assert not is_explained(done, evidence(applied=[replace(APPLIED, administrator="another")]))
    assert not is_explained(done, evidence(applied=[replace(APPLIED, span=FORMER)]))
    assert not is_explained(done, evidence())


def test_explain_roles_of_the_service_account_are_its_own_alone() -> None:
    nobodys = evidence(applied=[APPLIED], owners={})
    assert is_explained(change(GIVEN, MAPPING, roles("query-users"), by_us=False), nobodys)
    assert not is_explained(change(GIVEN, MAPPING, roles("manage-users"), by_us=False), nobodys)


def kinds(done: Change, known: Evidence, look: Look | None = None) -> list[str]:
    return [one.kind.value for one in suspects_of(done, known, look)]


def test_suspect_one_write_of_a_user_names_each_thing_it_did() -> None:
    sent = {"enabled": True, "attributes": {**RIGHT_ATTRIBUTES, "secondFactor": ["otp"]}}
    done = change("UPDATE:USER", sent=sent, by_us=False)
    planted = IdpCredential(id="c", type="otp", label="", created_at=NOON)
    look = Look([planted], [], NOON - HOUR)
    assert kinds(done, evidence(of=FROZEN), look) == ["user_enabled", "attributes_changed", "credential_implanted"]
    assert kinds(change("UPDATE:USER", sent=sent | {"attributes": RIGHT_ATTRIBUTES}, by_us=False), evidence()) == [
        "user_changed"
    ]


OPENED = NOON - 10 * HOUR


@pytest.mark.parametrize(
    ("kind", "made", "moments", "planted"),
    [
        ("password", NOON - 3 * HOUR, [("password", NOON - 3 * HOUR)], False),
        ("password", NOON - 9 * HOUR, [], False),  # before the mirror knew anything
        ("password", NOON - 3 * HOUR, [], True),  # the mirror knows of no such moment
        ("password", NOON - 3 * HOUR, [("webauthn", NOON - 3 * HOUR)], True),
        ("password", NOON, [], True),
        ("password-history", NOON - 3 * HOUR, [], False),  # opens nothing
        ("password", OPENED - HOUR, [], True),  # older than the account
        ("webauthn", None, [], True),
        ("otp", NOON - 9 * HOUR, [], True),  # no code was ever allowed here
    ],
)
def test_suspect_credential_by_when_it_says_it_was_made(
    kind: str, made: datetime | None, moments: list[tuple[str, datetime]], planted: bool
) -> None:
    look = Look([IdpCredential(id="c", type=kind, label="", created_at=made)], moments, NOON - 8 * HOUR)
    done = change("UPDATE:USER", sent={"enabled": True}, by_us=False)
    assert (kinds(done, evidence(), look) == ["credential_implanted"]) is planted


@pytest.mark.parametrize(("made", "planted"), [(NOON, True), (NOON - HOUR, False)])
def test_suspect_credential_while_the_mirror_is_young_goes_by_the_change_alone(made: datetime, planted: bool) -> None:
    look = Look([IdpCredential(id="c", type="password", label="", created_at=made)], [], None)
    done = change("UPDATE:USER", sent={"enabled": True}, by_us=False)
    assert (kinds(done, evidence(), look) == ["credential_implanted"]) is planted


def test_suspect_second_password_is_implanted() -> None:
    one = IdpCredential(id="c", type="password", label="", created_at=NOON - 9 * HOUR)
    done = change("UPDATE:USER", sent={"enabled": True}, by_us=False)
    look = Look([one, replace(one, id="d")], [], NOON - 8 * HOUR)
    assert kinds(done, evidence(), look) == ["credential_implanted"]


def test_suspect_anything_by_the_service_account_is_critical() -> None:
    for by_us, severity in ((True, "critical"), (False, "low")):
        (one,) = suspects_of(change("ACTION:USER", f"users/{USER}/logout", by_us=by_us), evidence())
        assert one.severity == severity


@pytest.mark.parametrize("policy", ["report", "quarantine", "revert"])
@pytest.mark.parametrize("kind", list(Kind))
def test_act_by_policy_as_the_table_says(kind: Kind, policy: Any) -> None:
    suspect = Suspect(kind, TABLE[kind].severity, {"excess": ["x"], "of_realm": False, "group": "/ops"})
    done = change("UPDATE:USER", sent={"enabled": True}, by_us=False)
    wanted = {"report": Action.NONE, "quarantine": TABLE[kind].quarantine, "revert": TABLE[kind].revert}[policy]
    if kind is Kind.GROUP_LEFT:
        wanted = Action.NONE  # not the accounts group
    if kind is Kind.USER_ENABLED:
        wanted = Action.FREEZE_AGAIN
    assert action_for(suspect, done, evidence(), policy) is wanted


def test_name_strayed_settings_says_nothing_of_those_not_sent() -> None:
    expected = {"a": 1, "b": ["x", "y"], "c": False, "attributes": {"d": "1"}}
    assert strayed({"b": ["y", "x"], "c": None, "z": 3}, expected) == []
    assert strayed({"a": 2, "b": ["x"], "attributes": {"d": "2"}}, expected) == ["a", "attributes.d", "b"]


def test_tell_every_shape_and_rule_apart() -> None:
    assert {rule.clause for rule in RULES.values()} > {"JC 9", "GS 12-14"}
    assert {kind for kind in Kind} == set(TABLE)
    assert Shape("user.created").value in RULES
