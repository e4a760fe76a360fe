"""Every scan on PostgreSQL, over a register whose numbers are known: the same verdicts as on SQLite, in one query."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event, update

from connector.activity.tables import CursorRow
from connector.auth.act import Act
from connector.auth.actor import host_actor, job_actor
from connector.checks import acceptance, password_list, passwords, weak
from connector.checks import service as checks
from connector.checks.passwords import PasswordVerdict
from connector.register.tables import PersonRow
from connector.regulations.loader import load_rulebook
from connector.storage.engine import Database
from tests.benchmarks.mirrored_city import fill
from tests.fakes.vault import FakeVault

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACCOUNTS = 2000
RULES = load_rulebook(("LC", "JC", "GS", "HH", "GX"))
KNOWN = {
    "dormant": {"active": 1986, "dormant": 10, "never_used": 4, "unknown": 0},
    "weak_password": {"fine": 1956, "old_policy": 40, "flagged": 0, "unknown": 4},
    "test_account": {"other": 1998, "test": 0, "test_no_end": 0, "named_test": 2},
    "orphaned": {"kept": 1995, "no_head": 0, "no_permission": 5, "no_directory_key": 0},
    "expired": {"running": 1, "ending": 1, "expired": 0},
}


@pytest.fixture
def act(postgres_url: str) -> Iterator[Act]:
    database = Database(postgres_url)
    fill(database, NOW, ACCOUNTS)
    with database.session() as session:
        yield Act(session=session, actor=host_actor("tests"), now=NOW, rulebook=RULES, vault=FakeVault())
        session.rollback()
    database.close()


@pytest.mark.req("F1", "F2", "F3", "F4")
def test_scans_over_a_known_register_count_and_list_what_is_there(act: Act) -> None:
    act.session.execute(update(PersonRow).where(PersonRow.id == "p9").values(name="DEMO User"))
    for name, counts in KNOWN.items():
        scan = checks.find_scan(name)
        rule = scan.rule(act)
        assert dict(scan.count(act, rule).verdicts) == counts, name
        found = sum(number for verdict, number in counts.items() if verdict in scan.found)
        listed = [each for each in scan.list_found(act, rule) if each.verdict in scan.found]
        assert len(listed) == found, name
    ages = passwords.count_verdicts(act)
    assert (ages[PasswordVerdict.EXPIRED], ages[PasswordVerdict.UNKNOWN]) == (20, 4)
    assert len(password_list.list_ages(act, count=100)) == 20
    left = acceptance.list_left(act, "website", act.rulebook.test_words())
    assert [each.user_name.rpartition("-")[2] for each in left] == ["1003", "3", "7", "9"]


@pytest.mark.req("F1")
def test_proposable_accounts_take_one_query_and_no_more_rows_than_the_limit(act: Act) -> None:
    scan = checks.find_scan("dormant")
    rule = scan.rule(act)
    statements = count_statements(act.session.get_bind())  # type: ignore[arg-type]
    found, left = scan.list_proposable(act, rule, 4)
    assert (len(found), left) == (4, 10)
    assert len(statements) == 1


@pytest.mark.req("F3")
def test_warnings_then_proposal_on_postgres(act: Act) -> None:
    scan = checks.find_scan("weak_password")
    assert weak.warn_next(act, count=15) == 15
    assert weak.warn_next(act, count=100) == 25
    assert weak.warn_next(act, count=100) == 0
    later = Act(
        session=act.session, actor=job_actor("scan_weak_passwords"), now=NOW + act.rulebook.weak_password_grace(),
        rulebook=RULES, vault=FakeVault(),
    )  # fmt: skip
    act.session.execute(update(CursorRow).values(read_at=later.now))
    run = checks.propose(later, scan)
    assert (run.found, run.left, run.request_id is not None) == (40, 0, True)


def count_statements(engine: Engine) -> list[str]:
    """Every statement from now on."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
    return seen
