"""The founding list hands over keys and waivers by paper, so that somebody can decide from the first day."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.audit.tables import AuditEntryRow
from connector.bootstrap import Connector, build
from connector.cli.register import app
from connector.cli.session import operator
from connector.keys import service as keys
from connector.migrations.every_table import metadata
from connector.outbox.tables import StepRow
from connector.register import accounts
from connector.register.tables import PersonRow
from connector.settings import Settings
from tests.factories import FOUNDING_LIST, resident_id


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation with empty tables, in the environment."""
    monkeypatch.setenv("TRADING_IDP_DATA_DIR", str(tmp_path))
    connector = build(Settings())
    metadata.create_all(connector.database.engine)
    connector.close()
    return Settings()


def load(folder: Path, *changes: tuple[str, str]) -> tuple[int, str]:
    text = FOUNDING_LIST.format(resident_id(), resident_id())
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "founding.toml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["founding", "load", str(folder / "founding.toml"), "--json"])
    return done.exit_code, done.output


def kinds(connector: Connector) -> list[str]:
    with connector.act(operator()) as act:
        return [step.kind for step in act.session.query(StepRow).order_by(StepRow.id)]


def test_found_with_a_key_issues_it_by_paper_and_asks_for_its_enrolment(house: Settings, tmp_path: Path) -> None:
    code, output = load(tmp_path, ('account_class = "ordinary"', 'account_class = "ordinary"\nkey = "sn-0001"'))
    assert code == 0, output
    connector = build(house)
    with connector.act(operator()) as act:
        account = accounts.get_by_user_name(act, json.loads(output)["accounts"][0])
        key = keys.get_key(act, "SN-0001")
        assert (key.status, key.account_id) == ("issued", account.id)
        assert [row.status for row in keys.history(act, "SN-0001")] == ["in_stock", "issued"]
        assert not keys.has_waiver(act, account)
    assert kinds(connector) == ["keycloak.create_user", "keycloak.grant_roles", "keycloak.require_actions"]
    connector.close()


def test_found_with_a_decision_on_codes_waives_keys_until_that_day_before_the_link_goes_out(
    house: Settings, tmp_path: Path
) -> None:
    decision = 'codes_until = 2099-12-30\ncodes_paper = "聊公资验〔2026〕3号"\n\n[[units]]'
    mail = ('phone = "13900000001"', 'phone = "13900000001"\nmail = "zhao@example.cn"')
    code, output = load(tmp_path, ("[[units]]", decision), mail)
    assert code == 0, output
    connector = build(house)
    with connector.act(operator()) as act:
        account = accounts.get_by_user_name(act, json.loads(output)["accounts"][0])
        waiver = keys.find_waiver(act, account.id)
        assert waiver is not None
        assert waiver.until == datetime(2099, 12, 30, 16, tzinfo=UTC)
    with connector.act(operator(), now=datetime(2099, 12, 31, tzinfo=UTC)) as act:
        assert keys.end_due_waivers(act) == 1
        entries = act.session.query(AuditEntryRow).filter(AuditEntryRow.event.like("waiver.%")).order_by("id").all()
        assert [(entry.event, entry.request_id) for entry in entries] == [
            ("waiver.started", None),
            ("waiver.ended", None),
        ]
        assert entries[0].data["paper"] == "聊公资验〔2026〕3号"
        act.session.rollback()
    assert kinds(connector)[2:] == ["keycloak.update_user", "keycloak.require_actions", "link.issue"]
    connector.close()


def test_found_with_codes_and_no_paper_is_refused(house: Settings, tmp_path: Path) -> None:
    code, output = load(tmp_path, ("[[units]]", "codes_until = 2099-12-30\n\n[[units]]"))
    assert code == 1
    assert "codes_paper" in output


@pytest.mark.parametrize(("first", "second"), [("SN 1/2", "K-2"), ("K-1", "k-1")])
def test_found_with_a_key_that_is_none_or_has_two_holders_is_refused_and_founds_nothing(
    house: Settings, tmp_path: Path, first: str, second: str
) -> None:
    keyed = (('phone = "13900000001"', f'phone = "13900000001"\nkey = "{first}"'),)
    second_holder = 'phone = "13900000002"\naccount_class = "ordinary"\n' + f'key = "{second}"'
    code, output = load(tmp_path, *keyed, ('phone = "13900000002"', second_holder))
    assert code == 1
    assert "GS 10(1)" in output
    connector = build(house)
    with connector.act(operator()) as act:
        assert act.session.query(PersonRow).count() == 0
    connector.close()
