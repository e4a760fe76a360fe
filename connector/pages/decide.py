"""审批: what the decider is shown, his decision bound to exactly that, and the pages of a race that was lost.

The page arranges the second factor; whether it was proved, and who may decide, is checked by the service alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import ConnectorError, FieldProblem, RefusedInputError
from connector.pages import chain, deciders, entitled, entries, facts, history, verifying
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.proposals import may_exclude, proposed
from connector.pages.requests import applicant_name, fact_rows, papers_of, subject_name
from connector.pages.step_up import ask_step_up, handles, kept_entries
from connector.pages.wording import Words
from connector.register import accounts, people, units
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import RequestKind, Verdict
from connector.requests import service as requests
from connector.requests import show
from connector.requests.errors import ContentChangedError, RequestClosedError, StageClosedError
from connector.requests.registrations import show_registration
from connector.requests.rules import check_reason
from connector.requests.tables import RequestRow, StageRow

router = APIRouter(prefix="/pages/inbox", tags=["pages"], include_in_schema=False)

PURPOSE = "decide"
PAST_REQUESTS = 5
LOST = (StageClosedError, RequestClosedError, ContentChangedError)
NO_VERDICT = FieldProblem("verdict", "请选择审批意见", "Choose a decision")


class Sent(NamedTuple):
    """A decision as it was typed, for the stage and the content that were shown."""

    stage_id: str = ""
    verdict: str = ""
    reason: str = ""
    digest: str = ""
    excluded: Sequence[str] = ()
    override: Mapping[str, Any] | None = None
    compared: Sequence[Mapping[str, Any]] = ()


@router.get("/{stage_id}")
def ask(request: Request, act: PageActDep, stage_id: str) -> Response:
    """Everything a decider has to know, and the form; no form for who may not decide."""
    kept = kept_entries(request, act, purpose=PURPOSE, back=f"/pages/inbox/{stage_id}") or {}
    return _page(request, act, stage_id, Sent(**{**kept, "digest": ""}), [])


@router.post("/{stage_id}")
def decide(request: Request, act: PageActDep, form: FormDep, stage_id: str) -> Response:
    """Keeps the decision, bound to what was shown, and asks for the second factor."""
    sent = Sent(
        stage_id=stage_id,
        verdict=entries.text(form, "verdict"),
        reason=entries.text(form, "reason"),
        digest=entries.text(form, "digest"),
        excluded=tuple(form.get("excluded", ())),
        override=entitled.typed(form),
    )
    stage, row = _seen(act, stage_id)
    sent = sent._replace(compared=verifying.answers(act, stage, row, form))
    beyond = entitled.problems(act, stage, row, sent.verdict, sent.override)
    if problems := [*verifying.problems(act, stage, row, sent.verdict, sent.compared), *beyond, *_problems(sent)]:
        return _page(request, act, stage_id, sent, problems)
    try:
        _check(act, stage, row, sent.digest)
    except LOST as error:
        return lost(request, act, stage_id, error, sent.digest)
    return ask_step_up(request, act, purpose=PURPOSE, payload=sent._asdict(), back=f"/pages/inbox/{stage_id}")


@handles(PURPOSE, unfinished=mark("未完成验证，审批未提交。"))
def carry_out(request: Request, act: Act, payload: Mapping[str, Any]) -> Response:
    """Decides, once the second factor is proved, with the digest that was shown (B12)."""
    try:
        with act.session.begin_nested():
            row = requests.decide(
                act,
                stage_id=payload["stage_id"],
                verdict=Verdict(payload["verdict"]),
                reason=payload["reason"],
                digest=payload["digest"],
                excluded=tuple(payload["excluded"]),
                override=entitled.override(payload.get("override"), payload["verdict"]),
                compared=verifying.comparisons(payload.get("compared", ())),
            )
    except LOST as error:
        return lost(request, act, payload["stage_id"], error, payload["digest"])
    words = Words(language_of(request))
    banner = _t(request, mark("审批已提交：{verdict}"), verdict=words.verdict(payload["verdict"]))
    return see_other(request, f"/pages/requests/{row.number}", banner=banner)


def lost(request: Request, act: Act, stage_id: str, error: ConnectorError, digest: str) -> Response:
    """Somebody or something was first: who decided what, or what has changed, and where to go on."""
    stage, row = _seen(act, stage_id)
    decision = next((d for d in requests.decisions_of(act, row.id) if d.stage_id == stage_id), None)
    versions = requests.versions_of(act, row.id)
    shown = next((v for v in versions if v.digest == digest), None) or versions[max(0, stage.version - 1)]
    changed = row.state == "pending" and shown.version != row.version
    mine = {task.request_id: task.id for task, _ in requests.list_inbox(act, str(act.actor.person_id))}
    title = mark("申请内容已变化") if changed or isinstance(error, ContentChangedError) else mark("此申请已办理")
    return render(
        request,
        "decide_lost.html",
        title=_t(request, title),
        status=409,
        row=row,
        name=subject_name(act, row),
        decision=decision,
        decider=deciders.name_of(act, decision) if decision else "",
        changes=history.compare(act, RequestKind(row.kind), shown.form, row.form) if changed else [],
        changed=changed,
        next_stage=mine.get(row.id),
        error=error,
    )


def _page(request: Request, act: Act, stage_id: str, sent: Sent, problems: Sequence[FieldProblem]) -> Response:
    stage, row = _seen(act, stage_id)
    refusal: ConnectorError | None = None
    try:
        _check(act, stage, row, sent.digest or row.digest)
    except LOST as error:
        return lost(request, act, stage_id, error, sent.digest)
    except ConnectorError as error:
        refusal = error
    return _drawn(request, act, stage, row, sent, problems, refusal)


def _drawn(
    request: Request, act: Act, stage: StageRow, row: RequestRow, sent: Sent, problems: Sequence[FieldProblem],
    refusal: ConnectorError | None,
) -> HTMLResponse:  # fmt: skip
    words = Words(language_of(request))
    stages = chain.under_way(act, row)
    person = people.get_person(act, row.person_id) if row.person_id else None
    return render(
        request,
        "decide.html",
        title=_title(request, words.kind(row.kind), subject_name(act, row)),
        status=422 if problems else 200,
        row=row,
        stage=stage,
        name=subject_name(act, row),
        person=person,
        unit=units.get_unit_by_id(act, person.unit_id if person else row.unit_id).name,
        applicant=applicant_name(request, act, row),
        added=facts.permissions(act, row.form.get("permissions", ())),
        withdrawn=facts.permissions(act, row.form.get("withdraw", ())),
        held=_held(act, row),
        rows=fact_rows(act, row),
        papers=papers_of(act, row),
        proposal=proposed(act, row, whole=may_exclude(row)),
        may_exclude=may_exclude(row),
        past=_past(act, row, person),
        changes=history.changes(act, row),
        due=words.due(stage.due_at, act.now, act.rulebook.calendar),
        stages=chain.drawn(request, stages, row, cites=False),
        now_at=chain.present_deciders(stages),
        sent=sent,
        **entitled.shown(act, row, stage),
        checklist=verifying.drawn(act, stage, row, sent.compared),
        registration=show_registration(act, row, requests.stages_of(act, row)),
        results=dict(verifying.RESULTS),
        checklist_words=verifying.labels(act, words),
        refusal=refusal,
        verdicts=[{"value": verdict.value, "words": words.verdict(verdict)} for verdict in Verdict],
        problems=entries.said(words, problems),
    )


def _title(request: Request, what: str, name: str) -> str:
    if not name:
        return _t(request, mark("审批：{what}"), what=what)
    return _t(request, mark("审批：{what}（{name}）"), what=what, name=name)


def _seen(act: Act, stage_id: str) -> tuple[StageRow, RequestRow]:
    """The stage and its request, for those who may see it; NotFoundError for everybody else."""
    stage = requests.get_stage(act, stage_id)
    show.show_request(act, stage.request_id)
    return stage, requests.get_request(act, stage.request_id)


def _check(act: Act, stage: StageRow, row: RequestRow, digest: str) -> None:
    """The rule that the service will apply, asked before the person is sent to prove his second factor."""
    requests.check_capacity(act, row, stage, str(act.actor.person_id), digest)


def _problems(sent: Sent) -> list[FieldProblem]:
    if sent.verdict not in set(Verdict):
        return [NO_VERDICT]
    if len(sent.reason) > entries.MOST_REASON:
        return [FieldProblem("reason", f"最多{entries.MOST_REASON}个字", f"at most {entries.MOST_REASON} characters")]
    try:
        check_reason(Verdict(sent.verdict), sent.reason)
    except RefusedInputError as wrong:
        return wrong.fields
    return []


def _held(act: Act, row: RequestRow) -> list[facts.Part]:
    """What the account holds now, apart from this request."""
    if row.account_id is None:
        return []
    account = accounts.get_account(act, row.account_id)
    return facts.permissions(act, [permission.id for permission in accounts.list_grants(act, account)])


def _past(act: Act, row: RequestRow, person: PersonRow | None) -> list[RequestRow]:
    """The person's last requests before this one."""
    if person is None:
        return []
    about = requests.list_requests(act, applicant_id=person.id, count=PAST_REQUESTS * 4)
    return [past for past in about if past.id != row.id and past.person_id == person.id][:PAST_REQUESTS]


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
