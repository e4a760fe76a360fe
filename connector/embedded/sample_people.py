"""Makes the sample HR directory (LDIF and schema) for demonstrations and tests. Nobody in it is real; touches no file.

The same count and seed give the same people on every machine.
"""

import base64
import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

BASE_DN = "dc=example,dc=cn"
PEOPLE_OU = "people"

SCHEMA_LDIF = """\
dn: cn=schema
objectClass: top
objectClass: ldapSubEntry
objectClass: subschema
cn: schema
attributeTypes: ( 1.3.6.1.4.1.99999.1.1 NAME 'employeeStatus' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectClasses: ( 1.3.6.1.4.1.99999.2.1 NAME 'centrePerson' SUP top AUXILIARY MAY ( employeeStatus ) )
"""

DEFAULT_UNITS = tuple(f"{number:04d}" for number in range(1, 21))

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超兰霞平刚桂文华建国红玉英志海云龙飞鹏辉欣悦晨宇浩然子涵思雨"
_POSTS = ("科员", "副科长", "科长", "经办", "审核", "评标管理", "交易受理", "系统运维")


@dataclass(frozen=True)
class SamplePerson:
    """One person of the sample directory. `number` is the stable key, `status` is active or left."""

    number: str
    surname: str
    given: str
    unit_code: str
    title: str
    status: str

    @property
    def name(self) -> str:
        return self.surname + self.given

    @property
    def dn(self) -> str:
        return f"employeeNumber={self.number},ou={PEOPLE_OU},{BASE_DN}"


def sample_people(
    count: int, seed: int = 1, *, units: Sequence[str] = DEFAULT_UNITS, left: Collection[int] = ()
) -> Iterator[SamplePerson]:
    """People number 1 to `count`, spread over `units`; those whose number is in `left` have left already."""
    chance = random.Random(seed)  # noqa: S311  names of a sample, nothing secret.
    for position in range(1, count + 1):
        given = "".join(chance.choices(_GIVEN, k=chance.choice((1, 2, 2))))
        yield SamplePerson(
            number=f"{position:06d}",
            surname=chance.choice(_SURNAMES),
            given=given,
            unit_code=chance.choice(units),
            title=chance.choice(_POSTS),
            status="left" if position in left else "active",
        )


def make_ldif(count: int, seed: int = 1, *, units: Sequence[str] = DEFAULT_UNITS, left: Collection[int] = ()) -> str:
    """The directory as LDIF (RFC 2849): base, ou=people, then one inetOrgPerson + centrePerson entry per person."""
    people = sample_people(count, seed, units=units, left=left)
    return "\n".join([_tree(), *(_entry(person) for person in people)])


def _tree() -> str:
    base = {"objectClass": ["top", "domain"], "dc": ["example"]}
    people = {"objectClass": ["top", "organizationalUnit"], "ou": [PEOPLE_OU]}
    return _record(BASE_DN, base) + "\n" + _record(f"ou={PEOPLE_OU},{BASE_DN}", people)


def _entry(person: SamplePerson) -> str:
    attributes = {
        "objectClass": ["top", "inetOrgPerson", "centrePerson"],
        "employeeNumber": [person.number],
        "uid": [f"p{person.number}"],
        "cn": [person.name],
        "sn": [person.surname],
        "givenName": [person.given],
        "mail": [f"p{person.number}@example.cn"],
        "title": [person.title],
        "departmentNumber": [person.unit_code],
        "employeeStatus": [person.status],
    }
    return _record(person.dn, attributes)


def _record(dn: str, attributes: dict[str, list[str]]) -> str:
    lines = [f"dn: {dn}", *(_line(name, value) for name, values in attributes.items() for value in values)]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if value.isascii():
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"  # RFC 2849: anything but ASCII is base64.
