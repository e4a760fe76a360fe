"""Shapes of projects, findings and exceptions in the API. Persons by user name and name; nothing personal else."""

from datetime import datetime

from pydantic import BaseModel, Field

from connector.auth.act import Act
from connector.conflicts import exceptions, projects, scan
from connector.conflicts.rules import blackout
from connector.conflicts.tables import ExceptionRow, FindingRow, ProjectRow
from connector.register import accounts, people, units


class AssignmentShown(BaseModel):
    id: str
    account: str
    person: str
    charge: str
    made_at: datetime
    ended_at: datetime | None


class PhaseShown(BaseModel):
    name: str
    starts_at: datetime
    ends_at: datetime
    assignments: list[AssignmentShown]


class ProjectListed(BaseModel):
    number: str
    name: str
    unit: str
    bid_opening_at: datetime | None
    closed_at: datetime | None


class ProjectShown(ProjectListed):
    """A project with its phases, who acts in them, and its blackout."""

    blackout_from: datetime | None
    blackout_until: datetime | None
    phases: list[PhaseShown]


class FindingShown(BaseModel):
    """One conflict that exists and no exception covers: one of its sources is to be withdrawn."""

    id: str
    account: str
    person: str
    charges: list[str]
    sources: list[str] = Field(description='permission ids, "class:…" or "project:NUMBER:PHASE"')
    project: str | None
    clause: str
    cause: str = Field(description="found, or exception_over")
    found_at: datetime
    closed_at: datetime | None


class ExceptionShown(BaseModel):
    number: str
    account: str
    person: str
    rule: str
    charges: list[str]
    project: str | None
    reason: str
    since: datetime
    until: datetime
    ended_at: datetime | None


class ImportSent(BaseModel):
    text: str = Field(max_length=1_000_000, description="the CSV file's content")


class ImportedRow(BaseModel):
    line: int
    number: str
    outcome: str
    zh: str
    en: str


def list_of_projects(act: Act, *, open_only: bool, first: int = 0, count: int = 50) -> list[ProjectListed]:
    rows = projects.list_projects(act, open_only=open_only, first=first, count=count)
    return [ProjectListed(**_listed(act, row)) for row in rows]


def show_project(act: Act, number: str) -> ProjectShown:
    """One project with phases and people."""
    row = projects.get_project(act, number)
    before, after = act.rulebook.number("blackout_minutes_before"), act.rulebook.number("blackout_minutes_after")
    window = blackout(row.number, row.bid_opening_at, before, after) if row.bid_opening_at else None
    shown = [
        PhaseShown(
            name=phase.name, starts_at=phase.starts_at, ends_at=phase.ends_at,
            assignments=[
                AssignmentShown(
                    id=one.id, charge=one.charge, made_at=one.made_at, ended_at=one.ended_at, **_who(act, one.person_id)
                )
                for one in projects.assignments_of(act, phase.id)
            ],
        )
        for phase in projects.phases_of(act, row.id)
    ]  # fmt: skip
    return ProjectShown(
        **_listed(act, row), phases=shown,
        blackout_from=window.start if window else None, blackout_until=window.end if window else None,
    )  # fmt: skip


def list_of_findings(act: Act, *, open_only: bool, first: int = 0, count: int = 50) -> list[FindingShown]:
    return [_finding(act, row) for row in scan.list_findings(act, open_only=open_only, first=first, count=count)]


def list_of_exceptions(act: Act, *, open_only: bool) -> list[ExceptionShown]:
    return [_exception(act, row) for row in exceptions.list_exceptions(act, open_only=open_only)]


def _listed(act: Act, row: ProjectRow) -> dict[str, object]:
    names = ("number", "name", "bid_opening_at", "closed_at")
    return {name: getattr(row, name) for name in names} | {"unit": units.get_unit_by_id(act, row.unit_id).name}


def _finding(act: Act, row: FindingRow) -> FindingShown:
    names = ("id", "charges", "sources", "project", "clause", "cause", "found_at", "closed_at")
    return FindingShown(**{name: getattr(row, name) for name in names}, **_who(act, row.person_id))


def _exception(act: Act, row: ExceptionRow) -> ExceptionShown:
    names = ("number", "rule", "charges", "project", "reason", "since", "until", "ended_at")
    return ExceptionShown(**{name: getattr(row, name) for name in names}, **_who(act, row.person_id))


def _who(act: Act, person_id: str) -> dict[str, str]:
    account = accounts.find_by_person(act, person_id)
    return {"account": account.user_name if account else "", "person": people.get_person(act, person_id).name}
