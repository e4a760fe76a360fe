"""Keycloak's own PostgreSQL tells the same of the accounts as Keycloak, and a strange database is refused."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from connector.adapters.keycloak_database import KeycloakDatabase
from connector.ports import AccountSnapshot, ArchiveUnavailableError, IdpEvent, UnknownArchiveError
from tests.servers.keycloak_database import StoredKeycloak, stored_keycloak
from tests.servers.realm import RealmUnderTest, make_realm

__all__ = ["stored_keycloak"]
USES = ("LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN")


@pytest.fixture(scope="module")
def realm(stored_keycloak: StoredKeycloak) -> Iterator[RealmUnderTest]:
    made = make_realm(stored_keycloak.server)
    yield made
    made.delete()


@pytest.fixture
def archive(stored_keycloak: StoredKeycloak, realm: RealmUnderTest) -> KeycloakDatabase:
    return KeycloakDatabase(stored_keycloak.database_url, realm=realm.name)


def told_by_keycloak(realm: RealmUnderTest) -> list[AccountSnapshot]:
    """The same by the Admin API: listing, credentials of each, and all events."""
    events = realm.provider.list_events("login", realm_start(realm), 0, 10_000)
    return [
        AccountSnapshot(
            user_id=user.user_id,
            created_at=user.created_at,
            enabled=user.enabled,
            credentials=tuple(
                replace(one, label="")
                for one in realm.provider.list_credentials(user.user_id)
                if one.type != "password-history"
            ),
            **used(user.user_id, events),
        )
        for user in sorted(realm.provider.list_accounts(), key=lambda user: user.user_id)
    ]


def realm_start(realm: RealmUnderTest) -> object:
    return min(user.created_at for user in realm.provider.list_accounts() if user.created_at)


def used(user_id: str, events: list[IdpEvent]) -> dict[str, object]:
    own = [event for event in events if event.user_id == user_id and event.type in USES and not event.error]
    uses: dict[str, object] = {}
    for event in own:  # The oldest first.
        uses[str(event.client_id)] = event.at
    logins = [event.at for event in own if event.type == "LOGIN"]
    return {
        "uses": uses,
        "last_used_at": max((event.at for event in own), default=None),
        "last_login_at": max(logins, default=None),
    }


@pytest.mark.req("F1")
def test_read_archive_tells_what_keycloak_tells(realm: RealmUnderTest, archive: KeycloakDatabase) -> None:
    with_key, _ = realm.ready_person()
    with_codes, person = realm.ready_person(second_factor="otp")
    never_used, _ = realm.new_person()
    realm.provider.set_enabled(with_key, False)
    with realm.browser() as browser:
        browser.log_in("website", person)
        browser.log_in("door-access", person)
    realm.admin.post("/users", {"username": "stranger", "enabled": True})  # not in the accounts group
    assert archive.check().startswith("Keycloak 26.")
    assert archive.count() == 3
    found = archive.read("", 10)
    assert {one.user_id for one in found} == {with_key, with_codes, never_used}
    assert [replace(one, credentials=unlabelled(one)) for one in found] == told_by_keycloak(realm)
    types = {one.user_id: sorted(each.type for each in one.credentials) for one in found}
    assert types == {with_key: ["password", "webauthn"], with_codes: ["otp", "password"], never_used: ["password"]}
    assert {one.user_id: sorted(one.uses) for one in found}[with_codes] == ["door-access", "website"]
    pages = [archive.read("", 2), archive.read(found[1].user_id, 2)]
    assert [one for page in pages for one in page] == found


def unlabelled(one: AccountSnapshot) -> tuple[object, ...]:
    return tuple(sorted((replace(each, label="") for each in one.credentials), key=lambda each: str(each.created_at)))


def test_read_archive_cannot_write(stored_keycloak: StoredKeycloak, archive: KeycloakDatabase) -> None:
    with pytest.raises(ArchiveUnavailableError), archive._reading() as connection:
        connection.execute(text("UPDATE user_entity SET enabled = false"))


def test_check_archive_of_another_kind_is_refused(
    stored_keycloak: StoredKeycloak, realm: RealmUnderTest, postgres_url: str
) -> None:
    with pytest.raises(UnknownArchiveError, match=r"no realm\.id"):
        KeycloakDatabase(postgres_url, realm=realm.name).check()
    with pytest.raises(UnknownArchiveError, match="no realm nowhere"):
        KeycloakDatabase(stored_keycloak.database_url, realm="nowhere").check()
    with pytest.raises(ArchiveUnavailableError):
        KeycloakDatabase("postgresql+psycopg://a:b@127.0.0.1:9/none", realm="any").check()


def test_check_archive_of_an_unknown_version_is_refused(
    stored_keycloak: StoredKeycloak, archive: KeycloakDatabase
) -> None:
    engine = create_engine(stored_keycloak.database_url)
    newer = "INSERT INTO migration_model (id, version, update_time) VALUES ('x', '27.0.0', 99999999999)"
    with engine.begin() as connection:
        connection.execute(text(newer))
    try:
        with pytest.raises(UnknownArchiveError, match=r"Keycloak 27\.0\.0"):
            archive.check()
    finally:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM migration_model WHERE id = 'x'"))
        engine.dispose()
