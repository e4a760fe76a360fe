"""Names of everything the record can say. They stand in it for ever, so a name is never changed, only added."""

from enum import StrEnum


class Event(StrEnum):
    # register
    UNIT_REGISTERED = "unit.registered"
    PERSON_REGISTERED = "person.registered"
    PERSON_CHANGED = "person.changed"
    PERSON_REVEALED = "person.revealed"
    SUBSYSTEM_REGISTERED = "subsystem.registered"
    PERMISSION_REGISTERED = "permission.registered"
    APPOINTMENT_MADE = "appointment.made"
    APPOINTMENT_CONFIRMED = "appointment.confirmed"
    APPOINTMENT_ENDED = "appointment.ended"
    REGISTER_FOUNDED = "register.founded"
    ACCOUNT_OPENED = "account.opened"
    ACCOUNT_STATUS_CHANGED = "account.status_changed"
    GRANT_ADDED = "grant.added"
    GRANT_WITHDRAWN = "grant.withdrawn"
    # requests
    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_RESUBMITTED = "request.resubmitted"
    REQUEST_RETURNED = "request.returned"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_STAGE_APPROVED = "request.stage_approved"
    REQUEST_APPROVED = "request.approved"
    REQUEST_REJECTED = "request.rejected"
    REQUEST_REMINDED = "request.reminded"
    REQUEST_OVERDUE = "request.overdue"
    # provisioning and outbox
    STEP_ENQUEUED = "step.enqueued"
    STEP_DONE = "step.done"
    STEP_FAILED = "step.failed"
    STEP_CONFLICTED = "step.conflicted"
    STEP_RETRIED = "step.retried"
    ACCOUNT_FROZEN = "account.frozen"
    ACCOUNT_ENABLED = "account.enabled"
    FREEZE_VERIFIED = "freeze.verified"
    LINK_ISSUED = "link.issued"
    LINK_OPENED = "link.opened"
    LINK_REFUSED = "link.refused"
    # departures
    DIRECTORY_READ = "directory.read"
    DIRECTORY_READ_REFUSED = "directory.read_refused"
    PLAN_HELD = "plan.held"
    PLAN_EXECUTED = "plan.executed"
    DEPARTURE_OPENED = "departure.opened"
    DEPARTURE_CLOSED = "departure.closed"
    # checks
    SCAN_FINISHED = "scan.finished"
    DORMANT_PROPOSED = "dormant.proposed"
    PASSWORD_NOTICE_SENT = "password.notice_sent"  # noqa: S105
    PASSWORD_CHANGE_FORCED = "password.change_forced"  # noqa: S105
    # activity
    EVENTS_INGESTED = "events.ingested"
    ACTIVITY_BASELINE_TAKEN = "activity.baseline_taken"
    LOGIN_TWO_PLACES = "login.two_places"
    LOGIN_LOCKED = "login.locked"
    LOGIN_SPRAYED = "login.sprayed"
    # incidents
    FREEZE_ORDERED = "freeze.ordered"
    FREEZE_CONFIRMED = "freeze.confirmed"
    FREEZE_STARTED = "freeze.started"
    FREEZE_REFUSED = "freeze.refused"
    FREEZE_EXPIRED = "freeze.expired"
    FREEZE_FINISHED = "freeze.finished"
    # webhooks
    ENDPOINT_REGISTERED = "endpoint.registered"
    ENDPOINT_ROTATED = "endpoint.rotated"
    ENDPOINT_DISABLED = "endpoint.disabled"
    WEBHOOK_ACCEPTED = "webhook.accepted"
    WEBHOOK_REFUSED = "webhook.refused"
    # pages
    SESSION_SIGNED_IN = "session.signed_in"
    SESSION_RENEWED = "session.renewed"
    SESSION_SIGNED_OUT = "session.signed_out"
    SESSION_ENDED = "session.ended"
    # signals
    STREAM_REGISTERED = "stream.registered"
    STREAM_DISABLED = "stream.disabled"
    STREAM_VERIFICATION_ORDERED = "stream.verification_ordered"
    SIGNAL_ACCEPTED = "signal.accepted"
    SIGNAL_DELAYED = "signal.delayed"
    SIGNAL_OVERTAKEN = "signal.overtaken"
    SIGNAL_KEY_ROTATED = "signal_key.rotated"
    # house
    REALM_APPLIED = "realm.applied"
    PROBE_FAILED = "probe.failed"
    CALENDAR_YEAR_MISSING = "calendar.year_missing"
    RECORD_EXPORTED = "record.exported"
    JOB_FAILED = "job.failed"
    VAULT_ROTATED = "vault.rotated"
