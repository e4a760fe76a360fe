"""The founding list: units, catalogue, persons, offices and first accounts of a new installation, by paper.

Somebody must hold office before anybody can approve anything. The list is taken over from signed papers once, into an
empty register; from then on everything takes the road of requests and approvals.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.register import accounts, appointments, catalogue, people, units
from connector.register.appointments import AppointmentForm
from connector.register.errors import RegisterNotEmptyError
from connector.register.people import PersonForm
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.register.units import UnitForm
from connector.regulations.vocabulary import AccountClass, Office

# Without these two nobody could ever appoint or confirm anybody (B13).
INDISPENSABLE = (Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class FoundingSubsystem(_Strict):
    id: str
    name: str


class FoundingPermission(_Strict):
    subsystem: str
    module: str
    workflow_role: str
    sensitive: bool
    role: str = ""
    clause: str = ""


class FoundingOffice(_Strict):
    """An office held from the start; no last day means until ended."""

    office: Office
    unit_code: str
    valid_from: date
    valid_to: date | None = None


class FoundingPerson(PersonForm):
    """A person with his offices, and his account when `account_class` is given."""

    offices: list[FoundingOffice] = Field(default_factory=list)
    account_class: AccountClass | None = None
    permissions: list[str] = Field(default_factory=list)  # "subsystem:role"
    key: str = Field("", max_length=64)  # serial number of the hardware key he holds already (GS 10(1))


class FoundingList(_Strict):
    """The whole list. `paper` is the number of the paper, `confirmed_paper` that of the one who countersigned it."""

    paper: str = Field(min_length=2, max_length=50)
    confirmed_paper: str = Field(min_length=2, max_length=50)
    units: list[UnitForm]
    subsystems: list[FoundingSubsystem] = Field(default_factory=list)
    permissions: list[FoundingPermission] = Field(default_factory=list)
    persons: list[FoundingPerson]
    codes_until: date | None = Field(
        None, description="one-time codes stand in for the keys of the list's accounts until this day (GS 10(2))"
    )
    codes_paper: str = Field("", max_length=28)  # number of the decision from above

    def holders_of_keys(self) -> list[str]:
        """Serial numbers of the keys, in the order of the accounts."""
        return [person.key for person in self.persons if person.account_class is not None]


class CatalogueEntry(Protocol):
    """A line of the realm's permission catalogue."""

    @property
    def subsystem(self) -> str: ...
    @property
    def subsystem_name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def module(self) -> str: ...
    @property
    def workflow_role(self) -> str: ...
    @property
    def sensitive(self) -> bool: ...
    @property
    def clause(self) -> str: ...


class FoundingReport(NamedTuple):
    """What was founded. `accounts` are to be provisioned; every one holds the permissions of the list."""

    units: int
    permissions: int
    persons: int
    appointments: int
    accounts: list[AccountRow]


def read_founding_list(path: Path) -> FoundingList:
    """Reads a founding list from a TOML or JSON file; raises RefusedInputError naming each wrong place."""
    try:
        text = path.read_text(encoding="utf-8")
        return FoundingList.model_validate(json.loads(text) if path.suffix == ".json" else tomllib.loads(text))
    except ValidationError as wrong:
        problems = [
            # The value itself is left out: it may be a document number.
            FieldProblem(".".join(str(part) for part in error["loc"]), f"不符合要求：{error['type']}", error["msg"])
            for error in wrong.errors(include_input=False, include_url=False)
        ]
        raise RefusedInputError(problems) from None
    except (OSError, ValueError) as wrong:
        unreadable = FieldProblem(
            "file", f"文件无法读取：{type(wrong).__name__}", f"cannot be read: {type(wrong).__name__}"
        )
        raise RefusedInputError([unreadable]) from wrong


def with_catalogue(founding: FoundingList, entries: Iterable[CatalogueEntry]) -> FoundingList:
    """The list with these subsystems and permissions, when it brings none of its own."""
    if founding.subsystems or founding.permissions:
        return founding
    entries = list(entries)
    names = {entry.subsystem: entry.subsystem_name for entry in entries}
    permissions = [
        FoundingPermission(
            subsystem=entry.subsystem,
            role=entry.role,
            module=entry.module,
            workflow_role=entry.workflow_role,
            sensitive=entry.sensitive,
            clause=entry.clause,
        )
        for entry in entries
    ]
    subsystems = [FoundingSubsystem(id=subsystem_id, name=name) for subsystem_id, name in names.items()]
    return founding.model_copy(update={"subsystems": subsystems, "permissions": permissions})


