"""The mapping against the directory's own schema: an attribute that it does not know is empty for everybody."""

import re

from connector.adapters.ldap_connection import Link
from connector.adapters.ldap_rows import mapped_attributes
from connector.adapters.ldap_status import CONTROL, EXPIRES
from connector.departures import errors
from connector.settings import DirectorySettings

_DEFINITION = re.compile(r"\(\s*([\w.-]+)(?:.*?\bNAME\s+(?:'([^']*)'|\(([^)]*)\)))?", re.DOTALL)
_SUBSCHEMA = "(objectClass=subschema)"


def known_names(link: Link, settings: DirectorySettings) -> frozenset[str] | None:
    """Names and numbers of every attribute type of the schema, in small letters; None when it is not shown.

    The subschema entry is read explicitly: with the schema in its hands ldap3 would judge and convert each value.
    """
    place = link.entry("", ["subschemaSubentry"]) or link.entry(settings.base, ["subschemaSubentry"]) or {}
    for dn in place.get("subschemaSubentry", ()):
        shown = link.entry(dn.decode("utf-8", "replace"), ["attributeTypes"], _SUBSCHEMA) or {}
        if definitions := shown.get("attributeTypes"):
            return frozenset(name for d in definitions for name in _names(d.decode("utf-8", "replace")))
    return None


def check_schema(known: frozenset[str] | None, settings: DirectorySettings) -> None:
    """Raises UnknownAttributeError naming each mapped attribute that the schema lacks, and its setting."""
    lacking = [(purpose, name) for purpose, name in mapped_attributes(settings) if not is_known(known, name)]
    if known is not None and lacking:
        raise errors.UnknownAttributeError(
            attributes=", ".join(sorted({name for _, name in lacking})),
            settings=", ".join(sorted({_setting(purpose, name) for purpose, name in lacking})),
        )


def is_known(known: frozenset[str] | None, attribute: str) -> bool | None:
    """Whether the schema knows the attribute, without its options (`;lang-zh`); None when the schema is not shown."""
    return None if known is None else attribute.partition(";")[0].casefold() in known


def _names(definition: str) -> list[str]:
    """The number and the names of one AttributeTypeDescription (RFC 4512, 4.1.2)."""
    found = _DEFINITION.match(definition)
    if found is None:
        return []
    number, one, several = found.groups()
    return [name.casefold() for name in (number, *([one] if one else re.findall(r"'([^']*)'", several or "")))]


def _setting(purpose: str, attribute: str) -> str:
    """The setting to look at. That accounts have a state of their own is said by the kind of directory."""
    name = "kind" if attribute in (CONTROL, EXPIRES) else f"{purpose}_attribute"
    return f"TRADING_IDP_LDAP_{name.upper()}"
