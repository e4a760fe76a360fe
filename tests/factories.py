"""Makes valid things of the register for tests: numbers with right check digits, units, persons, accounts, a centre."""

import itertools
from dataclasses import dataclass, field
from datetime import date

from connector.auth.act import Act
from connector.auth.actor import Actor, person_actor
from connector.realm_config import load_catalogue
from connector.register import accounts, appointments, catalogue, people, units
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.vocabulary import AccountClass, Office

FOUNDED = date(2024, 1, 1)
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
ID_CHECKS = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100
_numbers = itertools.count(1)

# A founding list as TOML; `format` it with two document numbers.
FOUNDING_LIST = """
paper = "聊公资〔2026〕1号"
confirmed_paper = "聊公资〔2026〕2号"

[[units]]
code = "371500"
name = "聊城市"
kind = "region"

[[units]]
code = "jyzx"
name = "聊城市公共资源交易中心"
kind = "centre"
parent_code = "371500"

[[persons]]
name = "赵安全"
document_number = "{0}"
phone = "13900000001"
unit_code = "jyzx"
account_class = "ordinary"
permissions = ["website:notice.editor"]
[[persons.offices]]
office = "security_administrator"
unit_code = "jyzx"
valid_from = 2026-01-01

[[persons]]
name = "钱主任"
document_number = "{1}"
phone = "13900000002"
unit_code = "jyzx"
[[persons.offices]]
office = "principal"
unit_code = "jyzx"
valid_from = 2026-01-01
valid_to = 2030-12-31
"""


def resident_id(serial: int | None = None, *, region: str = "371502", year: int = 1970) -> str:
    """A resident ID number with the right check digit; another one at each call."""
    number = next(_numbers) if serial is None else serial
    body = f"{region}{year + number // 28_000}03{number // 1000 % 28 + 1:02d}{number % 1000:03d}"
    return body + ID_CHECKS[sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True)) % 11]


def credit_code(serial: int | None = None) -> str:
    """A unified social credit code with the right check character; another one at each call."""
    number = next(_numbers) if serial is None else serial
    body = f"12371500{number:09d}"
    total = sum(CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + CREDIT_ALPHABET[(31 - total % 31) % 31]


def phone(serial: int | None = None) -> str:
    """A mobile number; another one at each call."""
    return f"139{(next(_numbers) if serial is None else serial) % 100_000_000:08d}"


def make_unit(act: Act, code: str, *, kind: str = "department", parent: str = "", name: str = "") -> UnitRow:
    """Registers a unit; the act must be the host's or a keeper's."""
    form = units.UnitForm(code=code, name=name or f"单位{code}", kind=kind, parent_code=parent)
    return units.register_unit(act, form)


def make_person_form(unit_code: str, **fields: str) -> people.PersonForm:
    """A right form of a new person."""
    number = next(_numbers)
    right = {
        "name": f"王试{number}",
        "document_kind": "resident_id",
        "document_number": resident_id(number),
        "phone": phone(number),
        "unit_code": unit_code,
        "post": "科员",
    }
    return people.PersonForm(**{**right, **fields})


def make_person(act: Act, unit_code: str, **fields: str) -> PersonRow:
    """Registers a new person."""
    return people.register_person(act, make_person_form(unit_code, **fields))


def make_account(
    act: Act,
    unit_code: str,
    *permission_ids: str,
    account_class: AccountClass = AccountClass.ORDINARY,
    person: PersonRow | None = None,
) -> AccountRow:
    """Registers a new person with an account and permissions, as of the act's moment."""
    owner = person or make_person(act, unit_code)
    account = accounts.open_account(act, owner, account_class=account_class, opened_by="paper:TEST-1")
    accounts.add_grants(act, account, permission_ids, granted_by="paper:TEST-1")
    return account


def make_appointment(act: Act, person: PersonRow, unit_code: str, office: Office, **days: date) -> str:
    """A confirmed appointment, by paper; returns its id."""
    form = appointments.AppointmentForm(
        person_id=person.id,
        unit_code=unit_code,
        office=office,
        valid_from=days.get("valid_from", FOUNDED),
        valid_to=days.get("valid_to"),
        paper="聊公资任〔2024〕1号",
    )
    row = appointments.record_appointment(act, form, made_by="paper:2024-1")
    return appointments.record_confirmation(act, row, confirmed_by="paper:2024-2").id


def make_catalogue(act: Act) -> None:
    """The catalogue of realm-config/: five subsystems with their permissions, some of them sensitive."""
    for entry in load_catalogue():
        catalogue.register_subsystem(act, entry.subsystem, entry.subsystem_name)
        catalogue.register_permission(
            act,
            subsystem_id=entry.subsystem,
            role=entry.role,
            module=entry.module,
            workflow_role=entry.workflow_role,
            sensitive=entry.sensitive,
            clause=entry.clause,
        )


@dataclass
class Centre:
    """A small complete centre. `people` by (unit code, office); unit codes: jyzx, ywk, xxjsk, dljg."""

    unit: UnitRow
    people: dict[tuple[str, Office], PersonRow] = field(default_factory=dict)
    accounts: dict[str, AccountRow] = field(default_factory=dict)  # by person id

    def person(self, office: Office, unit_code: str = "") -> PersonRow:
        """The holder of an office, in a unit when several units have one."""
        return next(p for (code, held), p in self.people.items() if held is office and unit_code in ("", code))

    def actor(self, office: Office, unit_code: str = "", *, via: str = "api") -> Actor:
        """The holder of an office as one who acts, signed in with a second factor."""
        person = self.person(office, unit_code)
        account = self.accounts[person.id]
        return person_actor(person.id, account.user_name, account_id=account.id, via=via, acr="mfa")


# Region 371500, the centre jyzx, its departments ywk (business) and xxjsk (information technology), the agency dljg.
CENTRE_OFFICES = (
    ("jyzx", Office.PRINCIPAL),
    ("jyzx", Office.LEADER_IN_CHARGE),
    ("jyzx", Office.VERIFIER),
    ("jyzx", Office.SYSTEM_DEPARTMENT_HEAD),
    ("jyzx", Office.OPERATOR),
    ("jyzx", Office.KEY_CUSTODIAN),
    ("jyzx", Office.SECURITY_ADMINISTRATOR),
    ("jyzx", Office.SYSTEM_ADMINISTRATOR),
    ("jyzx", Office.AUDITOR),
    ("ywk", Office.UNIT_HEAD),
    ("xxjsk", Office.UNIT_HEAD),
    ("dljg", Office.UNIT_HEAD),
    ("ywk", Office.LEADER_IN_CHARGE),
    ("ywk", Office.VERIFIER),
)


def make_centre(act: Act) -> Centre:
    """A small complete centre: units, catalogue, every office held by another person with an account. Host act."""
    make_unit(act, "371500", kind="region", name="聊城市")
    unit = make_unit(act, "jyzx", kind="centre", parent="371500", name="聊城市公共资源交易中心")
    make_unit(act, "ywk", parent="jyzx", name="业务科")
    make_unit(act, "xxjsk", parent="jyzx", name="信息技术科")
    make_unit(act, "dljg", kind="agency", parent="371500", name="某招标代理机构")
    make_catalogue(act)
    made = Centre(unit)
    for code, office in CENTRE_OFFICES:
        person = make_person(act, code)
        make_appointment(act, person, code, office)
        made.people[code, office] = person
        made.accounts[person.id] = make_account(act, code, person=person)
    return made