def found(act: Act, founding: FoundingList) -> FoundingReport:
    """Founds an empty register from the list, all of it or nothing (B13; JC 7, GS 9).

    Run by the operator of the machine. Raises RegisterNotEmptyError, RefusedInputError, and what the registers of
    units, persons, permissions, appointments and accounts raise.
    """
    check_empty(act)
    _check_list(founding)
    for number, form in enumerate(founding.units):
        with _in_place(f"units.{number}"):
            units.register_unit(act, form)
    for subsystem in founding.subsystems:
        catalogue.register_subsystem(act, subsystem.id, subsystem.name)
    for permission in founding.permissions:
        fields = permission.model_dump(exclude={"subsystem"})
        catalogue.register_permission(act, subsystem_id=permission.subsystem, **fields)
    opened: list[AccountRow] = []
    for number, listed in enumerate(founding.persons):
        with _in_place(f"persons.{number}"):
            opened += _found_person(act, founding, listed)
    offices = sum(len(listed.offices) for listed in founding.persons)
    report = FoundingReport(len(founding.units), len(founding.permissions), len(founding.persons), offices, opened)
    audit.record(
        act, Event.REGISTER_FOUNDED, "register:founding",
        paper=founding.paper, confirmed_paper=founding.confirmed_paper, units=report.units,
        permissions=report.permissions, persons=report.persons, appointments=offices, accounts=len(opened),
    )  # fmt: skip
    return report


def check_empty(act: Act) -> None:
    """Raises RegisterNotEmptyError when there is a unit or a person already (JC 7)."""
    if any(act.session.scalars(select(row.id).limit(1)).first() is not None for row in (UnitRow, PersonRow)):
        raise RegisterNotEmptyError()


@contextmanager
def _in_place(place: str) -> Iterator[None]:
    """Says in a refusal which entry of the list it is about, without telling whose."""
    try:
        yield
    except RefusedInputError as refused:
        problems = [problem._replace(field=f"{place}.{problem.field}") for problem in refused.fields]
        raise RefusedInputError(problems, clause=refused.clause_cited) from None


def _check_list(founding: FoundingList) -> None:
    problems = []
    if founding.paper == founding.confirmed_paper:
        problems.append(
            FieldProblem("confirmed_paper", "须另有一份文件确认", "another paper must confirm the list", "JC 7, JC 8")
        )
    if founding.codes_until and len(founding.codes_paper) < 2:
        problems.append(
            FieldProblem("codes_paper", "请填写批准文件编号", "give the number of the decision", "GS 10(2)")
        )
    listed = {held.office for person in founding.persons for held in person.offices}
    problems += [
        FieldProblem("persons", f"缺少任职：{office.value}", f"nobody holds: {office.value}", "JC 8")
        for office in INDISPENSABLE
        if office not in listed
    ]
    if problems:
        raise RefusedInputError(problems, clause="JC 7, JC 8")


def _found_person(act: Act, founding: FoundingList, listed: FoundingPerson) -> list[AccountRow]:
    fields = listed.model_dump(include=set(PersonForm.model_fields))
    person = people.register_person(act, PersonForm(**fields))
    for held in listed.offices:
        form = AppointmentForm(person_id=person.id, paper=founding.paper, **held.model_dump())
        row = appointments.record_appointment(act, form, made_by=f"{accounts.PAPER}{founding.paper}")
        appointments.record_confirmation(act, row, confirmed_by=f"{accounts.PAPER}{founding.confirmed_paper}")
    if listed.account_class is None:
        return []
    source = f"{accounts.PAPER}{founding.paper}"
    account = accounts.open_account(act, person, account_class=listed.account_class, opened_by=source)
    accounts.add_grants(act, account, listed.permissions, granted_by=source)
    return [account]
