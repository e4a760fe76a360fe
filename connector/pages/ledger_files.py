"""The ledger as a file, for the page and for the API: .xlsx, .csv or PDF, each row with its approvals (A5; JC 8(2))."""

from typing import Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.http import ActDep, TypesetterDep
from connector.pages import ledger_sheets
from connector.pages.access import PageActDep
from connector.pages.days import end_of, read_day
from connector.pages.sheets import CSV, XLSX, csv_bytes, plain, xlsx_bytes
from connector.ports import Typesetter
from connector.regulations.vocabulary import AccountStatus

router = APIRouter(prefix="/pages/ledger-files", tags=["pages"], include_in_schema=False)
api = APIRouter(tags=["register"])

Kind = Literal["xlsx", "csv", "pdf"]
TYPES = {"xlsx": XLSX, "csv": CSV, "pdf": "application/pdf"}


@router.get("/ledger.{kind}")
def download(
    act: PageActDep, typesetter: TypesetterDep, kind: Kind, q: str = "", unit: str = "", status: str = "",
    as_of: str = "", subsystem: str = "",
) -> Response:  # fmt: skip
    """The accounts of the page's filter, all of them."""
    problems: list[FieldProblem] = []
    day = read_day(as_of, "as_of", problems)
    if problems:
        raise RefusedInputError(problems)
    wanted = {
        "as_of": end_of(day, act.now), "unit_code": unit or None, "text": q or None, "subsystem": subsystem or None,
        "status": AccountStatus(status) if status in set(AccountStatus) else None,
    }  # fmt: skip
    return _file(act, typesetter, kind, wanted)


@api.get("/ledger/export")
def export(
    act: ActDep,
    typesetter: TypesetterDep,
    kind: Kind = "xlsx",
    as_of: AwareDatetime | None = None,
    unit: str | None = Query(None, max_length=32, description="code of a unit; the units below it count too"),
    subsystem: str | None = Query(None, max_length=32, description="accounts that held a permission there"),
) -> Response:
    """导出台账，逐行注明审批依据 / the ledger as .xlsx, .csv or PDF, each row with its approvals."""
    return _file(act, typesetter, kind, {"as_of": as_of, "unit_code": unit, "subsystem": subsystem})


def _file(act: Act, typesetter: Typesetter, kind: Kind, wanted: dict[str, Any]) -> Response:
    moment, rows = ledger_sheets.ledger_table(act, **wanted)
    if kind == "pdf":
        content = typesetter.pdf("listing", ledger_sheets.listing(moment, rows), at=act.now)
    elif kind == "xlsx":
        notes = (f"账号台账　截至：{plain(moment)}",)
        content = xlsx_bytes("账号台账", ledger_sheets.COLUMNS, rows, notes=notes)
    else:
        content = csv_bytes(ledger_sheets.COLUMNS, rows)
    headers = {"Content-Disposition": f'attachment; filename="ledger.{kind}"', "Cache-Control": "no-store"}
    return Response(content, media_type=TYPES[kind], headers=headers)
