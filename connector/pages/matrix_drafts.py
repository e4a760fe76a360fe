"""对照表版本和草稿: a unit's table as its head edits it, and every version with who signed it. Stores drafts only."""

import re
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.pages.access import Form, FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.register import catalogue, matrix_drafts
from connector.register.matrix_lines import CLAUSE, MatrixLine
from connector.register.reach import units_of_ledger
from connector.requests import matrix_desk

router = APIRouter(prefix="/pages/matrix-drafts", tags=["pages"], include_in_schema=False)
SPARE = 1  # empty columns for posts that are not in the table yet
POST = re.compile(r"post-(\d{1,3})")


@router.get("/{unit}")
def edit(request: Request, act: PageActDep, unit: str) -> HTMLResponse:
    """The draft as a table of permissions and posts, for the unit's head; the versions below it."""
    draft = matrix_drafts.get_draft(act, unit)
    posts = list(dict.fromkeys(line.post for line in draft.lines))
    names = {row.id: row.name for row in catalogue.list_subsystems(act)}
    return render(
        request, "matrix_draft.html", title=_t(request, mark("对照表版本和草稿")), draft=draft,
        posts=[*posts, *[""] * SPARE], ticked={line.key for line in draft.lines}, names=names,
        permissions=catalogue.list_permissions(act), versions=matrix_desk.show_versions(act, draft.unit_code),
    )  # fmt: skip


@router.get("/{unit}/versions")
def versions(request: Request, act: PageActDep, unit: str) -> HTMLResponse:
    """Every version with its difference to the one before, for those who oversee."""
    units_of_ledger(act)
    found = matrix_desk.show_versions(act, unit)
    return render(
        request, "matrix_versions.html", title=_t(request, mark("对照表版本和草稿")), versions=found, unit=unit
    )


@router.post("/{unit}")
def save(request: Request, act: PageActDep, form: FormDep, unit: str) -> Response:
    """Saves the draft, discards it, or saves it and applies for it."""
    if form.one("then") == "discard":
        matrix_drafts.discard_draft(act, unit)
        return _back(request, unit, mark("草稿已删除"))
    draft = matrix_drafts.save_draft(act, unit, _lines(act, form, unit), revision=_revision(form))
    if form.one("then") != "submit":
        return _back(request, unit, mark("草稿已保存"))
    row = matrix_desk.submit_draft(act, unit, revision=draft.revision, reason=form.one("reason"))
    return see_other(request, f"/pages/requests/{row.number}", banner=_t(request, mark("申请已提交")))


def _lines(act: Act, form: Form, unit: str) -> list[MatrixLine]:
    """The lines of an uploaded file when there is one, else those ticked. A post without a name has no lines."""
    name, content = form.files.get("file", ("", b""))
    if content:
        return matrix_desk.read_sheet(act, content, PurePath(name).suffix)
    kept = {line.key: line.note for line in matrix_drafts.get_draft(act, unit).lines}
    lines: list[MatrixLine] = []
    for field in sorted(form):
        found = POST.fullmatch(field)
        post = form.one(field) if found else ""
        if found is None or not post:
            continue
        if len(post) > 64:
            problem = FieldProblem(field, "岗位最多64个字", "a post has 64 characters at most", CLAUSE)
            raise RefusedInputError([problem], clause=CLAUSE)
        ticked = form.get(f"may-{found[1]}", [])
        lines += [MatrixLine(post=post, permission=one[:96], note=kept.get((post, one), "")) for one in ticked if one]
    return lines


def _revision(form: Form) -> int:
    return int(form.one("revision")) if form.one("revision").isdecimal() else 0


def _back(request: Request, unit: str, banner: str) -> Response:
    return see_other(request, f"/pages/matrix-drafts/{unit}", banner=_t(request, banner))


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
