"""The sample city: units, persons, offices and accounts of a founding list, and its HR directory. Nobody in it is real.

Names and staff numbers are those of the sample directory, so that register and directory know the same people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from connector.embedded.sample_people import SamplePerson, make_ldif, sample_people
from connector.register.founding import FoundingList, FoundingOffice, FoundingPerson
from connector.register.identifiers import CHECK_DIGITS, WEIGHTS
from connector.register.units import UnitForm
from connector.regulations.vocabulary import AccountClass, Office

DIRECTORY_PEOPLE = 1000
REGION = "371500"
CENTRE = "jyzx"
FOUNDED = date(2026, 1, 1)
CODES_PAPER = "示例验〔2026〕3号"
CODES_FOR = timedelta(days=365)  # Until then a one-time code stands in for the keys of the founding list (GS 10(2)).
MEMBERS_PER_UNIT = 3  # Members without an office who have an account from the start.

# Code, name, kind, code of the unit above.
UNITS = (
    (REGION, "聊城市（示例）", "region", ""),
    (CENTRE, "聊城市公共资源交易中心（示例）", "centre", REGION),
    ("ywk", "业务科", "department", CENTRE),
    ("bgs", "办公室", "department", CENTRE),
    ("jyk", "交易科", "department", CENTRE),
    ("jdk", "监督科", "department", CENTRE),
    ("xxjsk", "信息技术科", "department", CENTRE),
    ("jsj", "建设主管部门（示例）", "bureau", REGION),
    ("czj", "财政主管部门（示例）", "bureau", REGION),
    ("dl-a", "示例招标代理甲", "agency", REGION),
    ("dl-b", "示例招标代理乙", "agency", REGION),
    ("dl-c", "示例招标代理丙", "agency", REGION),
)
STAFFED = tuple(code for code, _, kind, _ in UNITS if kind != "region")

CENTRE_OFFICES = (
    Office.PRINCIPAL,
    Office.VERIFIER,
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.OPERATOR,
    Office.KEY_CUSTODIAN,
    Office.SECURITY_ADMINISTRATOR,
    Office.SYSTEM_ADMINISTRATOR,
    Office.AUDITOR,
)
UNIT_OFFICES = (Office.UNIT_HEAD, Office.LEADER_IN_CHARGE)


@dataclass(frozen=True)
class SampleCity:
    """The founding list of the city; `free` are people of the directory without an account, by unit."""

    founding: FoundingList
    free: dict[str, tuple[SamplePerson, ...]]

    @property
    def ldif(self) -> str:
        """The HR directory."""
        return make_ldif(DIRECTORY_PEOPLE, units=STAFFED)

    def holder(self, office: Office, unit_code: str = CENTRE) -> FoundingPerson:
        """Who holds an office in a unit."""
        wanted = (office, unit_code)
        return next(p for p in self.founding.persons if wanted in [(o.office, o.unit_code) for o in p.offices])

    def members(self, unit_code: str) -> list[FoundingPerson]:
        """The people of a unit who have an account and hold no office."""
        return [p for p in self.founding.persons if p.unit_code == unit_code and not p.offices]


@cache
def sample_city() -> SampleCity:
    """The same city at every call and on every machine; only the end of its one-time codes counts from today."""
    staff: dict[str, list[SamplePerson]] = {code: [] for code in STAFFED}
    for person in sample_people(DIRECTORY_PEOPLE, units=STAFFED):
        staff[person.unit_code].append(person)
    persons = []
    for code, people in staff.items():
        offices = [*UNIT_OFFICES, *(CENTRE_OFFICES if code == CENTRE else ())]
        persons += [_found(people.pop(0), (office,)) for office in offices]
        persons += [_found(people.pop(0), ()) for _ in range(MEMBERS_PER_UNIT)]
    founding = FoundingList(
        paper="示例〔2026〕1号",
        confirmed_paper="示例〔2026〕2号",
        units=[UnitForm(code=c, name=n, kind=k, parent_code=above) for c, n, k, above in UNITS],
        persons=persons,
        codes_until=datetime.now(UTC).date() + CODES_FOR,
        codes_paper=CODES_PAPER,
    )
    return SampleCity(founding, {code: tuple(people) for code, people in staff.items()})


def document_number(serial: int) -> str:
    """A resident ID number with a right check digit (GB 11643); 371500 is a city, not a person's district."""
    body = f"{REGION}19{60 + serial % 40:02d}{1 + serial % 12:02d}{1 + serial % 28:02d}{serial % 1000:03d}"
    return body + CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def person_fields(person: SamplePerson) -> dict[str, str]:
    """What a form says of somebody of the directory."""
    return {
        "name": person.name,
        "document_kind": "resident_id",
        "document_number": document_number(int(person.number)),
        "phone": f"1390000{int(person.number):04d}",
        "unit_code": person.unit_code,
        "post": person.title,
        "mail": f"p{person.number}@example.cn",
        "directory_key": person.number,
    }


def _found(person: SamplePerson, offices: Sequence[Office]) -> FoundingPerson:
    held = [FoundingOffice(office=office, unit_code=person.unit_code, valid_from=FOUNDED) for office in offices]
    # Accounts of this class need a hardware key; nobody is frozen in it by a machine (JC 8, GS 10(5)).
    is_system = Office.SYSTEM_ADMINISTRATOR in offices
    alone = is_system or Office.AUDITOR in offices
    return FoundingPerson(
        **person_fields(person),
        offices=held,
        account_class=AccountClass.SYSTEM_ADMINISTRATOR if is_system else AccountClass.ORDINARY,
        permissions=[] if alone else ["centre:statistics.viewer"],  # GS 9: an administrator's account stands alone.
    )
