"""Commands of the matrices: which post of a unit may hold which permissions. Prints; decides nothing."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.cli.session import opened, operator, show
from connector.errors import FieldProblem, RefusedInputError
from connector.register import matrix, units
from connector.register.accounts import PAPER

app = typer.Typer(no_args_is_help=True, help="账号权限对照表 / tables of posts and permissions")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]


class MatrixFile(BaseModel):
    """One unit's table as a file: posts with "subsystem:role", and the number of the paper its leader signed (JC 5)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    unit: str = Field(max_length=32)
    paper: str = Field(min_length=2, max_length=50)
    posts: dict[str, list[str]] = Field(min_length=1)


@app.command("load")
def load_matrix(
    file: Annotated[Path, typer.Argument(help="TOML file", exists=True, dir_okay=False)], as_json: Json = False
) -> None:
    """导入一个单位经分管领导签字的对照表 / Put a unit's signed table in force (JC 5)."""
    listed = _read(file)
    with opened() as connector, connector.act(operator()) as act:
        row = matrix.adopt_matrix(act, listed.unit, listed.posts, adopted_by=f"{PAPER}{listed.paper}")
        show({"unit": listed.unit, "version": row.version, "posts": len(listed.posts)}, as_json)


@app.command("show")
def show_matrix(unit: Annotated[str, typer.Argument(help="code of the unit")], as_json: Json = False) -> None:
    """显示现行对照表 / The table in force."""
    with opened() as connector, connector.act(operator()) as act:
        found = matrix.current(act, units.get_unit(act, unit).id)
    lines = [{"post": post, "permission": name} for post in sorted(found) for name in sorted(found[post])]
    show(lines, as_json, ("post", "permission"))


def _read(file: Path) -> MatrixFile:
    try:
        return MatrixFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
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
