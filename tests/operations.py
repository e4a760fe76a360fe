"""Every operation of the API with one right call, made in the town it is given. Expects nothing; tests do."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from connector.audit.seal import seal_pending
from connector.auth import signatures
from connector.auth.actor import Actor
from connector.checks import service as scans
from connector.conflicts.tables import AssignmentRow
from connector.departures.secret_tables import RotationCaseRow, RotationItemRow
from connector.departures.tables import DeparturePlanRow
from connector.keys import service as keys
from connector.keys.sheets import SheetRow
from connector.outbox import service as outbox
from connector.outbox.tables import StepRow
from connector.privileged import service as privileged
from connector.provenance.tables import FindingRow
from connector.provisioning import links
from connector.reconciliation.service import reconcile
from connector.reconciliation.three_way_tables import MatrixDifferenceRow
from connector.register import accounts, matrix, matrix_drafts, people, units
from connector.register.matrix_lines import MatrixLine
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, Office, RequestKind, Verdict
from connector.requests import attachments, batches
from connector.requests import service as requests
from connector.requests.batch_columns import SHEETS
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from connector.signals import service as signals
from connector.webhooks import service as webhooks
from tests.factories import make_account, make_person, phone, resident_id
from tests.fixtures_api import Api
from tests.fixtures_boxes import BoxDesk
from tests.town import HOST


@dataclass(frozen=True)
class Call:
    """A right call: who makes it, what is sent, which status it gets, and what somebody without office gets."""

    path: str
    by: Office | Actor | None
    unit: str = ""
    status: int = 200
    refused: int = 403
    sent: dict[str, Any] = field(default_factory=dict)


Maker = Callable[[Api], Call]
OPERATIONS: dict[tuple[str, str], Maker] = {}
_names = itertools.count(1)
READS_ONLY = {
    ("POST", "/freezes/preview"),
    ("POST", "/request-batches/{kind}/check/sheets"),
    ("POST", "/requests/preview"),
    ("POST", "/units/{unit_code}/changes/preview"),
}


def operation(method: str, path: str) -> Callable[[Maker], Maker]:
    def note(maker: Maker) -> Maker:
        OPERATIONS[method, path] = maker
        return maker

    return note


def simple(method: str, path: str, **call: Any) -> None:
    OPERATIONS[method, path] = lambda _api: Call(path=path, **call)


simple("GET", "/health/live", by=None, refused=200)
simple("GET", "/health/ready", by=None, refused=200)
simple("GET", "/units", by=Office.AUDITOR, refused=200)
simple("GET", "/subsystems", by=Office.AUDITOR, refused=200)
simple("GET", "/permissions", by=Office.AUDITOR, refused=200)
simple("GET", "/persons", by=Office.AUDITOR)
simple("GET", "/ledger", by=Office.AUDITOR)
simple("GET", "/appointments", by=Office.AUDITOR)
simple("GET", "/audit/entries", by=Office.AUDITOR)
simple("GET", "/audit/alarms", by=Office.SECURITY_ADMINISTRATOR)
simple("GET", "/requests", by=Office.UNIT_HEAD, unit="ywk", refused=200)
simple("GET", "/requests/overdue", by=Office.PRINCIPAL)
simple("GET", "/inbox", by=Office.UNIT_HEAD, unit="ywk", refused=200)
simple("GET", "/steps", by=Office.OPERATOR)
simple("GET", "/departures/cases", by=Office.OPERATOR)
simple("GET", "/departures/movers", by=Office.OPERATOR)
simple("GET", "/departures/hints", by=Office.OPERATOR)
simple("GET", "/departures/handovers", by=Office.AUDITOR)
simple("GET", "/departures/secrets", by=Office.SYSTEM_ADMINISTRATOR)
simple("GET", "/departures/rotations", by=Office.SYSTEM_ADMINISTRATOR)
simple("GET", "/reconciliations", by=Office.AUDITOR)
simple("GET", "/scans", by=Office.AUDITOR)
simple("GET", "/endpoints", by=Office.AUDITOR)
simple("GET", "/jobs", by=Office.OPERATOR)
simple("GET", "/jobs/runs", by=Office.AUDITOR)
simple("GET", "/keys", by=Office.KEY_CUSTODIAN)
simple("GET", "/key-batches", by=Office.AUDITOR)
simple("GET", "/key-findings", by=Office.SECURITY_ADMINISTRATOR)
simple("GET", "/key-replacements", by=Office.KEY_CUSTODIAN)
simple("GET", "/key-waivers", by=Office.AUDITOR)
simple("GET", "/.well-known/ssf-configuration", by=None, refused=200)
simple("GET", "/signals/keys", by=None, refused=200)
simple("GET", "/signals/streams", by=Office.AUDITOR)


def form_json(form: RequestForm) -> dict[str, Any]:
    return form.model_dump(mode="json", exclude_defaults=True)


def account_row(api: Api, unit: str = "ywk") -> AccountRow:
    with api.town.connector.act(HOST) as act:
        return make_account(act, unit)


@operation("GET", "/audit/checkpoints/latest")
def latest_checkpoint(api: Api) -> Call:
    connector = api.town.connector
    seal_pending(connector.database, connector.signer, connector.clock.now())
    return Call("/audit/checkpoints/latest", Office.AUDITOR)


@operation("POST", "/units")
def register_unit(api: Api) -> Call:
    form = {"code": "dlnew", "name": "新代理机构", "kind": "agency", "parent_code": "371500", "phone": "13811112222"}
    return Call("/units", Office.OPERATOR, status=201, sent={"json": form})


@operation("POST", "/persons/{person_id}/reveal")
def reveal(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
    return Call(f"/persons/{person.id}/reveal", Office.OPERATOR, sent={"json": {"reason": "核对证件"}})


def appointment_form(api: Api) -> dict[str, Any]:
    with api.town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
    days = {"valid_from": "2026-01-01", "valid_to": "2027-12-31"}
    return {"person_id": person.id, "unit_code": "ywk", "office": "verifier", "paper": "聊公资任〔2026〕9号", **days}


@operation("POST", "/appointments")
def appoint(api: Api) -> Call:
    return Call("/appointments", Office.SECURITY_ADMINISTRATOR, status=201, sent={"json": appointment_form(api)})


@operation("POST", "/appointments/{appointment_id}/confirm")
def confirm(api: Api) -> Call:
    made = api.call("POST", "/appointments", by=Office.SECURITY_ADMINISTRATOR, json=appointment_form(api))
    return Call(f"/appointments/{made.json()['id']}/confirm", Office.PRINCIPAL)


@operation("POST", "/appointments/{appointment_id}/end")
def end_appointment(api: Api) -> Call:
    made = api.call("POST", "/appointments", by=Office.SECURITY_ADMINISTRATOR, json=appointment_form(api))
    return Call(f"/appointments/{made.json()['id']}/end", Office.PRINCIPAL)


@operation("POST", "/requests/preview")
def preview(api: Api) -> Call:
    sent = {"json": form_json(api.town.form())}
    return Call("/requests/preview", api.town.applicant("ywk"), sent=sent)


@operation("POST", "/requests")
def submit(api: Api) -> Call:
    sent = {"json": form_json(api.town.form())}
    return Call("/requests", api.town.applicant("ywk"), status=201, sent=sent)


@operation("GET", "/requests/{request_id}")
def read(api: Api) -> Call:
    return Call(f"/requests/{api.town.submit().number}", api.town.applicant("ywk"), refused=404)


@operation("POST", "/requests/{request_id}/resubmit")
def resubmit(api: Api) -> Call:
    account = account_row(api)
    form = api.town.form(account=account.user_name, reason="补充材料")
    request = api.town.decide(api.town.submit(form), Verdict.RETURN, reason="请补充说明")
    sent = {"json": form_json(form)}
    return Call(f"/requests/{request.id}/resubmit", api.town.applicant("ywk"), sent=sent)


@operation("POST", "/requests/{request_id}/withdraw")
def withdraw(api: Api) -> Call:
    request = api.town.submit()
    return Call(f"/requests/{request.id}/withdraw", api.town.applicant("ywk"), sent={"json": {"reason": "不再需要"}})


@operation("POST", "/stages/{stage_id}/decision")
def decide(api: Api) -> Call:
    request = last_stage_of_a_disabling(api)
    stage = api.town.open_stage(request)
    sent = {"json": {"verdict": "approve", "reason": "同意", "digest": request.digest}}
    return Call(f"/stages/{stage.id}/decision", api.town.holder(stage), sent=sent)


def last_stage_of_a_disabling(api: Api) -> RequestRow:
    """A request whose next approval freezes an account that Keycloak has: the decision touches Keycloak at once."""
    town = api.town
    grant = town.approve(town.submit())
    town.connector.deliver()
    form = town.form(kind=RequestKind.DISABLE, account=town.account_of(grant).user_name, cause="transfer")
    request = town.submit(form)
    while len(stages_left(api, request)) > 1:
        request = town.decide(request)
    return request


def stages_left(api: Api, request: RequestRow) -> list[Any]:
    with api.town.connector.act(HOST) as act:
        row = requests.get_request(act, request.id)
        return [stage for stage in requests.stages_of(act, row) if stage.state in ("open", "waiting")]


@operation("POST", "/accounts/{user_name}/link")
def issue_link(api: Api) -> Call:
    return Call(f"/accounts/{account_row(api).user_name}/link", Office.OPERATOR, status=201)


@operation("POST", "/steps/{step_id}/retry")
def retry_step(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:
        step = outbox.enqueue(act, "mail", key=f"dead:{next(_names)}", lane="mail", payload={})
        act.session.get_one(StepRow, step.id).state = "dead"
    return Call(f"/steps/{step.id}/retry", Office.OPERATOR)


def scan_run(api: Api) -> str:
    with api.town.connector.act(HOST) as act:
        return scans.propose(act, scans.find_scan("orphaned")).id


@operation("GET", "/scans/{scan_id}")
def read_scan(api: Api) -> Call:
    return Call(f"/scans/{scan_run(api)}", Office.PRINCIPAL)


@operation("GET", "/scans/{scan_id}/cleanup-list.pdf")
def print_cleanup_list(api: Api) -> Call:
    return Call(f"/scans/{scan_run(api)}/cleanup-list.pdf", Office.OPERATOR)


@operation("GET", "/scans/{scan_id}/cleanup-list.xlsx")
def read_cleanup_list(api: Api) -> Call:
    return Call(f"/scans/{scan_run(api)}/cleanup-list.xlsx", Office.OPERATOR)


@operation("GET", "/reconciliations/{run_id}")
def read_reconciliation(api: Api) -> Call:
    return Call(f"/reconciliations/{reconcile(api.town.connector, asks=False)['run']}", Office.SECURITY_ADMINISTRATOR)


@operation("GET", "/departures/plans/{plan_hash}")
def read_plan(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:
        act.session.add(DeparturePlanRow(hash="ab" * 32, made_at=act.now, state="held", items=[], reasons=["count"]))
    return Call(f"/departures/plans/{'ab' * 32}", Office.AUDITOR)


@operation("POST", "/departures/rotations/items/{item_id}/done")
def note_change(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
        account = make_account(act, "ywk", person=person)
        case = RotationCaseRow(person_id=person.id, account_id=account.id, opened_at=act.now, due_at=act.now)
        act.session.add(case)
        act.session.flush()
        item = RotationItemRow(case_id=case.id, position=0, kind="review", subject="account:x", name="x")
        act.session.add(item)
        act.session.flush()
        item_id = item.id
    path = f"/departures/rotations/items/{item_id}/done"
    return Call(path, Office.OPERATOR, status=204, sent={"json": {"note": "已更换"}})


def endpoint(api: Api) -> webhooks.EndpointSecrets:
    form = webhooks.EndpointForm(
        unit_code="jyzx", name=f"oa-{next(_names)}", url="https://oa.example:8443/", offices=tuple(Office)
    )
    with api.town.connector.act(api.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        return webhooks.register_endpoint(act, form)


@operation("POST", "/endpoints")
def register_endpoint(api: Api) -> Call:
    form = {"unit_code": "ywk", "name": "ywk-oa", "url": "https://oa.example:8443/", "offices": ["unit_head"]}
    return Call("/endpoints", Office.SECURITY_ADMINISTRATOR, status=201, sent={"json": form})


@operation("POST", "/endpoints/{name}/rotate")
def rotate_endpoint(api: Api) -> Call:
    name = endpoint(api).endpoint.name
    return Call(f"/endpoints/{name}/rotate", Office.SECURITY_ADMINISTRATOR, sent={"json": {}})


@operation("POST", "/endpoints/{name}/disable")
def disable_endpoint(api: Api) -> Call:
    return Call(f"/endpoints/{endpoint(api).endpoint.name}/disable", Office.SECURITY_ADMINISTRATOR)


@operation("POST", "/webhooks/{endpoint_id}/decisions")
def receive_decision(api: Api) -> Call:
    made, request = endpoint(api), last_stage_of_a_disabling(api)
    stage = api.town.open_stage(request)
    data = {"task": stage.id, "decided_by": api.town.holder(stage).name, "verdict": "approve", "digest": request.digest}
    body = json.dumps({"type": "task.decided", "data": data}).encode()
    headers = signatures.signed_headers([made.incoming], f"oa_{next(_names)}", api.town.clock.now(), body)
    sent = {"content": body, "headers": headers}
    return Call(f"/webhooks/{made.endpoint.id}/decisions", None, refused=409, sent=sent)


def stream(api: Api) -> str:
    """Registers the stream of the website, anew at each call; returns the token it asks with."""
    form = signals.StreamForm(subsystem="website", url="https://website.example/set")
    with api.town.connector.act(HOST) as act:
        return signals.register_stream(act, form).token


@operation("POST", "/signals/streams")
def register_stream(api: Api) -> Call:
    form = {"subsystem": "centre", "url": "https://centre.example/set", "authorization": "Bearer secret"}
    return Call("/signals/streams", Office.SECURITY_ADMINISTRATOR, status=201, sent={"json": form})


@operation("POST", "/signals/streams/{subsystem}/verify")
def verify_stream(api: Api) -> Call:
    stream(api)
    return Call("/signals/streams/website/verify", Office.SECURITY_ADMINISTRATOR, status=202)


@operation("DELETE", "/signals/streams/{subsystem}")
def disable_stream(api: Api) -> Call:
    stream(api)
    return Call("/signals/streams/website", Office.SECURITY_ADMINISTRATOR)


@operation("GET", "/signals/accounts/{name}")
def ask_standing(api: Api) -> Call:
    headers = {"Authorization": f"Bearer {stream(api)}"}
    return Call(f"/signals/accounts/{account_row(api).user_name}", None, refused=200, sent={"headers": headers})


def freeze_plan(api: Api, kind: str, value: str) -> dict[str, Any]:
    """A right order for the list as it is shown now."""
    scope = {"scope_kind": kind, "scope_value": value}
    shown = api.call("POST", "/freezes/preview", by=Office.SECURITY_ADMINISTRATOR, json=scope).json()
    return {**scope, "reason": "口令外泄，先行冻结", "plan_hash": shown["hash"]}


def freeze_order(api: Api, *, waiting: bool = False, user_name: str = "") -> dict[str, Any]:
    """An order of the security administrator about one person: carried out, or waiting for a second officer."""
    settings = api.town.connector.settings
    settings.freeze_alone = 0 if waiting else 1000
    form = freeze_plan(api, "person", user_name or account_row(api).user_name)
    made: dict[str, Any] = api.call("POST", "/freezes", by=Office.SECURITY_ADMINISTRATOR, json=form).json()
    return made


simple("GET", "/freezes", by=Office.AUDITOR, refused=200)


@operation("POST", "/freezes/preview")
def preview_freeze(api: Api) -> Call:
    sent = {"json": {"scope_kind": "unit", "scope_value": "ywk"}}
    return Call("/freezes/preview", Office.SECURITY_ADMINISTRATOR, sent=sent)


def finding_id(api: Api, *, held: bool = False) -> str:
    """An open finding of the provenance gate about a newcomer; `held`: what it orders waits for a person."""
    with api.town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
        account.keycloak_id = f"kc-{next(_names)}"
        finding = FindingRow(
            event_id=f"event-{next(_names)}", kind="password_reset", severity="high", account_id=account.id,
            user_id=account.keycloak_id, by_us=False, facts={}, happened_at=act.now, seen_at=act.now,
            found_at=act.now, action="freeze", held=held, steps=[],
        )  # fmt: skip
        act.session.add(finding)
        act.session.flush()
        return finding.id


simple("GET", "/provenance/findings", by=Office.AUDITOR)


@operation("GET", "/provenance/findings/{finding_id}")
def show_provenance_finding(api: Api) -> Call:
    return Call(f"/provenance/findings/{finding_id(api)}", Office.AUDITOR)


@operation("POST", "/provenance/findings/{finding_id}/close")
def close_provenance_finding(api: Api) -> Call:
    path = f"/provenance/findings/{finding_id(api)}/close"
    return Call(path, Office.SECURITY_ADMINISTRATOR, sent={"json": {"reason": "已核实"}})


@operation("POST", "/provenance/findings/{finding_id}/carry-out")
def carry_out_provenance_finding(api: Api) -> Call:
    path = f"/provenance/findings/{finding_id(api, held=True)}/carry-out"
    return Call(path, Office.SECURITY_ADMINISTRATOR, sent={"json": {"reason": "确认被入侵"}})


@operation("POST", "/freezes")
def order_freeze(api: Api) -> Call:
    sent = {"json": freeze_plan(api, "person", account_row(api).user_name)}
    return Call("/freezes", Office.SECURITY_ADMINISTRATOR, status=201, sent=sent)


@operation("GET", "/freezes/{number}")
def show_freeze(api: Api) -> Call:
    return Call(f"/freezes/{freeze_order(api)['number']}", Office.AUDITOR)


@operation("GET", "/freezes/{number}/waiting")
def preview_waiting_freeze(api: Api) -> Call:
    return Call(f"/freezes/{freeze_order(api, waiting=True)['number']}/waiting", Office.PRINCIPAL)


@operation("POST", "/freezes/{number}/confirm")
def confirm_freeze(api: Api) -> Call:
    made = freeze_order(api, waiting=True)
    sent = {"json": {"plan_hash": made["plan_hash"]}}
    return Call(f"/freezes/{made['number']}/confirm", Office.PRINCIPAL, sent=sent)


@operation("POST", "/freezes/{number}/refuse")
def refuse_freeze(api: Api) -> Call:
    number = freeze_order(api, waiting=True)["number"]
    return Call(f"/freezes/{number}/refuse", Office.PRINCIPAL, sent={"json": {"reason": "误报"}})


@operation("GET", "/freezes/{number}/undo/preview")
def preview_unfreeze(api: Api) -> Call:
    return Call(f"/freezes/{freeze_order(api)['number']}/undo/preview", Office.PRINCIPAL)


@operation("POST", "/freezes/{number}/undo")
def order_unfreeze(api: Api) -> Call:
    number = freeze_order(api)["number"]
    shown = api.call("GET", f"/freezes/{number}/undo/preview", by=Office.PRINCIPAL).json()
    sent = {"json": {"reason": "已排查", "plan_hash": shown["hash"]}}
    return Call(f"/freezes/{number}/undo", Office.PRINCIPAL, status=201, sent=sent)


@operation("GET", "/freezes/{number}/accounts/{user_name}/proof")
def prove_freeze(api: Api) -> Call:
    account = api.town.account_of(api.town.approve(api.town.submit()))
    api.town.connector.deliver()
    number = freeze_order(api, user_name=account.user_name)["number"]
    return Call(f"/freezes/{number}/accounts/{account.user_name}/proof", Office.AUDITOR)


@operation("GET", "/static/app.css")
def stylesheet(api: Api) -> Call:
    return Call("/static/app.css", None, refused=200)


def key_in_stock(api: Api) -> str:
    """The serial number of a new key."""
    serial = f"K-{next(_names)}"
    row = SheetRow(1, {"serial": serial, "model": "UK-1", "cert_serial": f"{1000 + next(_names)}"})
    with api.town.connector.act(api.town.actor(Office.KEY_CUSTODIAN)) as act:
        keys.import_batch(act, [row], keys.Delivery(paper="RK-1", batch="B1"))
    return serial


def key_issued(api: Api) -> str:
    """The serial number of a key that somebody holds."""
    serial, account = key_in_stock(api), account_row(api)
    with api.town.connector.act(api.town.actor(Office.KEY_CUSTODIAN)) as act:
        keys.issue_key(act, serial, account, receipt="LQ-1")
    return serial


def key_operation(path: str, make: Callable[[Api], str], sent: dict[str, Any] | None = None) -> None:
    """One call about one key, by the custodian; a GET when nothing is sent."""
    method, body = ("GET", {}) if sent is None else ("POST", {"json": sent})
    operation(method, path)(
        lambda api: Call(path.replace("{serial}", make(api)), Office.KEY_CUSTODIAN, sent=dict(body))
    )


@operation("POST", "/keys")
def import_keys(api: Api) -> Call:
    row = {"serial": f"K-{next(_names)}", "model": "UK-1", "cert_serial": f"{1000 + next(_names)}"}
    form = {"paper": "RK-2", "batch": "B2", "rows": [row]}
    return Call("/keys", Office.KEY_CUSTODIAN, status=201, sent={"json": form})


@operation("POST", "/keys/{serial}/issue")
def issue_key(api: Api) -> Call:
    form = {"account": account_row(api).user_name, "receipt": "LQ-1"}
    return Call(f"/keys/{key_in_stock(api)}/issue", Office.KEY_CUSTODIAN, sent={"json": form})


@operation("POST", "/keys/{serial}/destroy")
def destroy_key(api: Api) -> Call:
    form = {"witness": api.town.actor(Office.OPERATOR).name}
    return Call(f"/keys/{key_in_stock(api)}/destroy", Office.KEY_CUSTODIAN, sent={"json": form})


@operation("POST", "/keys/{serial}/restock")
def restock_key(api: Api) -> Call:
    serial = key_issued(api)
    with api.town.connector.act(api.town.actor(Office.KEY_CUSTODIAN)) as act:
        keys.return_key(act, serial, receipt="SH-1")
    return Call(f"/keys/{serial}/restock", Office.KEY_CUSTODIAN, sent={"json": {}})


key_operation("/keys/{serial}", key_in_stock)
key_operation("/keys/{serial}/history", key_in_stock)
key_operation("/keys/{serial}/uses", key_in_stock)
key_operation("/keys/{serial}/return", key_issued, {"receipt": "SH-1"})
key_operation("/keys/{serial}/lost", key_issued, {"note": "出差途中遗失"})
key_operation("/keys/{serial}/damaged", key_issued, {"note": "接口断裂"})


@operation("GET", "/key-templates/{kind}")
def key_template(api: Api) -> Call:
    return Call("/key-templates/csv", api.town.applicant("ywk"), refused=200)


def link(api: Api) -> tuple[str, str]:
    """The path of a new one-time link, and the right answer to its question."""
    town = api.town
    account = town.account_of(town.approve(town.submit()))
    town.connector.deliver()
    with town.connector.act(HOST) as act:
        row = act.session.get_one(AccountRow, account.id)
        address = links.make_link(act, row, public_url="http://connector.test", life=timedelta(hours=1))
        person = people.get_person(act, row.person_id)
        number = act.vault.decrypt(person.document_sealed, f"{people.DOCUMENT_CONTEXT}:{person.id}")
    return address.removeprefix("http://connector.test"), number[-6:]


@operation("GET", "/welcome/{token}")
def ask(api: Api) -> Call:
    return Call(link(api)[0], None, refused=200)


@operation("POST", "/welcome/{token}")
def open_link(api: Api) -> Call:
    path, suffix = link(api)
    return Call(path, None, refused=404, sent={"data": {"suffix": suffix}})


from tests import operations_reviews  # noqa: E402  # They note themselves by the function above.


def list_file(api: Api, lines: int = 1) -> bytes:
    """A list of new people as .csv."""
    rows = [",".join(column.heading for column in SHEETS["grant"][1])]
    for _ in range(lines):
        number = next(_names)
        cells = [
            "ywk",
            f"王列{number}",
            "",
            resident_id(),
            phone(),
            "科员",
            "",
            api.town.permissions(1)[0],
            "新入职",
            "",
            "",
        ]
        rows.append(",".join(cells))
    return "\r\n".join(rows).encode()


def batch_number(api: Api) -> str:
    """The number of a new batch of two requests."""
    with api.town.connector.act(api.town.applicant("ywk")) as act:
        return batches.submit_batch(act, "grant", list_file(api, 2)).number


def scan_of(api: Api) -> tuple[str, str]:
    """A request's number and the hash of its scan."""
    request = api.town.submit()
    row = attachments.receive_scan(api.town.connector, api.town.applicant("ywk"), request.number, PAPER)
    return request.number, row.sha256


