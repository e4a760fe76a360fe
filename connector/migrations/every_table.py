"""The metadata of all rooms together, for migrations and for the test that they agree with the tables."""

from connector.activity import alarm_tables, evidence_tables
from connector.activity import tables as activity
from connector.audit import tables as audit
from connector.checks import runs, timetable
from connector.checks import tables as checks
from connector.departures import secret_tables, staff_tables
from connector.departures import tables as departures
from connector.incidents import tables as incidents
from connector.keys import tables as keys
from connector.outbox import tables as outbox
from connector.pages import form_tables
from connector.pages import tables as pages
from connector.provenance import tables as provenance
from connector.provisioning import tables as provisioning
from connector.reconciliation import tables as reconciliation
from connector.register import tables as register
from connector.requests import tables as requests
from connector.signals import tables as signals
from connector.storage.tables import Base
from connector.webhooks import tables as webhooks

ROOMS = (
    activity, alarm_tables, audit, checks, departures, evidence_tables, form_tables, incidents, keys, outbox, pages,
    provenance, provisioning, reconciliation, register, requests, runs, secret_tables, signals, staff_tables, timetable,
    webhooks,
)  # fmt: skip
metadata = Base.metadata
