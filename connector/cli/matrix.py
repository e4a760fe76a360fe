"""Commands of the tables of posts and permissions: draft, apply, versions, overrides. Prints; decides nothing."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.auth.act import Act
from connector.cli.session import Token, opened, operator, show
from connector.errors import FieldProblem, RefusedInputError
from connector.register import matrix, matrix_drafts, units
from connector.register.matrix_lines import MatrixLine
from connector.requests import matrix_desk, overrides

app = typer.Typer(no_args_is_help=True, help="账号权限对照表 / tables of posts and permissions")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
UnitCode = Annotated[str, typer.Argument(help="code of the unit")]
TableFile = Annotated[Path, typer.Argument(help=".toml, .csv or .xlsx", exists=True, dir_okay=False)]
LINES = ("post", "permission", "note")
OVERRIDES = ("at", "request", "user_name", "unit_code", "post", "permissions", "decided_by", "reason", "in_force")


class MatrixFile(BaseModel):
    """One unit's table as TOML: posts with "subsystem:role"; the paper's number may stand in it or be an option."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    unit: str = Field("", max_length=32)
    paper: str = Field("", max_length=50)
    posts: dict[str, list[str]] = Field(min_length=1)


@app.command("load")
def load_matrix(
    file: TableFile,
    unit: Annotated[str, typer.Option(help="code of the unit, where the file does not name it")] = "",
    paper: Annotated[str, typer.Option(help="number of the paper that its leader signed")] = "",
    as_json: Json = False,
) -> None:
    """安装时导入经分管领导签字的首个对照表 / At installation: a unit's first table, from its signed paper (JC 5)."""
    with opened() as connector, connector.act(operator()) as act:
        listed, lines = _read(act, file)
        unit, paper = unit or listed.unit, paper or listed.paper
        _check_named(unit, paper)
        row = matrix.load_first(act, unit, lines, paper=paper)
        show({"unit": unit, "version": row.version, "posts": len({line.post for line in lines})}, as_json)


@app.command("show")
def show_matrix(
    unit: UnitCode,
    version: Annotated[int, typer.Option(min=0, help="an older version; the one in force without it")] = 0,
    as_json: Json = False,
) -> None:
    """显示现行对照表或某一版本 / The table in force, or an older version."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        unit_id = units.get_unit(act, unit).id
        row = matrix.get_version(act, unit_id, version) if version else matrix.in_force(act, unit_id)
        lines = [line.model_dump() for line in matrix.lines_of(act, row)]
    show(lines, as_json, LINES)


@app.command("versions")
def list_versions(unit: UnitCode, as_json: Json = False) -> None:
    """对照表各版本、签批人和变化 / Every version: who signed it, when, and what it changed."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = matrix_desk.show_versions(act, unit)
    rows = [
        {
            "version": one.version, "since": one.since, "until": one.until, "source": one.request or one.paper,
            "signed": "；".join(f"{signature.name} {signature.at:%Y-%m-%d}" for signature in one.signed),
            "added": len(one.change.added), "removed": len(one.change.removed),
        }
        for one in found
    ]  # fmt: skip
    show(found if as_json else rows, as_json)


@app.command("draft")
def draft_matrix(
    unit: UnitCode,
    file: Annotated[Path | None, typer.Argument(help=".toml, .csv or .xlsx", exists=True, dir_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """显示草稿，或以文件为草稿（不生效）/ Show the draft, or make a file the draft; nothing comes into force."""
    with opened() as connector, connector.act(operator()) as act:
        draft = matrix_drafts.get_draft(act, unit)
        if file is not None:
            draft = matrix_drafts.save_draft(act, unit, _read(act, file)[1], revision=draft.revision)
        change = draft.change
        if as_json:
            show(draft, as_json)
            return
        show(
            {
                "unit": draft.unit_code, "revision": draft.revision, "based_on": draft.based_on,
                "lines": len(draft.lines), "added": len(change.added), "removed": len(change.removed),
            }
        )  # fmt: skip


@app.command("submit")
def submit_draft(
    unit: UnitCode,
    revision: Annotated[int, typer.Option(min=1, help="the draft that was read; `matrix draft` says it")],
    reason: Annotated[str, typer.Option(help="why the table is revised")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """单位负责人提交对照表草稿 / The unit head applies for his draft: the leader signs, the department files it."""
    with opened() as connector, connector.act(connector.actor_of(token)) as act:
        request = matrix_desk.submit_draft(act, unit, revision=revision, reason=reason)
        show({"request": request.number, "state": request.state}, as_json)


@app.command("sheet")
def write_sheet(
    unit: UnitCode,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="file to write, .csv or .xlsx")],
) -> None:
    """写出现行对照表（JC 附件1 的列）/ Write the table in force with the columns of JC annex 1."""
    if file.suffix not in (".csv", ".xlsx"):
        raise typer.BadParameter(".csv or .xlsx", param_hint="FILE")
    with opened() as connector, connector.act(operator(), reading=True) as act:
        file.write_bytes(matrix_desk.write_sheet(act, unit, file.suffix))


@app.command("overrides")
def list_overrides(
    unit: Annotated[str, typer.Option(help="code of a unit")] = "",
    first: Annotated[int, typer.Option(min=0, help="rows to skip")] = 0,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="rows to show")] = 200,
    as_json: Json = False,
) -> None:
    """超出对照表而批准的全部例外 / Every permission approved beyond a table: by whom, for whom, and why (JC 11)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        found = overrides.list_overrides(act, unit_code=unit, first=first, count=count)
    show(found, as_json, OVERRIDES)


def _check_named(unit: str, paper: str) -> None:
    problems = []
    if not unit:
        problems.append(FieldProblem("unit", "请填写单位代码", "give the unit's code", "JC 4"))
    if len(paper.strip()) < 2:
        problems.append(FieldProblem("paper", "请填写签字文件编号", "give the number of the signed paper", "JC 5"))
    if problems:
        raise RefusedInputError(problems, clause="JC 4, JC 5")


def _read(act: Act, file: Path) -> tuple[MatrixFile, list[MatrixLine]]:
    if file.suffix.lower() != ".toml":
        return MatrixFile.model_construct(unit="", paper="", posts={}), matrix_desk.read_sheet(
            act, file.read_bytes(), file.suffix
        )
    try:
        listed = MatrixFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        posts = listed.posts.items()
        return listed, [MatrixLine(post=post, permission=one) for post, held in posts for one in sorted(set(held))]
    except ValidationError as wrong:
        raise RefusedInputError(
            [
                FieldProblem(".".join(map(str, error["loc"])), f"不符合要求：{error['type']}", error["msg"], "JC 4")
                for error in wrong.errors(include_input=False, include_url=False)
            ],
            clause="JC 4, 5",
        ) from None
    except ValueError as wrong:
        unreadable = FieldProblem("file", "文件不是 TOML 格式", f"is not TOML: {wrong}", "JC 4")
        raise RefusedInputError([unreadable], clause="JC 4, 5") from None
