"""What stands on the pages of posts, deputies, projects, duties and registration: one of each in a small town."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from connector.audit.seal import seal_pending
from connector.auth.actor import Actor
from connector.conflicts import service as conflicts
from connector.conflicts.forms import PhaseForm, ProjectForm
from connector.register import deputies, matrix_drafts
from connector.register.deputies import DeputyForm
from connector.register.matrix_lines import MatrixLine
from connector.register.tables import AppointmentRow
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm
from connector.registration.mismatches import MismatchForm
from connector.regulations.vocabulary import Office
from connector.requests import batches
from connector.requests.batch_columns import SHEETS
from connector.reviews import campaigns, corrections, filings, inspections, self_checks
from connector.reviews.self_checks import SELF_CHECK, CheckAnswer
from tests.factories import make_account, make_person, phone, resident_id
from tests.fixtures_boxes import BoxDesk
from tests.town import HOST, Town


def fill(town: Town, now: datetime) -> dict[str, str]:
    """Puts one of each into the town; returns numbers and ids by what they are of."""
    head = town.actor(Office.UNIT_HEAD, "ywk")
    found: dict[str, str] = {}
    for part in (_posts, _deputy, _project, _registration, _duties):
        found |= part(town, head, now)
    return found | _inspection(town) | _box(town)


def _member(town: Town) -> Any:
    with town.connector.act(HOST) as act:
        return make_account(act, "ywk", *town.permissions(1), person=make_person(act, "ywk"))


def _posts(town: Town, head: Actor, _now: datetime) -> dict[str, str]:
    """A draft of the unit's table of posts, and a batch of two new people."""
    headings = ",".join(column.heading for column in SHEETS["grant"][1])
    lines = [
        f"ywk,王列{number},,{resident_id()},{phone()},科员,,{town.permissions(1)[0]},新入职,," for number in (1, 2)
    ]
    with town.connector.act(head) as act:
        matrix_drafts.save_draft(act, "ywk", [MatrixLine(post="科员", permission=town.permissions(1)[0])], revision=0)
    with town.connector.act(town.applicant("ywk")) as act:
        return {"batch": batches.submit_batch(act, "grant", "\r\n".join((headings, *lines)).encode()).number}


def _deputy(town: Town, head: Actor, now: datetime) -> dict[str, str]:
    member, day = _member(town), now.date() + timedelta(days=20)
    with town.connector.act(head) as act:
        held = act.session.scalars(select(AppointmentRow.id).where(AppointmentRow.person_id == head.person_id)).one()
        form = DeputyForm(appointment_id=held, deputy=member.user_name, valid_from=day, valid_to=day, reason="出差一天")
        return {"deputy": deputies.name_deputy(act, form).row.id}


def _project(town: Town, head: Actor, now: datetime) -> dict[str, str]:
    phase = PhaseForm(name="评标", starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=11))
    opening = now + timedelta(days=10)
    form = ProjectForm(number="XM-1", name="道路工程", unit_code="ywk", bid_opening_at=opening, phases=(phase,))
    with town.connector.act(head) as act:
        return {"project": conflicts.register_project(act, form).number}


def _registration(town: Town, head: Actor, now: datetime) -> dict[str, str]:
    """Data that is not true, and a contact who hands over next month."""
    doubtful, taker = _member(town), _member(town)
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        form = MismatchForm(account=doubtful.user_name, fields=["name"], reason="证件与本人不符")
        case = registration.open_mismatch(act, form).id
    day = now.date() + timedelta(days=30)
    with town.connector.act(head) as act:
        change = ChangeForm(unit_code="ywk", duty="handler", taker=taker.user_name, effective_on=day)
        return {"mismatch": case, "change": registration.announce_change(act, change).id}


def _duties(town: Town, head: Actor, now: datetime) -> dict[str, str]:
    """A review under way, a signed self-check with its correction, and the filing of the last quarter."""
    department = town.actor(Office.SYSTEM_DEPARTMENT_HEAD)
    last = (now.year * 4 + (now.month - 1) // 3) - 1
    period = f"{last // 4}-Q{last % 4 + 1}"
    with town.connector.act(department) as act:
        review = campaigns.open_campaign(act, ["ywk"]).number
    questions = town.connector.rulebook.checklist(SELF_CHECK)
    answers = [CheckAnswer(name=q.name, ok=n > 0, note="" if n else "一人离岗未交接") for n, q in enumerate(questions)]
    with town.connector.act(head) as act:
        signed = self_checks.sign_check(act, SELF_CHECK, "ywk", period, answers)
        correction = corrections.open_of(act, SELF_CHECK, signed.id)[0].id
    with town.connector.act(town.actor(Office.OPERATOR)) as act:
        filing = filings.make_filing(act, period).number
    return {"review": review, "correction": correction, "filing": filing}


def _inspection(town: Town) -> dict[str, str]:
    """An inspection whose sample was drawn."""
    connector = town.connector
    with connector.act(town.actor(Office.SYSTEM_DEPARTMENT_HEAD)) as act:
        number = inspections.open_inspection(act, "ywk").number
    seal_pending(connector.database, connector.signer, connector.clock.now())
    with connector.act(HOST) as act:
        inspections.draw_inspection(act, number)
    return {"inspection": number}


def _box(town: Town) -> dict[str, str]:
    """A privileged use that was approved and begins later."""
    desk = BoxDesk(town)
    return {"box": town.approve(desk.ask(_member(town), start=timedelta(hours=2))).number}
