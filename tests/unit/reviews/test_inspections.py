"""Sampling inspections: nobody chooses the sample, anybody can draw it again; findings are put right (JC 9, GS 17)."""

from datetime import timedelta

import pytest

from connector.audit.seal import seal_pending
from connector.auth.actor import job_actor
from connector.errors import ForbiddenError, RefusedInputError
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.reviews import corrections, findings, inspections, sampling
from connector.reviews.errors import (
    CorrectionStateError,
    InspectionStateError,
    NotInspectorError,
    NotSealedYetError,
    OwnCorrectionError,
    OwnUnitInspectionError,
)
from connector.reviews.findings import ItemAnswer
from connector.reviews.inspection_tables import InspectionItemRow, InspectionRow
from tests.factories import make_account
from tests.town import HOST, NOON, Town

KEYS = [f"account:371500-ywk-{number:04d}" for number in range(400)] + ["post:ywk/科员", "post:ywk/科长"]
RULE = {"share_percent": 5, "least": 10, "most": 30}


@pytest.mark.parametrize(("count", "size"), [(0, 0), (3, 3), (10, 10), (200, 10), (201, 11), (600, 30), (100_000, 30)])
def test_sample_size_follows_the_rule_and_never_exceeds_what_there_is(count: int, size: int) -> None:
    assert sampling.sample_size(count, **RULE) == size


def test_draw_with_the_same_seed_is_the_same_whatever_the_order() -> None:
    first = sampling.draw(KEYS, "ab" * 32, **RULE)
    assert sampling.draw(reversed(KEYS), "ab" * 32, **RULE) == first
    assert sampling.draw(KEYS, "cd" * 32, **RULE) != first
    assert len(first) == 22  # 20 of 400 accounts, both posts.


def test_draw_is_the_documented_one() -> None:
    """Known answer, so that a change of the algorithm is a new version of it."""
    seed = sampling.make_seed(sampling.hash_population(["account:a", "account:b"]), "CJ-2026-000001", "note\n")
    assert seed == "79aa1eab58eb7bc25c415fe72307ba289f6f043163986276ef3fc03e612279fa"  # As sha256sum gives it.
    assert sampling.draw([f"account:{n}" for n in range(50)], seed, share_percent=1, least=3, most=3) == [
        "account:43",
        "account:45",
        "account:8",
    ]


def opened(town: Town, unit: str = "", *inspectors: str) -> InspectionRow:
    with town.connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        return inspections.open_inspection(act, unit, inspectors)


def sealed(town: Town) -> None:
    seal_pending(town.connector.database, town.connector.signer, NOON + timedelta(seconds=10))


def drawn(town: Town, number: str) -> list[InspectionItemRow]:
    with town.connector.act(job_actor("carry_reviews")) as act:
        inspections.draw_inspection(act, number)
    with town.connector.act(HOST) as act:
        return inspections.items_of(act, inspections.get_inspection(act, number))


def verified(town: Town, number: str) -> dict[str, bool]:
    with town.connector.act(HOST) as act:
        proofs = findings.verify_inspection(act, number, town.connector.signer.verifier_key())
    return {proof.what: proof.ok for proof in proofs}


def test_draw_before_the_checkpoint_is_refused(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town)
    with pytest.raises(NotSealedYetError):
        drawn(town, inspection.number)


def test_draw_twice_is_refused(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town)
    sealed(town)
    drawn(town, inspection.number)
    with pytest.raises(InspectionStateError):
        drawn(town, inspection.number)


def test_draw_takes_the_first_checkpoint_over_the_commitment(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town)
    sealed(town)
    with town.connector.act(HOST) as act:
        first = inspections.find_checkpoint(act, inspection)
        make_account(act, "ywk")
    seal_pending(town.connector.database, town.connector.signer, NOON + timedelta(hours=1))
    with town.connector.act(HOST) as act:
        assert inspections.find_checkpoint(act, inspection) == first


def test_verify_draws_again_and_finds_a_sample_that_was_exchanged(town: Town, staff: list[AccountRow]) -> None:
    with town.connector.act(HOST) as act:
        for _ in range(30):
            make_account(act, "ywk")
    inspection = opened(town, "ywk")
    sealed(town)
    items = drawn(town, inspection.number)
    assert all(verified(town, inspection.number).values())
    with town.connector.act(HOST) as act:
        out = act.session.get_one(InspectionItemRow, (inspection.id, items[0].key))
        act.session.delete(out)
        spare = next(key for key in inspection.population if key not in {item.key for item in items})
        act.session.add(InspectionItemRow(inspection_id=inspection.id, key=spare, unit_id=out.unit_id, shown={}))
    assert [what for what, ok in verified(town, inspection.number).items() if not ok] == [
        "sample",
        "sample in the record",
    ]


