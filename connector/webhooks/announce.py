"""Tells approvers of a stage that has opened: messages to their systems and mails to them. Only enqueues."""

from typing import Any

from sqlalchemy import select

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.register import accounts, appointments
from connector.register.offices import OFFICE_NAMES, OFFICE_ZONE
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.vocabulary import Office
from connector.requests import entitlement, in_place
from connector.requests import service as requests
from connector.requests.tables import ParticipantRow, RequestRow, StageRow
from connector.webhooks import service as webhooks

OPENED = "task.opened"

TEXT = """您好：

申请 {number} 已到“{zh}”环节，请您审批{due_zh}。
Request {number} waits for your decision as {en}{due_en}.

{url}

本邮件不含申请内容，请登录后查看。This mail holds nothing of the request; sign in to read it.
"""


def announce_stage(act: Act, stage: StageRow, request: RequestRow, *, public_url: str) -> int:
    """Enqueues a message to each entitled endpoint and a mail to each approver; returns how many (B11, LC 6(1)).

    The message is thin: what is asked is read by a signed-in person, so that the reading is recorded. A stage that
    is no longer open is not announced.
    """
    if stage.state != "open":
        return 0
    url = f"{public_url.rstrip('/')}/requests/{request.id}"
    data = _task(act, stage, request, url) | _deputies(act, stage, request) | _excess(act, stage, request)
    endpoints = [e for e in webhooks.list_endpoints(act, active=True) if webhooks.is_entitled(act, e, stage)]
    for endpoint in endpoints:
        outbox.enqueue(
            act,
            "webhook",
            key=f"webhook:{endpoint.id}:{stage.id}",
            lane=f"endpoint:{endpoint.id}",
            payload={"endpoint_id": endpoint.id, "type": OPENED, "data": data},
            request_id=request.id,
        )
    return len(endpoints) + _mail_approvers(act, stage, request, url)


def _task(act: Act, stage: StageRow, request: RequestRow, url: str) -> dict[str, Any]:
    return {
        "task": stage.id,
        "request": request.number,
        "kind": request.kind,
        "office": stage.office,
        "unit": act.session.get_one(UnitRow, stage.unit_id).code,
        "digest": request.digest,
        "due_at": stage.due_at.isoformat() if stage.due_at else None,
        "url": url,
    }


def _excess(act: Act, stage: StageRow, request: RequestRow) -> dict[str, Any]:
    """What an override would have to name, where this stage answers for the table of posts (JC 11)."""
    found = entitlement.check_request(act, request)
    if found is None or not found.outside or not entitlement.is_checked_at(stage, requests.stages_of(act, request)):
        return {}
    return {"entitlement": found.digest, "excess": list(found.outside)}


def _mail_approvers(act: Act, stage: StageRow, request: RequestRow, url: str) -> int:
    people = [person for person in _approvers(act, stage, request) if person.mail]
    office = OFFICE_NAMES[Office(stage.office)]
    day = stage.due_at.astimezone(OFFICE_ZONE).strftime("%Y-%m-%d %H:%M") if stage.due_at else ""
    for person in people:
        outbox.enqueue(
            act,
            "mail",
            key=f"mail:{stage.id}:{person.id}",
            lane="mail",
            payload={
                "to": person.mail,
                "subject": f"待审批 / To decide: {request.number}",
                "text": TEXT.format(
                    number=request.number,
                    zh=office.zh,
                    en=office.en,
                    due_zh=f"（期限：{day}，北京时间）" if day else "",
                    due_en=f" by {day} (Beijing)" if day else "",
                    url=url,
                ),
            },
            request_id=request.id,
        )
    return len(people)


def _approvers(act: Act, stage: StageRow, request: RequestRow) -> list[PersonRow]:
    """Who may decide: holders of the office and their deputies who take no part in this version yet (JC 7, HH 3)."""
    taken = set(
        act.session.scalars(
            select(ParticipantRow.person_id).where(
                ParticipantRow.request_id == stage.request_id, ParticipantRow.version == stage.version
            )
        )
    )
    holders = [p for p in appointments.holders(act, Office(stage.office), stage.unit_id) if p.id not in taken]
    return [*holders, *(one.deputy for one in in_place.deputies_for(act, request, stage, taken))]


def _deputies(act: Act, stage: StageRow, request: RequestRow) -> dict[str, Any]:
    """Who stands for whom at this stage today, by user names; nothing where nobody does (HH 3)."""
    found = in_place.deputies_for(act, request, stage, requests.parts_of(act, request))
    names = {person.id: accounts.find_by_person(act, person.id) for one in found for person in (one.deputy, one.holder)}
    pairs = [(names[one.deputy.id], names[one.holder.id]) for one in found]
    listed = [{"deputy": d.user_name, "stands_for": h.user_name} for d, h in pairs if d and h]
    return {"deputies": listed} if listed else {}
