"""`trading-idp registration`: untrue data, changes of contact, handovers as the signed-in person; lists."""

from datetime import datetime
from typing import Annotated

import typer

from connector.cli.session import Token, opened, operator, show
from connector.register import documents, people
from connector.register.unit_changes import UnitChange
from connector.registration import service
from connector.requests import registrations, reorganise

app = typer.Typer(no_args_is_help=True, help="登记信息 / registered data: verification, untrue data, handovers")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Every = Annotated[bool, typer.Option("--all", help="closed ones too")]
Overdue = Annotated[bool, typer.Option("--overdue", help="only past the limit")]

REFUSED = ("number", "person_name", "document_masked", "unit", "office", "reason", "refused_at", "has_account")
MISMATCHES = (
    "case_id", "user_name", "unit", "source", "fields", "due_at", "overdue", "suspension", "restoration",
    "termination", "correction", "problem", "outcome",
)  # fmt: skip
CHANGES = ("change_id", "unit", "duty", "giver", "taker", "effective_on", "late", "state", "overdue", "signed")
DOCUMENTS = ("document_kind", "document_masked", "added_by", "added_at", "void_at", "registered")


@app.command()
def refused(text: str = "", as_json: Json = False) -> None:
    """未予登记的申请 / Registrations that were refused (HH 4)."""
    with opened() as connector, connector.act(operator()) as act:
        show(registrations.list_refused(act, text=text), as_json, REFUSED)


@app.command("documents")
def list_documents(person_id: str, as_json: Json = False) -> None:
    """使用人的证件 / Every document of a person, masked (LC 5(3))."""
    with opened() as connector, connector.act(operator()) as act:
        show(documents.list_documents(act, people.get_person(act, person_id).id), as_json, DOCUMENTS)


@app.command("preview-unit")
def preview_unit(
    unit: str,
    how: Annotated[str, typer.Argument(help="close, split, rename or move")],
    effective_on: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])],
    target: Annotated[str, typer.Option(help="code of the unit that takes over, or of the new parent")] = "",
    name: Annotated[str, typer.Option(help="the new name")] = "",
    account: Annotated[list[str] | None, typer.Option(help="user name that a split takes along")] = None,
    as_json: Json = False,
) -> None:
    """预览单位撤并、更名、划转 / What a change of a unit would do; its hash goes into the request."""
    change = UnitChange(
        how=how,
        effective_on=effective_on.date(), target=target, name=name, accounts=tuple(account or ()),
        plan_hash=reorganise.UNCHECKED,
    )  # fmt: skip
    with opened() as connector, connector.act(operator()) as act:
        show(reorganise.preview_change(act, unit, change), as_json)


@app.command()
def mismatches(overdue: Overdue = False, every: Every = False, as_json: Json = False) -> None:
    """信息不符个案 / Cases of untrue data (HH 4)."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_mismatches(act, open_only=not every, overdue_only=overdue), as_json, MISMATCHES)


@app.command("open-mismatch")
def open_mismatch(
    account: str,
    field: Annotated[list[str], typer.Option(help="what is untrue: name, document_number, phone, unit, post, user")],
    reason: Annotated[str, typer.Option(help="how it was found; no numbers")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """发起信息不符个案 / Open a case of untrue data (HH 4)."""
    form = service.MismatchForm.model_validate({"account": account, "fields": field, "reason": reason})
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        case = service.open_mismatch(act, form)
        show({"case_id": case.id, "due_at": case.due_at, "problem": case.problem}, as_json)


@app.command()
def changes(overdue: Overdue = False, every: Every = False, as_json: Json = False) -> None:
    """联系人、经办和审核人员变更 / Changes of contact, handler and reviewer (HH 3, GX 12)."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.list_changes(act, open_only=not every, overdue_only=overdue), as_json, CHANGES)


@app.command()
def announce(
    unit: str,
    duty: Annotated[str, typer.Argument(help="contact, handler or reviewer")],
    taker: Annotated[str, typer.Argument(help="user name of the one who takes over")],
    effective_on: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])],
    reason: Annotated[str, typer.Option(help="why it is announced late")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """提前通知人员变更 / Announce a change ahead of its day (GX 12)."""
    form = service.ChangeForm.model_validate(
        {"unit_code": unit, "duty": duty, "taker": taker, "effective_on": effective_on.date(), "reason": reason}
    )
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(service.show(act, service.announce_change(act, form)), as_json)


@app.command()
def handover(change_id: str, as_json: Json = False) -> None:
    """交接记录 / The handover record of a change."""
    with opened() as connector, connector.act(operator()) as act:
        show(service.show(act, service.get_change(act, change_id)), as_json)


@app.command()
def sign(
    change_id: str,
    side: Annotated[str, typer.Argument(help="giver or taker")],
    digest: Annotated[str, typer.Option(help="digest of the record that was shown")],
    reason: Annotated[str, typer.Option(help="why somebody who left cannot sign himself")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """签署交接记录 / Sign one's own side of the record (HH 3)."""
    form = service.SignatureForm.model_validate({"side": side, "digest": digest, "reason": reason})
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(service.sign(act, service.get_open(act, change_id), form), as_json)


@app.command("add-item")
def add_item(
    change_id: str,
    kind: Annotated[str, typer.Argument(help="request, office, key, secret, list or other")],
    name: str,
    note: str = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """补充交接事项 / Add what is handed over; signatures become void (HH 3)."""
    form = service.ItemForm.model_validate({"kind": kind, "name": name, "note": note})
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        change = service.get_open(act, change_id)
        service.add_item(act, change, form)
        show(service.show(act, change), as_json)


@app.command()
def successor(
    change_id: str,
    taker: Annotated[str, typer.Argument(help="user name of the one who takes over")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """指定接任人员 / Name who takes over (HH 3)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        change = service.name_successor(act, change_id, service.SuccessorForm(taker=taker))
        show(service.show(act, change), as_json)


@app.command("withdraw-change")
def withdraw_change(change_id: str, token: Token = "", as_json: Json = False) -> None:
    """撤回人员变更 / Take back a change that is not effective yet."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        change = service.withdraw_change(act, change_id)
        show({"change_id": change.id, "state": change.state}, as_json)