PAPER = b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
FILE = {"files": {"file": ("scan.bin", PAPER)}}


@operation("POST", "/requests/{request_id}/scans")
def attach_scan(api: Api) -> Call:
    path = f"/requests/{api.town.submit().number}/scans"
    return Call(path, api.town.applicant("ywk"), status=201, refused=404, sent=FILE)


@operation("GET", "/requests/{request_id}/scans")
def list_request_scans(api: Api) -> Call:
    return Call(f"/requests/{scan_of(api)[0]}/scans", Office.AUDITOR, refused=404)


@operation("GET", "/requests/{request_id}/scans/{sha256}")
def download_scan(api: Api) -> Call:
    number, sha256 = scan_of(api)
    return Call(f"/requests/{number}/scans/{sha256}", Office.AUDITOR, refused=404)


@operation("GET", "/requests/{request_id}/paper.pdf")
def print_request(api: Api) -> Call:
    return Call(f"/requests/{api.town.submit().number}/paper.pdf", Office.AUDITOR, refused=404)


@operation("POST", "/requests/{request_id}/paper")
def print_request_whole(api: Api) -> Call:
    sent = {"json": {"reason": "打印存档"}}
    return Call(f"/requests/{api.town.submit().number}/paper", Office.OPERATOR, refused=404, sent=sent)


