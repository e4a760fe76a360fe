"""Right calls with one thing changed into something nobody expects: refused or done, and never a fault."""

import json
import math
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.regulations.vocabulary import RequestKind
from tests.factories import make_account
from tests.fixtures_api import JSON, PROBLEM, Api
from tests.operations import OPERATIONS, Call, form_json
from tests.town import HOST

EXAMPLES = 400
NASTY: list[Any] = [
    None, True, 0, -1, 2**31, 2**63, 2**70, 10**400, -(2**64), 1.5, math.nan, math.inf, "", " ",
    "\x00", "a\x00b", "\ud800", "\u202e", "😀" * 40, "x" * 70_000, "..", "../../etc", "%00", "{name}", "{0.__class__}",
    "0000-00-00", "9999-12-31", "0001-01-01", "2026-02-30", "'; DROP TABLE persons; --", "%s%n",
    [], {}, [[]], [None], {"": ""}, {"$ref": "#"}, [math.nan], {"\ud800": "\x00"},
]  # fmt: skip
WHOLE_FORM = {
    "until": "2026-12-31", "event_on": "2026-03-01", "cause": "transfer", "urgent": True, "withdraw": [],
    "extra": {"box": "text"}, "accounts": [], "plan_hash": None, "account": None,
    "account_class": "ordinary",
}  # fmt: skip
REQUESTS = ("POST", "/requests")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the whole of it among them."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def queries_of(api: Api) -> dict[str, list[str]]:
    """The names in the query of each address that takes some."""
    found = {}
    for path, methods in api.app.openapi()["paths"].items():
        names = [
            each["name"] for said in methods.values() for each in said.get("parameters", ()) if each["in"] == "query"
        ]
        if names:
            found[path] = [*names, "nonsense"]
    return found


@pytest.mark.req("K3")
def test_change_any_part_of_any_call_is_never_a_fault(api: Api) -> None:
    queries = queries_of(api)
    calls = {each: make(api) for each, make in OPERATIONS.items()}
    headers = {each: api.token_of(call.by, call.unit) if call.by else {} for each, call in calls.items()}

    def body_of(path: str, call: Call) -> Any:
        if path != REQUESTS[1]:
            return call.sent.get("json")
        with api.town.connector.act(HOST) as act:
            leaver = make_account(act, "ywk").user_name
        return form_json(api.town.form(kind=RequestKind.SUSPEND)) | WHOLE_FORM | {"account": leaver}

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def check(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from([*sorted(calls), *[REQUESTS] * 8]))
        call = calls[method, path]
        new = data.draw(st.sampled_from(NASTY) | st.text(max_size=20) | st.integers() | st.dates().map(str))
        sent: dict[str, Any] = {"headers": JSON | headers[method, path]}
        address, body = call.path, body_of(path, call)
        ways = ["path"] * ("{" in path) + ["query"] * (path in queries) + ["body"] * (2 * (body is not None))
        way = data.draw(st.sampled_from(ways or ["nothing"]))
        if way == "path":
            address = (
                path.split("{")[0]
                + quote(text_of(new).encode("utf-8", "replace")[:2000], safe="")
                + (path.split("}")[1])
            )
        if way == "query":
            value = text_of(new).encode("utf-8", "replace").decode()[:2000]
            sent["params"] = {data.draw(st.sampled_from(queries[path])): value}
        if body is not None:
            place = data.draw(st.sampled_from(places(body))) if way == "body" else ()
            sent["content"] = json.dumps(changed(body, place, new) if way == "body" else body).encode()
        answer = api.together((method, address, sent))[0]
        assert answer.status_code < 500, (method, address, way, repr(new)[:100], answer.text)
        kind = answer.headers.get("content-type", "")
        assert answer.status_code < 400 or kind == PROBLEM or path.startswith(("/welcome", "/static")), answer.text

    plain = {"headers": JSON | headers[REQUESTS], "content": json.dumps(body_of(REQUESTS[1], calls[REQUESTS])).encode()}
    assert (
        api.together((*REQUESTS, plain))[0].status_code == 201
    )  # Unchanged it is right, so that a change is what tells.
    check()
