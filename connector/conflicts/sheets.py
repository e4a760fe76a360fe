"""Reads a list of projects from CSV, row by row, each with its own outcome. Times without an offset are China's."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from connector.auth.act import Act
from connector.conflicts import projects
from connector.conflicts.forms import AssignmentForm, PhaseForm, ProjectForm
from connector.errors import ConnectorError, FieldProblem, RefusedInputError
from connector.register.offices import OFFICE_ZONE

COLUMNS = (
    "number", "name", "unit_code", "bid_opening_at", "phase", "starts_at", "ends_at", "account", "charge",
)  # fmt: skip
MOST_ROWS = 5000


class RowReport(NamedTuple):
    """What became of one row: line in the file (the heading is 1), outcome (done, refused), and why."""

    line: int
    number: str
    outcome: str
    zh: str = ""
    en: str = ""


def import_projects(act: Act, text: str) -> list[RowReport]:
    """Takes each row that holds and reports every other; a wrong row stops none (HH 3).

    RefusedInputError when the file has not the columns of the template or too many rows.
    """
    return [_take(act, line, row) for line, row in enumerate(_rows(text), start=2)]


def _rows(text: str) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        names = ", ".join(missing)
        raise RefusedInputError([FieldProblem("file", f"缺少列：{names}", f"columns missing: {names}", "HH 3")])
    rows = [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
    if len(rows) > MOST_ROWS:
        raise RefusedInputError([FieldProblem("file", f"最多{MOST_ROWS}行", f"at most {MOST_ROWS} rows", "HH 3")])
    return iter(rows)


def _take(act: Act, line: int, row: dict[str, str]) -> RowReport:
    try:
        with act.session.begin_nested():
            _put(act, row)
    except RefusedInputError as error:
        first = error.fields[0]
        return RowReport(line, row["number"], "refused", f"{first.field}：{first.zh}", f"{first.field}: {first.en}")
    except ConnectorError as error:
        words = error.problem()
        return RowReport(line, row["number"], "refused", words["title"], words["en"]["title"])
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "row"
        return RowReport(line, row["number"], "refused", f"{where}：格式不正确", f"{where}: not in the right form")
    return RowReport(line, row["number"], "done")


def _put(act: Act, row: dict[str, str]) -> None:
    phases: tuple[PhaseForm, ...] = ()
    if row["phase"] and row["starts_at"]:
        phases = (
            PhaseForm(name=row["phase"], starts_at=_moment(row, "starts_at"), ends_at=_moment(row, "ends_at")),
        )  # fmt: skip
    known = projects.find_project(act, row["number"])
    if row["name"] or phases or known is None:
        opening = _moment(row, "bid_opening_at") if row["bid_opening_at"] else known and known.bid_opening_at
        form = ProjectForm(
            number=row["number"], name=row["name"] or (known.name if known else ""), unit_code=row["unit_code"],
            bid_opening_at=opening, phases=phases,
        )  # fmt: skip
        projects.register_project(act, form)
    if row["account"]:
        sent = AssignmentForm(phase=row["phase"], account=row["account"], charge=row["charge"])
        projects.assign(act, row["number"], sent)


def _moment(row: dict[str, str], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(row[name])
    except ValueError:
        problem = FieldProblem(name, "时间应如 2026-12-01 09:30", "a moment like 2026-12-01 09:30", "HH 3")
        raise RefusedInputError([problem]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=OFFICE_ZONE)
