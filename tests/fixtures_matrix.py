"""Tables of posts in a town: proposed, signed and in force; and requests against them."""

from typing import Any

from connector.register import matrix_drafts
from connector.register.matrix_lines import MatrixLine
from connector.regulations.vocabulary import Office
from connector.requests import matrix_desk, show
from connector.requests.entitlement import Override
from connector.requests.schemas import EntitlementShown
from connector.requests.tables import RequestRow
from tests.town import HOST, Town

WHY = "临时承担开标值守，主任办公会已同意"


def lines(*permissions: str, post: str = "科员") -> list[MatrixLine]:
    return [MatrixLine(post=post, permission=permission) for permission in permissions]


def propose(town: Town, *permissions: str, post: str = "科员", unit: str = "ywk") -> RequestRow:
    """The unit head's draft of a table, as a request."""
    return submit(town, lines(*permissions, post=post), unit)


def submit(town: Town, table: list[MatrixLine], unit: str = "ywk") -> RequestRow:
    with town.connector.act(town.actor(Office.UNIT_HEAD, unit)) as act:
        revision = matrix_drafts.get_draft(act, unit).revision
        draft = matrix_drafts.save_draft(act, unit, table, revision=revision)
        return matrix_desk.submit_draft(act, unit, revision=draft.revision)


def adopt(town: Town, *permissions: str, post: str = "科员", unit: str = "ywk") -> RequestRow:
    """A table proposed, signed and filed."""
    return town.approve(propose(town, *permissions, post=post, unit=unit))


def check_of(town: Town, request: RequestRow) -> EntitlementShown:
    """The check as a decider is shown it."""
    with town.connector.act(HOST) as act:
        found = show.show_request(act, request.id).entitlement
    assert found is not None
    return found


def override(found: EntitlementShown, **fields: Any) -> Override:
    """The right override of what was shown; `fields` change it."""
    return Override(**{"permissions": found.outside, "reason": WHY, "digest": found.digest, **fields})


def to_department(town: Town, request: RequestRow) -> RequestRow:
    """Decides until the system department's stage is open."""
    while town.open_stage(request).office != Office.SYSTEM_DEPARTMENT_HEAD:
        request = town.decide(request)
    return request


def granted_beyond(town: Town, *permissions: str) -> RequestRow:
    """A new account whose permissions beyond the table were overridden."""
    request = to_department(town, town.submit(town.form(permissions=permissions)))
    return town.approve(town.decide(request, override=override(check_of(town, request))))
