"""The review of what was done in a box: signed by a named person other than the user, on a record that is complete."""

import hashlib
import json
from typing import Literal

from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level, proof_words
from connector.errors import FieldProblem, RefusedInputError
from connector.privileged import store
from connector.privileged.approve import record_box
from connector.privileged.errors import BoxStateError, NotReviewerError, OwnReviewError, ReviewTooEarlyError
from connector.privileged.record import as_json, build_record
from connector.privileged.tables import BoxRow
from connector.register import accounts, identifiers, offices
from connector.regulations.vocabulary import AccountStatus, Office

Finding = Literal["clean", "findings"]
NAMERS = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)


def sign_record(act: Act, number: str, verdict: Finding, note: str = "") -> BoxRow:
    """Signs the record of an ended box as its reviewer, with a second factor; the signed record is kept with it.

    Raises OwnReviewError, NotReviewerError, BoxStateError, ReviewTooEarlyError, RefusedInputError, StepUpNeededError.
    """
    check_level(act.actor)
    box = store.get_box(act, number, lock=True)
    _check_reviewer(act, box)
    if box.opened_at is None or box.state != "ended" or box.reviewed_at is not None:
        raise BoxStateError(number=box.number, state="reviewed" if box.reviewed_at else box.state)
    _check_note(verdict, note)
    record = build_record(act, box)
    if record is None or not record.complete:
        raise ReviewTooEarlyError(number=box.number)
    box.report = as_json(record)
    box.report_digest = digest_of(box.report)
    box.reviewed_at, box.verdict, box.note = act.now, verdict, note.strip()
    act.session.flush()
    record_box(
        act, Event.PRIVILEGE_REVIEWED, box, alarm=verdict == "findings", verdict=verdict, digest=box.report_digest,
        uses=len(record.uses), changes=len(record.changes), out_of_hours=record.out_of_hours,
        proof=proof_words(act.actor),
    )  # fmt: skip
    return box


def name_reviewer(act: Act, number: str, user_name: str) -> BoxRow:
    """Names another reviewer, because the first has left or is away; not by the user, and never the user."""
    box = store.get_box(act, number, lock=True)
    if act.actor.person_id == box.person_id:
        raise OwnReviewError(act="-", offices="-")
    offices.check_holds(act, *NAMERS, doing="更换复核人 / name another reviewer")
    if box.reviewed_at is not None:
        raise BoxStateError(number=box.number, state="reviewed")
    account = accounts.get_by_user_name(act, user_name)
    if account.person_id == box.person_id or account.status != AccountStatus.ACTIVE:
        problem = FieldProblem("reviewer", "请填写使用人以外的在用账号", "an active account, not the user's", "JC 18")
        raise RefusedInputError([problem], clause="JC 18")
    former, box.reviewer_id = box.reviewer_id, account.person_id
    act.session.flush()
    record_box(act, Event.PRIVILEGE_REVIEWER_NAMED, box, former=former, reviewer=account.person_id)
    return box


def digest_of(report: dict[str, object]) -> str:
    """SHA-256 (hex) of the report's canonical JSON."""
    canonical = json.dumps(report, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _check_reviewer(act: Act, box: BoxRow) -> None:
    if act.actor.person_id is None or act.actor.person_id == box.person_id:
        raise OwnReviewError(act="-", offices="-")
    if act.actor.person_id != box.reviewer_id:
        raise NotReviewerError(act="-", offices="-")


def _check_note(verdict: Finding, note: str) -> None:
    problems = []
    if verdict == "findings" and len(note.strip()) < 2:
        problems.append(FieldProblem("note", "发现问题的，请写明情况", "say what was found", "JC 18"))
    if identifiers.holds_number(note):
        problems.append(FieldProblem("note", "请勿填写证件号码或手机号", "no document numbers or phones", "LC 5(5)"))
    if problems:
        raise RefusedInputError(problems, clause="JC 18")
