"""Many requests in one file (B10): every line becomes a request under every rule, or none does (LC 3).

Nothing here decides: each request of a batch goes through the ordinary chain, and is decided by the ordinary `decide`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import StepUpNeededError, check_level
from connector.errors import ConnectorError, FieldProblem, NotFoundError, NotSignedInError, RefusedInputError, Text
from connector.register import catalogue
from connector.regulations.vocabulary import Verdict
from connector.requests import show, store
from connector.requests.batch_columns import CLAUSE, SHEETS, form_of, headings_of, place
from connector.requests.batch_errors import SameBatchError
from connector.requests.batch_tables import BatchLineRow, BatchNumberRow, BatchRow
from connector.requests.decide import decide
from connector.requests.forms import RequestForm
from connector.requests.rules import check_reason
from connector.requests.sheets import SheetLine, make_template, parse_sheet
from connector.requests.submit import submit_request
from connector.requests.tables import RequestRow, StageRow
from connector.storage import numbers

MOST_PROBLEMS = 500  # shown at once
CONTENT_CONTEXT = "request_batch.content"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one stage of a batch: `code` is empty when it was decided, else the rule that refused."""

    stage_id: str
    number: str
    code: str = ""
    says: str = ""
    says_en: str = ""


def submit_batch(act: Act, sheet: str, content: bytes, *, again: bool = False) -> BatchRow:
    """Submits every line of a .xlsx or .csv file as a request of the act's person, all in this transaction.

    `sheet` is a key of `SHEETS`. Raises BatchFileError, SameBatchError (unless `again`), and RefusedInputError with
    one problem per wrong cell: "3.phone" is the phone in line 3, "3" the line as a whole. Then nothing is stored.
    """
    lines = _read(act, sheet, content)
    digest = _content(act, sheet, lines)
    times = _times(act, digest, again)
    batch = BatchRow(
        number=numbers.next_number(act.session, BatchNumberRow, "PL", act.now),
        kind=sheet, content=digest, times=times, lines=len(lines),
        applicant_id=str(act.actor.person_id), submitted_at=act.now,
    )  # fmt: skip
    try:
        with act.session.begin_nested():
            act.session.add(batch)
    except IntegrityError as error:  # Another upload of the same list was faster.
        raise SameBatchError(number="--") from error
    made = _submit_lines(act, sheet, lines)
    act.session.add_all(BatchLineRow(batch_id=batch.id, line=line, request_id=row.id) for line, row in made)
    audit.record(
        act, Event.BATCH_SUBMITTED, f"batch:{batch.id}",
        number=batch.number, kind=sheet, lines=len(made), content=digest, times=times,
    )  # fmt: skip
    act.session.flush()
    return batch


def check_batch(act: Act, sheet: str, content: bytes) -> int:
    """Tries every line and stores nothing; returns how many requests it would make. Raises as `submit_batch`."""
    with act.session.begin_nested() as trial:
        urgent = len(act.urgent)
        made = _submit_lines(act, sheet, _read(act, sheet, content))
        trial.rollback()
        del act.urgent[urgent:]
    return len(made)


def template(act: Act, sheet: str, suffix: str) -> bytes:
    """The empty list of a kind, as .xlsx or .csv; the .xlsx explains its columns and names the permissions."""
    columns = SHEETS[sheet][1]
    names = {row.id: row.name for row in catalogue.list_subsystems(act)}
    explained: list[tuple[str, ...]] = [("列", "填写说明", "必填")]
    explained += [(column.heading, column.says, "是" if column.required else "") for column in columns]
    if any(column.name == "permissions" for column in columns):
        explained += [(), ("权限代码", "模块", "工作流（角色）", "系统")]
        explained += [
            (row.id, row.module, row.workflow_role, names[row.subsystem_id]) for row in catalogue.list_permissions(act)
        ]
    return make_template(suffix, [column.heading for column in columns], explained)


def get_batch(act: Act, number: str) -> BatchRow:
    """The batch, for its applicant and for whoever may see one of its requests; NotFoundError for everybody else."""
    batch = act.session.scalars(select(BatchRow).where(BatchRow.number == number)).one_or_none()
    if batch is None or not (batch.applicant_id == act.actor.person_id or _list(act, batch)):
        raise NotFoundError(kind="批次 (batch)", name=number)
    return batch


def list_batches(act: Act, *, count: int = 50) -> list[BatchRow]:
    """The batches of the act's person, newest first."""
    rows = select(BatchRow).where(BatchRow.applicant_id == act.actor.person_id)
    return list(act.session.scalars(rows.order_by(BatchRow.submitted_at.desc(), BatchRow.number.desc()).limit(count)))


def list_lines(act: Act, number: str) -> list[tuple[int, RequestRow]]:
    """The requests of a batch that the act's person may see, by line."""
    return _list(act, get_batch(act, number))


def list_tasks(act: Act, number: str) -> list[tuple[StageRow, RequestRow]]:
    """The open stages of a batch that the act's person may decide, in the order of the file."""
    wanted = {row.id: line for line, row in list_lines(act, number)}
    found = store.list_inbox(act, str(act.actor.person_id), count=10_000)
    return sorted((pair for pair in found if pair[1].id in wanted), key=lambda pair: wanted[pair[1].id])


def batch_of(act: Act, request_id: str) -> BatchRow | None:
    """The batch a request came in."""
    found = select(BatchRow).join(BatchLineRow, BatchLineRow.batch_id == BatchRow.id)
    return act.session.scalars(found.where(BatchLineRow.request_id == request_id)).one_or_none()


