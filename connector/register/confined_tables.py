"""By which column each table is bound to the tree of units (GS 3, GS 5): one deliberate word for every table there is.

Names tables of every room and touches none. A table that stands nowhere here and has no rule of its own room is closed
to whoever administers a part, and a test fails until somebody has decided.
"""

# What belongs to the installation and names no unit: the catalogue, the timetable, counters, one's own pages.
OPEN = frozenset({
    "subsystems", "permissions", "password_policies", "job_schedule", "job_runs", "audit_checkpoints",
    "page_sessions", "page_forms", "page_drafts", "page_sign_ins", "signal_streams", "ingestion_cursors",
    "activity_baselines", "directory_reads", "directory_cursor", "provenance_gate", "login_failures",
    "freeze_numbers", "incident_numbers", "inspection_numbers", "request_numbers", "request_batch_numbers",
    "review_numbers",
})  # fmt: skip

# Totals over every unit, machinery that names no person of the register, and what other installations hold.
CLOSED = frozenset({
    "directory_people", "key_passes", "known_secrets", "log_imports", "matrix_checks", "subsystem_exports",
    "subsystem_holdings", "scan_runs", "reconciliations", "departure_plans", "filings",
})  # fmt: skip

ACCOUNT, PERSON, UNIT, USER = ("account_id",), ("person_id",), ("unit_id",), ("user_id",)
KEYCLOAK = ("keycloak_id",)
CASE = ("account_id", "person_id")

# The columns that bind a row, the closest first: the first one that is filled decides.
LINKED: dict[str, tuple[str, ...]] = {
    "absences": PERSON, "account_activity": KEYCLOAK, "account_states": ACCOUNT, "conflict_exceptions": PERSON,
    "conflict_findings": PERSON, "console_administrators": PERSON, "corrections": UNIT, "departure_cases": CASE,
    "directory_hints": ("person_id", "unit_code"), "entitlement_overrides": UNIT, "expiry_notices": ACCOUNT,
    "factor_changes": KEYCLOAK, "freeze_order_lines": ACCOUNT, "freeze_orders": ("orderer_id",), "grants": ACCOUNT,
    "hardware_keys": ACCOUNT, "idp_events": USER, "initial_links": ACCOUNT, "key_events": ACCOUNT,
    "key_findings": ACCOUNT, "key_replacements": ACCOUNT, "key_waivers": ACCOUNT, "login_places": USER,
    "matrices": UNIT, "matrix_differences": ("account_id", "unit_id"), "matrix_drafts": UNIT, "mismatch_cases": CASE,
    "mover_cases": CASE, "outbox_steps": ACCOUNT, "password_notices": ACCOUNT, "person_documents": PERSON,
    "person_spans": PERSON, "privileged_boxes": ACCOUNT, "provenance_findings": ("account_id", "user_id"),
    "provenance_queue": USER, "provenance_users": ("account_id", "user_id"),
    "reconciliation_differences": ("account_id", "keycloak_id"), "request_batches": ("applicant_id",),
    "review_sheets": UNIT, "review_subjects": ACCOUNT, "rotation_cases": CASE, "sanctions": ACCOUNT,
    "scan_findings": ACCOUNT, "secret_knowers": PERSON, "self_checks": UNIT, "subsystem_uses": KEYCLOAK,
    "tender_projects": UNIT, "unit_duties": UNIT, "unit_plans": UNIT, "unit_spans": UNIT, "vacancies": UNIT,
    "weak_password_warnings": ACCOUNT, "weak_passwords": ACCOUNT, "webhook_endpoints": UNIT,
}  # fmt: skip

# A part is seen with its whole: its own column, the whole, and the whole's key. Asked when no link above is filled.
PARTS: dict[str, tuple[str, str, str]] = {
    "corrected_particulars": ("case_id", "mismatch_cases", "id"),
    "freeze_order_lines": ("order_id", "freeze_orders", "id"),
    "handover_items": ("change_id", "contact_changes", "id"),
    "handover_signatures": ("change_id", "contact_changes", "id"),
    "hardware_keys": ("batch_id", "key_batches", "id"),
    "key_events": ("hardware_key_id", "hardware_keys", "id"),
    "matrix_lines": ("matrix_id", "matrices", "id"),
    "outbox_attempts": ("step_id", "outbox_steps", "id"),
    "privileged_extensions": ("box_id", "privileged_boxes", "id"),
    "privileged_notices": ("box_id", "privileged_boxes", "id"),
    "request_batch_lines": ("batch_id", "request_batches", "id"),
    "review_items": ("subject_id", "review_subjects", "id"),
    "rotation_items": ("case_id", "rotation_cases", "id"),
    "tender_phases": ("project_id", "tender_projects", "id"),
    "webhook_receipts": ("endpoint_id", "webhook_endpoints", "id"),
}
