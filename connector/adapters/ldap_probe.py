"""What a directory is and what would be read of it: the mapping against its schema and against some of its people."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_group import read_left
from connector.adapters.ldap_pages import read_pages
from connector.adapters.ldap_rows import Row, mapped_attributes, parse_rows
from connector.adapters.ldap_schema import is_known, known_names
from connector.ports import DirectoryProbe, MappedAttribute
from connector.settings import DirectorySettings

SAMPLE = 200


def look_at(link: Link, settings: DirectorySettings, *, incremental: str, now: datetime) -> DirectoryProbe:
    """Reads the schema and at most `SAMPLE` people."""
    known = known_names(link, settings)
    left = read_left(link, settings)
    rows = list(islice(read_pages(link, settings, settings.filter, page_size=SAMPLE), SAMPLE))
    entries, quarantined = parse_rows(rows, settings, now=now, left=left)
    attributes = [
        MappedAttribute(purpose=purpose, attribute=name, known=is_known(known, name), filled=_filled(rows, name))
        for purpose, name in mapped_attributes(settings)
    ]
    departed = sum(1 for entry in entries if entry.departed)
    problems = [
        *_mapping_problems(attributes, len(rows)),
        *_people_problems(len(rows), departed, len(quarantined)),
        *_setting_problems(settings, incremental, left),
    ]
    return DirectoryProbe(
        kind=settings.kind,
        server=_name_server(link, settings),
        attributes=tuple(attributes),
        sample=len(rows),
        departed=departed,
        incremental=incremental,
        problems=tuple(problems),
    )


def _filled(rows: Sequence[Row], name: str) -> int:
    return sum(1 for _, raw in rows if any(value.strip() for value in raw.get(name, ())))


def _mapping_problems(attributes: Sequence[MappedAttribute], sample: int) -> Iterator[str]:
    if any(a.known is None for a in attributes):
        yield "目录不向只读账号显示架构，属性名无法核对 / the schema is not shown: names cannot be checked"
    for a in attributes:
        if a.known is False:
            yield f"目录的架构中没有属性 {a.attribute} / the schema does not know {a.attribute}"
        elif sample and not a.filled:
            yield f"{a.attribute}：抽查的 {sample} 人均无取值 / empty for all {sample} people looked at"


def _people_problems(sample: int, departed: int, quarantined: int) -> Iterator[str]:
    if not sample:
        yield "查询条件没有选中任何人员 / the filter selects nobody"
    elif departed == sample:
        yield "抽查的人员全部为离岗状态 / everybody looked at counts as departed"
    if quarantined:
        yield f"抽查中有 {quarantined} 行无法识别 / {quarantined} of the rows looked at cannot be understood"


def _setting_problems(settings: DirectorySettings, incremental: str, left: frozenset[str]) -> Iterator[str]:
    if not incremental:
        yield "目录不支持增量读取，每次都将完整读取 / changes cannot be followed: each read will be a whole one"
    if settings.departed_group and not left:
        yield "离岗人员组没有成员或成员不可见 / the leavers' group has no members, or they are hidden"
    if settings.password and not settings.url.lower().startswith("ldaps:") and not settings.start_tls:
        yield "口令以明文发送，请启用 ldaps:// 或 StartTLS / the password is sent in clear: use ldaps:// or StartTLS"
    if not settings.canaries:
        yield "没有设置校验条目，隐藏了一部分人员时难以发现 / no canaries are set: a hidden part is hard to notice"


def _name_server(link: Link, settings: DirectorySettings) -> str:
    """Address, and what the server says of itself."""
    root = link.entry("", ["vendorName", "vendorVersion", "dnsHostName"]) or {}
    said = [value.decode("utf-8", "replace") for values in root.values() for value in values]
    return " ".join((settings.url, *said))
