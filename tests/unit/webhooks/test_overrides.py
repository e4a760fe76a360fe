"""Approvals beyond the table of posts by signed message: only what the message itself signs counts (B5, B11)."""

import itertools
import json
from pathlib import Path

import pytest

from connector.auth import signatures
from connector.errors import RefusedInputError
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from connector.requests.entitlement_errors import EntitlementChangedError, ExcessNeedsOverrideError
from connector.requests.tables import RequestRow
from connector.webhooks import announce, incoming
from connector.webhooks import service as webhooks
from connector.webhooks.schemas import DecisionTaken
from tests.fixtures_matrix import WHY, adopt, check_of, to_department
from tests.fixtures_webhooks import make_endpoint_form
from tests.town import HOST, Town, open_town

_messages = itertools.count(1)


class OaSystem:
    """The system of the department's head: signs messages about one request."""

    def __init__(self, town: Town) -> None:
        self.town = town
        with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
            form = make_endpoint_form(name="jyzx-oa", unit_code="jyzx", offices=[Office.SYSTEM_DEPARTMENT_HEAD])
            self.secrets = webhooks.register_endpoint(act, form)

    def send(self, request: RequestRow, **members: object) -> DecisionTaken:
        data = {
            "task": self.town.open_stage(request).id,
            "decided_by": self.town.actor(Office.SYSTEM_DEPARTMENT_HEAD).name,
            "verdict": "approve",
            "digest": request.digest,
            **members,
        }
        body = json.dumps({"type": "task.decided", "data": data}, ensure_ascii=False).encode()
        headers = signatures.signed_headers(
            [self.secrets.incoming], f"oa_{next(_messages)}", self.town.clock.now(), body
        )
        return incoming.receive_decision(
            lambda actor, now: self.town.connector.act(actor, now=now), self.secrets.endpoint.id, headers, body
        )


@pytest.mark.req("B5")
def test_receive_approval_beyond_the_table_counts_only_with_a_signed_override(tmp_path: Path) -> None:
    town = open_town(tmp_path)
    first, second = town.permissions(2)
    adopt(town, first)
    request = to_department(town, town.submit(town.form(permissions=(first, second))))
    system, found = OaSystem(town), check_of(town, request)
    with pytest.raises(ExcessNeedsOverrideError):
        system.send(request)
    right = {"permissions": [second], "reason": WHY, "digest": found.digest}
    with pytest.raises(EntitlementChangedError):
        system.send(request, override={**right, "digest": "0" * 64})
    with pytest.raises(RefusedInputError):
        system.send(request, override={**right, "digest": "0"})
    assert system.send(request, override=right).state == "pending"
    town.close()


def test_announce_stage_tells_a_system_what_an_override_would_name(tmp_path: Path) -> None:
    town = open_town(tmp_path)
    first, second = town.permissions(2)
    adopt(town, first)
    request = to_department(town, town.submit(town.form(permissions=(first, second))))
    stage_id = town.open_stage(request).id
    with town.connector.act(HOST) as act:
        told = announce._excess(act, requests.get_stage(act, stage_id), requests.get_request(act, request.id))
    assert told == {"entitlement": check_of(town, request).digest, "excess": [second]}
    town.close()
