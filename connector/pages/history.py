"""What happened to a request, newest first, and what changed between two of its versions. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connector.audit import search
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import Text
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.pages import deciders, facts
from connector.pages.choices import name_of
from connector.pages.facts import Part, label_of
from connector.pages.proposals import BY_SYSTEM
from connector.pages.wording import VERDICTS
from connector.register import catalogue, people
from connector.register.offices import OFFICE_NAMES
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests import service as requests
from connector.requests.tables import RequestRow

COMPARED = (
    "permissions", "withdraw", "reason", "cause", "urgent", "event_on", "purpose", "until", "account_class", "key",
)  # fmt: skip
SINCE_THEN = {"purpose": "ordinary"}  # what a form without such a box meant
STEP_NAMES: Mapping[str, Text] = {
    "keycloak.create_user": Text("建立账号", "Account made"),
    "keycloak.grant_roles": Text("开通权限", "Permissions granted"),
    "keycloak.withdraw_roles": Text("撤销权限", "Permissions withdrawn"),
    "keycloak.enable": Text("恢复登录", "Login enabled again"),
    "keycloak.freeze": Text("停止登录并退出全部会话", "Login stopped, all sessions ended"),
    "keycloak.sweep": Text("复查会话", "Sessions looked at again"),
    "keycloak.delete_user": Text("删除账号", "Account deleted"),
    "link.issue": Text("发送一次性链接", "One-time link sent"),
}
SENT, SENT_AGAIN = Text("提交申请", "Submitted"), Text("补充后重新提交", "Put right and sent again")
REASON = Text("申请原因", "Reason")


class Happening(NamedTuple):
    """One thing that happened: what, by whom, when, and what he wrote."""

    title: Text
    at: datetime
    by: Text | None = None
    reason: str = ""
    proof: tuple[str, ...] = ()


class Change(NamedTuple):
    """One row that differs from the version before."""

    label: Text
    former: Sequence[Part]
    present: Sequence[Part]


def happenings(act: Act, request: RequestRow) -> list[Happening]:
    """Submissions, decisions, the withdrawal, and what the systems did, newest first."""
    found = [part for tell in (_versions, _decisions, _withdrawals, _steps) for part in tell(act, request)]
    # Of one moment, what came later in the request comes first.
    return sorted(found, key=lambda happening: happening.at)[::-1]


def changes(act: Act, request: RequestRow) -> list[Change]:
    """What the present version says otherwise than the one before; nothing in a first version."""
    versions = requests.versions_of(act, request.id)
    if len(versions) < 2:
        return []
    return compare(act, RequestKind(request.kind), versions[-2].form, versions[-1].form)


def compare(act: Act, kind: RequestKind, former: Mapping[str, Any], present: Mapping[str, Any]) -> list[Change]:
    """The rows in which two versions of a form differ."""
    found = []
    for name in COMPARED:
        before, after = (form.get(name, SINCE_THEN.get(name)) for form in (former, present))
        if before != after:
            label = REASON if name == "reason" else label_of(kind, name)
            found.append(Change(label, _parts(act, kind, name, before), _parts(act, kind, name, after)))
    return found


def _parts(act: Act, kind: RequestKind, name: str, value: Any) -> list[Part]:
    if name in ("permissions", "withdraw"):
        return facts.permissions(act, value or ())
    if value is True:
        value = "yes"
    return [Part(name_of(kind, name, str(value)))] if value else []


def _versions(act: Act, request: RequestRow) -> Iterable[Happening]:
    for version in requests.versions_of(act, request.id):
        title = (
            Text("提交申请", "Submitted")
            if version.version == 1
            else Text("补充后重新提交", "Put right and sent again")
        )
        yield Happening(title, version.submitted_at, _name(act, request))


def _decisions(act: Act, request: RequestRow) -> Iterable[Happening]:
    for decision in requests.decisions_of(act, request.id):
        office = OFFICE_NAMES[Office(requests.get_stage(act, decision.stage_id).office)]
        verdict = VERDICTS[decision.verdict]
        title = Text(f"{office.zh}：{verdict.zh}", f"{office.en}: {verdict.en}")
        name = deciders.name_of(act, decision)
        yield Happening(title, decision.decided_at, Text(name, name), decision.reason, tuple(decision.proof.split()))


def _withdrawals(act: Act, request: RequestRow) -> Iterable[Happening]:
    for entry in search.list_entries(act, request_id=request.id, event=Event.REQUEST_WITHDRAWN):
        yield Happening(Text("已撤回", "Withdrawn"), entry.at, _name(act, request), str(entry.data.get("reason", "")))


def _steps(act: Act, request: RequestRow) -> Iterable[Happening]:
    for step in outbox.list_steps(act, request_id=request.id):
        if step.kind in STEP_NAMES and step.finished_at and step.state == "done":
            yield Happening(_step_name(act, step), step.finished_at)


def _step_name(act: Act, step: StepRow) -> Text:
    """What the step did, and at which system where it was at one."""
    name = STEP_NAMES[step.kind]
    if "subsystem" not in step.payload:
        return name
    system = catalogue.name_of_subsystem(act, step.payload["subsystem"])
    return Text(f"{name.zh}：{system}", f"{name.en}: {system}")


def _name(act: Act, request: RequestRow) -> Text:
    """Who submitted: a person's name; a job is the system."""
    return _person(act, request.applicant_id) if request.applicant_id else BY_SYSTEM


def _person(act: Act, person_id: str) -> Text:
    name = people.get_person(act, person_id).name
    return Text(name, name)
