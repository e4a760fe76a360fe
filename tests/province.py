"""A tree of three levels: a province with two cities, each with two counties; every level has its own administrators.

Names and codes of units are words of their own, so that a test can look for a foreign one in any answer.
"""

from dataclasses import dataclass, field

from connector.auth.act import Act
from connector.auth.actor import Actor, person_actor
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_appointment, make_person, make_unit

# code of the region, its name, its parent; the centre's code is the region's with a "c" before it.
REGIONS = (
    ("370000", "甲省", "990000"),
    ("370100", "乙东市", "370000"),
    ("370200", "丙西市", "370000"),
    ("370101", "丁一县", "370100"),
    ("370102", "戊二县", "370100"),
    ("370201", "己三县", "370200"),
    ("370202", "庚四县", "370200"),
)
PROVINCE, CITY, OTHER_CITY, COUNTY, OTHER_COUNTY, FAR_COUNTY = (
    "370000", "370100", "370200", "370101", "370102", "370201",
)  # fmt: skip
OFFICES = (
    Office.PRINCIPAL,
    Office.LEADER_IN_CHARGE,
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.OPERATOR,
    Office.KEY_CUSTODIAN,
    Office.SECURITY_ADMINISTRATOR,
    Office.SYSTEM_ADMINISTRATOR,
    Office.AUDITOR,
    Office.VERIFIER,
)


@dataclass
class Province:
    """`people` and `accounts` by (code of the region, office); `members` hold no office, by code of the region."""

    people: dict[tuple[str, Office], PersonRow] = field(default_factory=dict)
    accounts: dict[tuple[str, Office], AccountRow] = field(default_factory=dict)
    members: dict[str, AccountRow] = field(default_factory=dict)

    def actor(self, region: str, office: Office) -> Actor:
        account = self.accounts[region, office]
        return person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")

    def words(self, region: str) -> set[str]:
        """What must not be seen of a level by somebody to whom it does not exist: names, codes, user names, persons."""
        centre, name = f"c{region}", next(name for code, name, _ in REGIONS if code == region)
        own = {name, centre, f"d{region}", f"{name}中心", f"{name}综合办", self.members[region].user_name}
        persons = {person.name for (code, _), person in self.people.items() if code == region}
        return own | persons | {account.user_name for (code, _), account in self.accounts.items() if code == region}


def make_province(act: Act) -> Province:
    """Seven levels, each a region with its centre and one department, every office held, one member. Host act."""
    made = Province()
    make_unit(act, "990000", kind="region", name="寅国")  # Its centre would be none of ours.
    for code, name, parent in REGIONS:
        make_unit(act, code, kind="region", parent=parent, name=name)
        make_unit(act, f"c{code}", kind="centre", parent=code, name=f"{name}中心")
        make_unit(act, f"d{code}", parent=f"c{code}", name=f"{name}综合办")
        for office in OFFICES:
            person = make_person(act, f"c{code}", name=f"{name}{office.value[:9]}员")
            make_appointment(act, person, f"c{code}", office)
            made.people[code, office] = person
            made.accounts[code, office] = make_account(act, f"c{code}", person=person)
        member = make_person(act, f"d{code}", name=f"{name}职员")
        made.members[code] = make_account(act, f"d{code}", person=member)
    return made