@operation("GET", "/accounts/{user_name}/administrator-form.pdf")
def print_administrator(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:
        made = make_account(act, "xxjsk", account_class=AccountClass.SYSTEM_ADMINISTRATOR).user_name
    return Call(f"/accounts/{made}/administrator-form.pdf", Office.AUDITOR)


simple("GET", "/units/ywk/register.pdf", by=Office.AUDITOR)
OPERATIONS["GET", "/units/{unit_code}/register.pdf"] = OPERATIONS.pop(("GET", "/units/ywk/register.pdf"))
simple("GET", "/units/ywk/matrix.pdf", by=Office.AUDITOR)
OPERATIONS["GET", "/units/{unit_code}/matrix.pdf"] = OPERATIONS.pop(("GET", "/units/ywk/matrix.pdf"))
simple("GET", "/request-batches", by=Office.UNIT_HEAD, unit="ywk", refused=200)


@operation("POST", "/request-batches/{kind}/sheets")
def submit_batch(api: Api) -> Call:
    sent = {"files": {"file": ("people.csv", list_file(api))}}
    return Call("/request-batches/grant/sheets", api.town.applicant("ywk"), status=201, refused=422, sent=sent)


@operation("POST", "/request-batches/{kind}/check/sheets")
def check_batch(api: Api) -> Call:
    sent = {"files": {"file": ("people.csv", list_file(api))}}
    return Call("/request-batches/grant/check/sheets", api.town.applicant("ywk"), refused=422, sent=sent)


@operation("GET", "/request-batches/{number}")
def read_batch(api: Api) -> Call:
    return Call(f"/request-batches/{batch_number(api)}", Office.UNIT_HEAD, "ywk", refused=404)


@operation("GET", "/request-batches/{number}/tasks")
def list_batch_tasks(api: Api) -> Call:
    return Call(f"/request-batches/{batch_number(api)}/tasks", Office.UNIT_HEAD, "ywk", refused=404)


@operation("POST", "/request-batches/{number}/decisions")
def decide_batch(api: Api) -> Call:
    number = batch_number(api)
    head = api.town.actor(Office.UNIT_HEAD, "ywk")
    with api.town.connector.act(head) as act:
        stages = [{"stage_id": stage.id, "digest": row.digest} for stage, row in batches.list_tasks(act, number)]
    sent = {"json": {"verdict": "approve", "reason": "同意", "stages": stages}}
    return Call(f"/request-batches/{number}/decisions", head, refused=404, sent=sent)


@operation("GET", "/request-templates/{kind}/{suffix}")
def request_template(api: Api) -> Call:
    return Call("/request-templates/grant/xlsx", api.town.applicant("ywk"), refused=200)


# ---- tables of posts, overrides, the three-way check ---------------------------------------------------------------


def table_lines(api: Api) -> list[MatrixLine]:
    return [MatrixLine(post=f"岗位{next(_names)}", permission=api.town.permissions(1)[0])]


def draft(api: Api) -> tuple[str, Actor, int]:
    """The draft of a new unit's table: the unit, its head, the draft's revision."""
    code, head, _ = operations_reviews.unit_with_people(api)
    with api.town.connector.act(head) as act:
        return code, head, matrix_drafts.save_draft(act, code, table_lines(api), revision=0).revision


def first_table(api: Api) -> None:
    with api.town.connector.act(HOST) as act:
        if not matrix.last_version(act, units.get_unit(act, "dljg").id):
            matrix.load_first(act, "dljg", table_lines(api), paper="JZ-1")


def table_operation(path: str) -> None:
    @operation("GET", path)
    def read(api: Api) -> Call:
        first_table(api)
        return Call(path.replace("{unit}", "dljg").replace("{version}", "1").replace("{kind}", "csv"), Office.AUDITOR)


for _path in ("", "/versions", "/versions/{version}", "/sheet/{kind}"):
    table_operation(f"/matrices/{{unit}}{_path}")


@operation("GET", "/matrices/{unit}/draft")
def read_draft(_api: Api) -> Call:
    return Call("/matrices/ywk/draft", Office.UNIT_HEAD, unit="ywk")


@operation("PUT", "/matrices/{unit}/draft")
def put_draft(api: Api) -> Call:
    code, head, revision = draft(api)
    form = {"revision": revision, "lines": [line.model_dump() for line in table_lines(api)]}
    return Call(f"/matrices/{code}/draft", head, sent={"json": form})


@operation("POST", "/matrices/{unit}/draft/sheet")
def upload_draft(api: Api) -> Call:
    code, head, revision = draft(api)
    sheet = f"岗位,权限\n科员,{api.town.permissions(1)[0]}\n".encode()
    sent = {"files": {"file": ("a.csv", sheet)}, "data": {"revision": str(revision)}}
    return Call(f"/matrices/{code}/draft/sheet", head, sent=sent)


@operation("DELETE", "/matrices/{unit}/draft")
def discard_draft(api: Api) -> Call:
    code, head, _ = draft(api)
    return Call(f"/matrices/{code}/draft", head, status=204)


@operation("POST", "/matrices/{unit}/draft/submit")
def submit_draft(api: Api) -> Call:
    with api.town.connector.act(HOST) as act:  # A leader in charge, who signs it, is appointed for this unit.
        matrix_drafts.discard_draft(act, "ywk")
        revision = matrix_drafts.save_draft(act, "ywk", table_lines(api), revision=0).revision
    form = {"revision": revision, "reason": "岗位调整"}
    return Call("/matrices/ywk/draft/submit", Office.UNIT_HEAD, unit="ywk", status=201, sent={"json": form})


simple("GET", "/matrix-overrides", by=Office.AUDITOR)
simple("GET", "/matrix-checks/latest", by=Office.AUDITOR)
simple("GET", "/matrix-differences", by=Office.AUDITOR)
simple("GET", "/subsystem-exports", by=Office.AUDITOR)


@operation("POST", "/subsystem-exports/{subsystem}")
def upload_export(_api: Api) -> Call:
    sent = {"files": {"file": ("users.csv", b"user_name,role\nmole,x.y\n")}}
    return Call("/subsystem-exports/centre", Office.SYSTEM_ADMINISTRATOR, status=201, sent=sent)


@operation("POST", "/matrix-differences/{difference_id}/withdraw")
def withdraw_difference(api: Api) -> Call:
    town = api.town
    account = town.account_of(town.approve(town.submit()))
    with town.connector.act(HOST) as act:
        person = people.get_person(act, account.person_id)
        held = accounts.list_grants(act, account)[0].id
        row = MatrixDifferenceRow(
            kind="approved_not_allowed", subject=account.id, permission=held, account_id=account.id,
            user_name=account.user_name, unit_id=person.unit_id, post="", found_at=act.now, seen_at=act.now,
        )  # fmt: skip
        act.session.add(row)
        act.session.flush()
        path = f"/matrix-differences/{row.id}/withdraw"
    return Call(path, Office.SYSTEM_ADMINISTRATOR, status=201)


from tests import operations_deadlines  # noqa: E402, F401  # They note themselves by the functions above.


def box_desk(api: Api) -> BoxDesk:
    if hasattr(api.town.idp, "_now"):  # The fake Keycloak has the town's clock.
        api.town.idp._now = api.town.clock.now
    return BoxDesk(api.town)


def box_number(api: Api, *, ended: bool = False) -> tuple[BoxDesk, str]:
    """A box that runs, or one that was given back and whose record is read to its end."""
    desk = box_desk(api)
    user = desk.hire()
    number = desk.open_box(user).number
    if ended:
        with api.town.connector.act(desk.actor_of(user)) as act:
            privileged.give_back(act, number)
        desk.pass_time(timedelta(minutes=1))
        desk.read_events()
    return desk, number


simple("GET", "/privileged", by=Office.AUDITOR, refused=200)
simple("GET", "/projects", by=Office.AUDITOR)
simple("GET", "/conflicts", by=Office.AUDITOR)
simple("GET", "/conflicts/exceptions", by=Office.AUDITOR)


@operation("GET", "/privileged/{number}")
def read_box(api: Api) -> Call:
    return Call(f"/privileged/{box_number(api)[1]}", Office.AUDITOR, refused=404)


@operation("POST", "/privileged/{number}/return")
def give_box_back(api: Api) -> Call:
    return Call(f"/privileged/{box_number(api)[1]}/return", Office.SECURITY_ADMINISTRATOR)


@operation("POST", "/privileged/{number}/review")
def review_box(api: Api) -> Call:
    desk, number = box_number(api, ended=True)
    sent = {"json": {"verdict": "clean"}}
    return Call(f"/privileged/{number}/review", desk.actor_of(desk.reviewer), sent=sent)


@operation("PUT", "/privileged/{number}/reviewer")
def name_box_reviewer(api: Api) -> Call:
    desk, number = box_number(api)
    sent = {"json": {"reviewer": desk.hire().user_name}}
    return Call(f"/privileged/{number}/reviewer", Office.SECURITY_ADMINISTRATOR, sent=sent)


def project_number(api: Api) -> str:
    return box_desk(api).project(f"XM-{next(_names)}")


@operation("POST", "/projects")
def register_project(api: Api) -> Call:
    sent = {"json": {"number": f"XM-{next(_names)}", "name": "道路工程", "unit_code": "ywk"}}
    return Call("/projects", Office.UNIT_HEAD, "ywk", sent=sent)


@operation("POST", "/projects/import")
def import_projects(api: Api) -> Call:
    columns = "number,name,unit_code,bid_opening_at,phase,starts_at,ends_at,account,charge"
    sent = {"json": {"text": f"{columns}\nXM-{next(_names)},道路工程,ywk,,,,,,\n"}}
    return Call("/projects/import", Office.UNIT_HEAD, "ywk", sent=sent)


@operation("GET", "/projects/{number}")
def read_project(api: Api) -> Call:
    return Call(f"/projects/{project_number(api)}", Office.AUDITOR)


@operation("POST", "/projects/{number}/assignments")
def assign_person(api: Api) -> Call:
    sent = {"json": {"phase": "评标", "account": box_desk(api).hire().user_name, "charge": "evaluation"}}
    return Call(f"/projects/{project_number(api)}/assignments", Office.UNIT_HEAD, "ywk", status=201, sent=sent)


@operation("POST", "/projects/{number}/close")
def close_project(api: Api) -> Call:
    return Call(f"/projects/{project_number(api)}/close", Office.UNIT_HEAD, "ywk")


@operation("POST", "/assignments/{assignment_id}/end")
def end_assignment(api: Api) -> Call:
    desk, number = box_desk(api), project_number(api)
    desk.assign(number, desk.hire(), "evaluation")
    with api.town.connector.act(HOST) as act:
        found = act.session.scalars(select(AssignmentRow.id).order_by(AssignmentRow.made_at.desc())).first()
    return Call(f"/assignments/{found}/end", Office.UNIT_HEAD, "ywk", status=204)


simple("GET", "/administrators/reports", by=Office.AUDITOR)


def administrator_report(api: Api) -> tuple[str, str]:
    """An administrator of the business department, reported to the level of the centre: the appointment, the report."""
    sent = {**appointment_form(api), "office": "system_administrator"}
    made = api.call("POST", "/appointments", by=Office.SECURITY_ADMINISTRATOR, json=sent).json()
    api.call("POST", f"/appointments/{made['id']}/confirm", by=Office.PRINCIPAL)
    reports = api.call("GET", "/administrators/reports", by=Office.AUDITOR).json()
    return made["id"], next(row["id"] for row in reports if row["appointment_id"] == made["id"])


@operation("POST", "/administrators/reports/{report_id}/acknowledge")
def acknowledge_administrator(api: Api) -> Call:
    path = f"/administrators/reports/{administrator_report(api)[1]}/acknowledge"
    return Call(path, Office.SECURITY_ADMINISTRATOR, refused=404)


@operation("GET", "/appointments/{appointment_id}/handover")
def show_handover(api: Api) -> Call:
    return Call(f"/appointments/{administrator_report(api)[0]}/handover", Office.AUDITOR)


from tests import operations_registration  # noqa: E402, F401  # They note themselves by the functions above.
