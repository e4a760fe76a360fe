"""The metadata of all rooms together, for migrations and for the test that they agree with the tables."""

from connector.activity import alarm_tables, evidence_tables
from connector.activity import tables as activity
from connector.audit import tables as audit
from connector.checks import runs, timetable
from connector.checks import tables as checks
from connector.conflicts import tables as conflict_tables
from connector.departures import secret_tables, staff_tables
from connector.departures import tables as departures
from connector.incidents import alarm_tables as incident_alarms
from connector.incidents import case_tables
from connector.incidents import tables as incidents
from connector.keys import tables as keys
from connector.outbox import tables as outbox
from connector.pages import form_tables
from connector.pages import tables as pages
from connector.privileged import tables as privileged
from connector.provenance import tables as provenance
from connector.provisioning import tables as provisioning
from connector.reconciliation import tables as reconciliation
from connector.reconciliation import three_way_tables
from connector.register import administrator_tables, deputy_tables, document_tables, matrix_tables, unit_tables
from connector.register import tables as register
from connector.registration import tables as registration
from connector.requests import batch_tables, deadline_tables, entitlement_tables, verification_tables
from connector.requests import tables as requests
from connector.reviews import filing_tables, inspection_tables
from connector.reviews import tables as reviews
from connector.scans import tables as scans
from connector.signals import tables as signals
from connector.storage.tables import Base
from connector.webhooks import tables as webhooks

ROOMS = (
    administrator_tables,
    conflict_tables, privileged,
    case_tables, incident_alarms,
    activity, alarm_tables, audit, checks, departures, entitlement_tables, evidence_tables, form_tables, incidents,
    keys, matrix_tables, outbox, pages,
    filing_tables, inspection_tables, reviews,
    provenance, provisioning, reconciliation, register, requests, runs, deputy_tables, deadline_tables,
    secret_tables, signals, staff_tables,
    three_way_tables, timetable,
    webhooks, scans, batch_tables, verification_tables, document_tables, unit_tables, registration,
)  # fmt: skip
metadata = Base.metadata
