"""Self-checks that a unit head signs each quarter; what he finds is put right by a day (HH 3)."""

import pytest

from connector.errors import ForbiddenError, RefusedInputError
from connector.regulations.vocabulary import Office
from connector.reviews import corrections, self_checks
from connector.reviews.errors import NotAskedForError, PeriodDoneError
from connector.reviews.self_checks import KEY_CUSTODY, SELF_CHECK, CheckAnswer
from connector.reviews.tables import SelfCheckRow
from tests.town import Town


def signs(town: Town, office: Office, unit: str, checklist: str = SELF_CHECK, **how: str) -> SelfCheckRow:
    found = how.get("found", "")
    questions = town.connector.rulebook.checklist(checklist)
    given = [
        CheckAnswer(name=question.name, ok=not (found and number == 0), note=found if number == 0 else "")
        for number, question in enumerate(questions)
    ]
    with town.connector.act(town.actor(office, how.get("of", unit))) as act:
        return self_checks.sign_check(act, checklist, unit, how.get("period", "2026-Q1"), given)


def test_sign_self_check_with_a_finding_opens_a_correction_of_the_signer(town: Town) -> None:
    row = signs(town, Office.UNIT_HEAD, "ywk", found="一人使用他人账号")
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        [(correction, _)] = corrections.list_corrections(act)
    assert (correction.source_id, correction.finding) == (row.id, "一人使用他人账号")
    assert correction.responsible_id == town.centre.person(Office.UNIT_HEAD, "ywk").id


def test_sign_self_check_twice_is_refused(town: Town) -> None:
    signs(town, Office.UNIT_HEAD, "ywk")
    with pytest.raises(PeriodDoneError):
        signs(town, Office.UNIT_HEAD, "ywk")


def test_sign_for_another_unit_is_refused(town: Town) -> None:
    with pytest.raises(ForbiddenError):
        signs(town, Office.UNIT_HEAD, "xxjsk", of="ywk")


def test_sign_for_a_period_long_past_is_refused(town: Town) -> None:
    with pytest.raises(RefusedInputError):
        signs(town, Office.UNIT_HEAD, "ywk", period="2025-Q2")


def test_sign_with_a_question_left_out_is_refused(town: Town) -> None:
    with pytest.raises(RefusedInputError), town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        self_checks.sign_check(act, SELF_CHECK, "ywk", "2026-Q1", [CheckAnswer(name="left", ok=True)])


def test_key_custody_is_signed_by_the_custodian_of_the_centre(town: Town) -> None:
    assert signs(town, Office.KEY_CUSTODIAN, "jyzx", KEY_CUSTODY).checklist == KEY_CUSTODY
    with pytest.raises(ForbiddenError):
        signs(town, Office.UNIT_HEAD, "jyzx", KEY_CUSTODY, of="ywk")


def test_check_that_no_pack_asks_for_is_refused(town: Town) -> None:
    with pytest.raises(NotAskedForError), town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        self_checks.sign_check(act, "fire_drill", "ywk", "2026-Q1", [])
