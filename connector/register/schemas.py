"""What the register says over HTTP. Numbers of persons appear masked only; the one exception is an audited reveal."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from connector.register.tables import AppointmentRow, PersonRow, UnitRow


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UnitView(_View):
    """A unit, without the contact's phone."""

    id: str
    code: str
    name: str
    kind: str
    parent_id: str | None
    address: str
    belongs_to: str
    contact_name: str
    credit_code: str | None


class SubsystemView(_View):
    """A subsystem; `id` is its client id in Keycloak."""

    id: str
    name: str


class PersonView(_View):
    """A person with his account, if he has one. `directory_key` is null for a unit head."""

    person_id: str
    name: str
    document_kind: str
    document_masked: str
    phone_masked: str
    unit_code: str
    unit_name: str
    post: str
    directory_key: str | None
    registered_at: datetime
    user_name: str | None
    account_status: str | None


class RosterView(_View):
    """A page of the register of persons; `total` counts every person that the filters leave."""

    total: int
    rows: list[PersonView]


class PermissionView(_View):
    """A permission of the catalogue."""

    id: str
    subsystem_id: str
    role: str
    module: str
    workflow_role: str
    sensitive: bool
    clause: str


class RevealForm(BaseModel):
    """Why somebody must see the full numbers."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class RevealedView(_View):
    """The full numbers of one person."""

    document_kind: str
    document_number: str
    phone: str


class GrantView(_View):
    """A permission in the ledger; `granted_by` is a request id or a paper, `approved_by` user names."""

    permission_id: str
    sensitive: bool
    granted_by: str
    since: datetime
    approved_by: list[str]
    overridden_by: str = ""


class LedgerRowView(_View):
    """An account in the ledger."""

    account_id: str
    user_name: str
    account_class: str
    status: str
    status_cause: str
    status_since: datetime
    status_request_id: str | None
    person_id: str
    person_name: str
    document_kind: str
    document_masked: str
    unit_code: str
    unit_name: str
    opened_at: datetime
    opened_by: str
    approved_by: list[str]
    key_serial: str | None = None  # of the hardware key held at that moment; filled in by the room that knows keys
    grants: list[GrantView]


class LedgerView(_View):
    """A page of the ledger as of a moment; `total` counts every row that the filters leave."""

    as_of: datetime
    total: int
    rows: list[LedgerRowView]


class AppointmentView(BaseModel):
    """An appointment; it counts when `confirmed_at` is set and `ended_at` is not."""

    id: str
    person_id: str
    person_name: str
    unit_code: str
    office: str
    valid_from: date
    valid_to: date | None
    paper: str
    made_by: str
    made_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ended_at: datetime | None


def appointment_view(row: AppointmentRow, person: PersonRow, unit: UnitRow) -> AppointmentView:
    """An appointment with the names of its person and unit."""
    names = {"person_name": person.name, "unit_code": unit.code}
    own = {field: getattr(row, field) for field in AppointmentView.model_fields if field not in names}
    return AppointmentView(**own, **names)
