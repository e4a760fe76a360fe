"""`trading-idp verification`: what the verifier compares: numbers of a registration, corrections, documents.

Numbers are typed into files and never into commands, which stand in the history of a shell.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.requests import read_comparisons, read_model
from connector.cli.session import Token, opened, operator, show
from connector.register import documents, people
from connector.register.documents import DocumentForm
from connector.registration import service
from connector.requests import disclosure, store

app = typer.Typer(no_args_is_help=True, help="登记核验 / verification: numbers, corrections, documents")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
FormFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the form as JSON; keep it secret")]


@app.command()
def numbers(
    request: Annotated[str, typer.Argument(help="number of the request")], token: Token = "", as_json: Json = False
) -> None:
    """查看待核验人员的完整号码，逐次记录 / Full numbers of a registration, for who verifies it; recorded (J5)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(disclosure.show_numbers(act, store.get_request(act, request).id)._asdict(), as_json)


@app.command()
def case(case_id: str, as_json: Json = False) -> None:
    """信息不符个案及其更正 / A case of untrue data with its corrections, without values (HH 4)."""
    with opened() as connector, connector.act(operator()) as act:
        service.get_case(act, case_id)
        (found,) = service.list_mismatches(act, open_only=False, case_id=case_id)
        show({**asdict(found), "corrections": [asdict(each) for each in service.corrections_of(act, case_id)]}, as_json)


@app.command()
def correct(case_id: str, file: FormFile, token: Token = "", as_json: Json = False) -> None:
    """提交更正 / Send the right particulars; they count when verified (HH 4)."""
    form = read_model(service.CorrectionForm, file)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        row = service.send_correction(act, case_id, form)
        show({"correction_id": row.id, "state": row.state}, as_json)


@app.command()
def correction(correction_id: str, token: Token = "", as_json: Json = False) -> None:
    """查看待核验的更正，逐次记录 / A correction in full, for its verifier; recorded each time (J5)."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        show(service.show_correction(act, correction_id).model_dump(), as_json)


@app.command()
def verdict(
    correction_id: str,
    digest: Annotated[str, typer.Option(help="digest of the correction that was shown")],
    approve: Annotated[bool, typer.Option("--approve/--refuse")],
    compared: Annotated[list[str] | None, typer.Option(help="ITEM=agrees|differs|not_compared[:NOTE]")] = None,
    reason: str = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """核验更正 / Verify a correction; the case goes on (HH 4)."""
    said = read_comparisons(compared or [])
    form = service.VerdictForm(digest=digest, approves=approve, compared=said, reason=reason)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        found = service.verify_correction(act, correction_id, form)
        show({"case_id": found.id, "outcome": found.outcome, "problem": found.problem}, as_json)


@app.command("add-document")
def add_document(person_id: str, file: FormFile, token: Token = "", as_json: Json = False) -> None:
    """登记同一人的另一证件 / Another document of the same person (LC 5(3))."""
    form = read_model(DocumentForm, file)
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        documents.add_document(act, people.get_person(act, person_id).id, form)
        show(documents.list_documents(act, person_id), as_json)