def decide_batch(
    act: Act, number: str, shown: Iterable[tuple[str, str]], verdict: Verdict, reason: str
) -> list[Outcome]:
    """Decides stages of one batch one after another, each by `decide` and so under every rule (JC 7, B12).

    `shown` are stage ids, each with the digest of the content that was read. What one of them is refused for does not
    hold up the others; it stands in its outcome. Raises StepUpNeededError, NotFoundError, and RefusedInputError for a
    reason that none may have.
    """
    if act.actor.person_id is None:
        raise NotSignedInError
    check_level(act.actor)
    check_reason(verdict, reason)
    numbers_of = {row.id: row.number for _, row in list_lines(act, number)}
    outcomes = []
    for stage_id, digest in dict(shown).items():
        request_id = store.get_stage(act, stage_id).request_id
        if request_id not in numbers_of:
            raise NotFoundError(kind="审批环节 (stage)", name=stage_id)
        refusal = _decide_one(act, stage_id, digest, verdict, reason)
        says = _words(refusal) if refusal else None
        outcomes.append(
            Outcome(
                stage_id=stage_id,
                number=numbers_of[request_id],
                code=refusal.code if refusal else "",
                says=says.zh if says else "",
                says_en=says.en if says else "",
            )
        )
    return outcomes


def _decide_one(act: Act, stage_id: str, digest: str, verdict: Verdict, reason: str) -> ConnectorError | None:
    urgent = len(act.urgent)
    try:
        with act.session.begin_nested():
            decide(act, stage_id=stage_id, verdict=verdict, reason=reason, digest=digest)
    except StepUpNeededError:
        raise  # It would be the same for every one.
    except ConnectorError as refusal:
        del act.urgent[urgent:]  # Steps that were rolled back are nobody's to run.
        return refusal
    return None


def _words(refusal: ConnectorError) -> Text:
    """What one request was refused for; where fields are missing, which: a verifier compares each person by himself."""
    says = refusal.says.filled(refusal.facts)
    if not isinstance(refusal, RefusedInputError):
        return says
    zh, en = "；".join(one.zh for one in refusal.fields), "; ".join(one.en for one in refusal.fields)
    return Text(f"{says.zh}：{zh}", f"{says.en}: {en}")


def _read(act: Act, sheet: str, content: bytes) -> list[SheetLine]:
    if act.actor.person_id is None:
        raise NotSignedInError
    if sheet not in SHEETS:
        raise RefusedInputError([FieldProblem("kind", "没有此类模板", f"one of {', '.join(SHEETS)}", CLAUSE)])
    return parse_sheet(content, headings_of(sheet))


def _submit_lines(act: Act, sheet: str, lines: Sequence[SheetLine]) -> list[tuple[int, RequestRow]]:
    """The requests of all lines; RefusedInputError with everything that is wrong with any of them."""
    made: list[tuple[int, RequestRow]] = []
    problems: list[FieldProblem] = []
    for line in lines:
        form, wrong = form_of(sheet, line)
        problems += wrong
        if form is None:
            continue
        row, refused = _submit_one(act, sheet, line.line, form)
        problems += refused
        made += [(line.line, row)] if row else []
    if problems:
        raise RefusedInputError(problems[:MOST_PROBLEMS], clause=CLAUSE)
    return made


def _submit_one(act: Act, sheet: str, line: int, form: RequestForm) -> tuple[RequestRow | None, list[FieldProblem]]:
    """One line in a savepoint of its own, so that the lines after a wrong one are looked at too."""
    try:
        with act.session.begin_nested():
            return submit_request(act, form), []
    except RefusedInputError as refusal:
        return None, [p._replace(field=place(sheet, line, p.field)) for p in refusal.fields]
    except ConnectorError as refusal:
        says = refusal.says.filled(refusal.facts)
        name = "account" if refusal.code == NotFoundError.code else refusal.code
        return None, [FieldProblem(place(sheet, line, name), says.zh, says.en, refusal.clause_cited)]


def _content(act: Act, sheet: str, lines: Sequence[SheetLine]) -> str:
    """A keyed digest: from a plain one, somebody could try out who stands in the list (J5)."""
    text = json.dumps([sheet, [sorted(line.cells.items()) for line in lines]], ensure_ascii=False)
    return act.vault.digest(text, CONTENT_CONTEXT)


def _times(act: Act, digest: str, again: bool) -> int:
    last = act.session.scalars(
        select(BatchRow).where(BatchRow.content == digest).order_by(BatchRow.times.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return 1
    if not again:
        raise SameBatchError(number=last.number if last.applicant_id == act.actor.person_id else "--")
    return last.times + 1


def _list(act: Act, batch: BatchRow) -> list[tuple[int, RequestRow]]:
    rows = act.session.execute(
        select(BatchLineRow.line, RequestRow)
        .join(RequestRow, RequestRow.id == BatchLineRow.request_id)
        .where(BatchLineRow.batch_id == batch.id)
        .order_by(BatchLineRow.line)
    )
    own = batch.applicant_id == act.actor.person_id
    return [(line, request) for line, request in rows if own or _may_see(act, request)]


def _may_see(act: Act, request: RequestRow) -> bool:
    try:
        show.check_may_see(act, request, store.stages_of(act, request))
    except NotFoundError:
        return False
    return True


__all__ = ["SHEETS", "Outcome", "batch_of", "check_batch", "decide_batch", "get_batch", "submit_batch", "template"]
