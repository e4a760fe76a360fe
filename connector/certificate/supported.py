"""Which versions of Keycloak this product supports: the one place that says so."""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from connector.adapters.keycloak_calls import AdminApi
from connector.embedded.artifacts import KEYCLOAK

Standing = Literal["tested", "untested", "too-old", "unknown"]


class Supported(NamedTuple):
    """The oldest and the newest version that the whole certificate was held on."""

    oldest: str
    newest: str


# 26.5.6 was tried and cannot be: a password alone opens the SAML subsystem there, since Keycloak keeps no level for
# SAML, and its fine-grained permissions by user do not reach a service account. 26.6 was not to be had.
SUPPORTED = Supported(oldest="26.7.0", newest=KEYCLOAK.version)


def server_version(api: AdminApi) -> str:
    """The version Keycloak says it has, "" when it does not: it tells an administrator of master alone (measured)."""
    info: Mapping[str, Any] = api.call(api.admin.get_server_info)
    return str((info.get("systemInfo") or {}).get("version", ""))


def standing_of(version: str, supported: Supported = SUPPORTED) -> Standing:
    """What is known of `version`: patches of a minor version in the range are taken for tested."""
    numbers, oldest, newest = _numbers(version), _numbers(supported.oldest), _numbers(supported.newest)
    if not numbers:
        return "unknown"
    if numbers < oldest:
        return "too-old"
    return "tested" if numbers[:2] <= newest[:2] else "untested"


def _numbers(version: str) -> tuple[int, ...]:
    """(26, 7, 4) of "26.7.4" and of "26.7.4.redhat-1"; () of what is no version."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(number) for number in found.groups()) if found else ()
