"""The auditor reads all and changes nothing: every operation that does not read refuses him, a new one too (G3)."""

import pytest

from connector.register.errors import AuditorReadsOnlyError
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.fixtures_api import Api, check_problem
from tests.operations import OPERATIONS


@pytest.mark.req("G3")
def test_auditor_is_refused_by_every_operation_that_does_not_read(sqlite_api: Api) -> None:
    api = sqlite_api
    calls = {each: make(api) for each, make in OPERATIONS.items() if each[0] != "GET"}
    auditor, before = api.town.actor(Office.AUDITOR), api.snapshot()
    for (method, _), call in calls.items():
        if call.by is not None:
            check_problem(api.call(method, call.path, by=auditor, **call.sent), 403, "auditor-reads-only")
    after = api.snapshot()
    assert {name: rows for name, rows in after.items() if rows != before[name] and name != "accounts"} == {}


@pytest.mark.req("G3")
def test_auditor_reads_what_the_overseers_read(sqlite_api: Api) -> None:
    api = sqlite_api
    for path in ("/ledger", "/persons", "/appointments", "/audit/entries", "/requests/overdue", "/keys", "/scans"):
        assert api.call("GET", path, by=Office.AUDITOR).status_code == 200, path


@pytest.mark.req("G3")
def test_session_of_an_auditor_writes_nothing_by_whatever_way_it_was_opened(sqlite_api: Api) -> None:
    """A command opens its act without saying whether it changes something: the session itself refuses."""
    town = sqlite_api.town
    auditor = town.actor(Office.AUDITOR)

    def rename_his_account() -> None:
        with town.connector.act(auditor) as act:
            act.session.get_one(AccountRow, auditor.account_id).user_name = "changed"

    with pytest.raises(AuditorReadsOnlyError):
        rename_his_account()
