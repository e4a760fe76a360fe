"""Right calls of the clocks, of deputies and absences, and of the ledger as a file; noted by `tests.operations`."""

import itertools
from datetime import date, timedelta

from sqlalchemy import select

from connector.register import absences, deputies
from connector.register.absences import AbsenceForm
from connector.register.deputies import DeputyForm
from connector.register.tables import AppointmentRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_person
from tests.fixtures_api import Api
from tests.operations import Call, operation, simple
from tests.town import HOST

_days = itertools.count(1)

simple("GET", "/requests/statistics", by=Office.PRINCIPAL, sent={"params": {"month": "2026-03"}})
simple("GET", "/offices/vacant", by=Office.SECURITY_ADMINISTRATOR)
simple("GET", "/ledger/export", by=Office.AUDITOR)
simple("GET", "/deputies", by=Office.UNIT_HEAD, unit="ywk", refused=200)
simple("GET", "/absences", by=Office.UNIT_HEAD, unit="ywk", refused=200)


def next_day(api: Api) -> date:
    """A day to come, another at each call: nobody has two deputies or two absences on one day."""
    today: date = api.town.clock.now().date()
    return today + timedelta(days=next(_days) % 250)


def deputy_form(api: Api) -> DeputyForm:
    town = api.town
    head = town.centre.person(Office.UNIT_HEAD, "ywk")
    day = next_day(api)
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", person=make_person(act, "ywk"))
        held = act.session.scalars(select(AppointmentRow.id).where(AppointmentRow.person_id == head.id)).one()
        return DeputyForm(
            appointment_id=held, deputy=account.user_name, valid_from=day, valid_to=day, reason="出差一天"
        )


@operation("POST", "/deputies")
def name_deputy(api: Api) -> Call:
    sent = {"json": deputy_form(api).model_dump(mode="json")}
    return Call("/deputies", Office.UNIT_HEAD, unit="ywk", status=201, sent=sent)


@operation("POST", "/deputies/{deputy_id}/confirm")
def confirm_deputy(api: Api) -> Call:
    town, form = api.town, deputy_form(api)
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        holder = town.centre.person(Office.UNIT_HEAD, "ywk").id
        days = {"first_day": form.valid_from, "last_day": form.valid_to}
        absences.note_absence(act, AbsenceForm(person_id=holder, reason="住院", **days))
        row = deputies.name_deputy(act, form).row
    return Call(f"/deputies/{row.id}/confirm", Office.PRINCIPAL)


@operation("POST", "/deputies/{deputy_id}/end")
def end_deputy(api: Api) -> Call:
    form = deputy_form(api)
    with api.town.connector.act(api.town.actor(Office.UNIT_HEAD, "ywk")) as act:
        row = deputies.name_deputy(act, form).row
    return Call(f"/deputies/{row.id}/end", Office.SECURITY_ADMINISTRATOR)


@operation("POST", "/absences")
def note_absence(api: Api) -> Call:
    day = next_day(api).isoformat()
    holder = api.town.centre.person(Office.UNIT_HEAD, "ywk").id
    sent = {"json": {"person_id": holder, "first_day": day, "last_day": day, "reason": "住院"}}
    return Call("/absences", Office.SECURITY_ADMINISTRATOR, status=201, sent=sent)


@operation("POST", "/absences/{absence_id}/end")
def end_absence(api: Api) -> Call:
    day = next_day(api)
    with api.town.connector.act(api.town.actor(Office.UNIT_HEAD, "ywk")) as act:
        row = absences.note_absence(act, AbsenceForm(first_day=day, last_day=day, reason="休假"))
    return Call(f"/absences/{row.id}/end", Office.SECURITY_ADMINISTRATOR)