def test_verify_finds_a_population_that_was_changed(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    drawn(town, inspection.number)
    with town.connector.act(HOST) as act:
        row = act.session.get_one(InspectionRow, inspection.id)
        row.population = row.population[1:]
        row.population_hash = sampling.hash_population(row.population)
    found = verified(town, inspection.number)
    assert not found["population in the record"]
    assert not found["seed"]


def test_verify_finds_a_checkpoint_of_another_key(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    drawn(town, inspection.number)
    with town.connector.act(HOST) as act:
        row = act.session.get_one(InspectionRow, inspection.id)
        row.checkpoint = row.checkpoint.replace("— ", "— x", 1)
    found = verified(town, inspection.number)
    assert not found["signature of the checkpoint"]
    assert not found["checkpoint is the first over the commitment"]


def test_answer_by_an_inspector_of_the_unit_is_refused(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "jyzx")
    sealed(town)
    own = next(item for item in drawn(town, inspection.number) if item.unit_id == town.centre.unit.id)
    with pytest.raises(OwnUnitInspectionError), town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        findings.answer_item(act, inspection.number, ItemAnswer(key=own.key, result="in_order"))


def test_answer_by_somebody_not_named_is_refused(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    key = drawn(town, inspection.number)[0].key
    with pytest.raises(NotInspectorError), town.connector.act(town.actor(Office.UNIT_HEAD, "xxjsk")) as act:
        findings.answer_item(act, inspection.number, ItemAnswer(key=key, result="in_order"))


def test_finding_is_put_right_checked_by_another_and_then_reported(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    items = drawn(town, inspection.number)
    inspector, head = town.actor(Office.SECURITY_ADMINISTRATOR), town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(inspector) as act:
        wrong = ItemAnswer(key=items[0].key, result="finding", finding="权限无申请依据")
        findings.answer_item(act, inspection.number, wrong)
        for item in items[1:]:
            findings.answer_item(act, inspection.number, ItemAnswer(key=item.key, result="in_order"))
    with pytest.raises(InspectionStateError), town.connector.act(inspector) as act:
        findings.report_inspection(act, inspection.number, conclusion="检查完毕")
    with town.connector.act(head) as act:
        [(correction, _)] = corrections.list_corrections(act)
        assert correction.responsible_id == head.person_id
        corrections.do_correction(act, correction.id, "已补办申请")
    with pytest.raises(OwnCorrectionError), town.connector.act(head) as act:
        corrections.check_correction(act, correction.id, accepted=True)
    with town.connector.act(inspector) as act:
        corrections.check_correction(act, correction.id, accepted=False, note="申请未附材料")
    with pytest.raises(CorrectionStateError), town.connector.act(inspector) as act:
        corrections.check_correction(act, correction.id, accepted=True)
    with town.connector.act(head) as act:
        corrections.do_correction(act, correction.id, "材料已补")
    with town.connector.act(inspector) as act:
        corrections.check_correction(act, correction.id, accepted=True)
        assert findings.report_inspection(act, inspection.number, conclusion="检查完毕").state == "reported"


def test_finding_without_words_is_refused(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    key = drawn(town, inspection.number)[0].key
    with pytest.raises(RefusedInputError), town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        findings.answer_item(act, inspection.number, ItemAnswer(key=key, result="finding"))


def test_correction_past_its_day_is_alarmed_once(town: Town, staff: list[AccountRow]) -> None:
    inspection = opened(town, "ywk")
    sealed(town)
    key = drawn(town, inspection.number)[0].key
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        findings.answer_item(act, inspection.number, ItemAnswer(key=key, result="finding", finding="岗位不符"))
    for now, alarms in ((NOON, 0), (NOON + timedelta(days=30), 1), (NOON + timedelta(days=31), 0)):
        with town.connector.act(job_actor("carry_reviews"), now=now) as act:
            assert corrections.alarm_overdue(act) == alarms


def test_open_inspection_by_the_auditor_is_refused(town: Town) -> None:
    with pytest.raises(ForbiddenError), town.connector.act(town.actor(Office.AUDITOR)) as act:
        inspections.open_inspection(act)
