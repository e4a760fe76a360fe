"""Commands of the printed forms. Opens, calls one service function, writes a file."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.session import opened, operator, show
from connector.papers import service as papers
from connector.papers.forms import Drawn

app = typer.Typer(no_args_is_help=True, help="打印表单 / printed forms")
Out = Annotated[Path, typer.Argument(dir_okay=False, help="PDF file to write")]


@app.command("print")
def print_request(
    number: Annotated[str, typer.Argument(help="number of the request")],
    out: Out,
    annex: Annotated[str, typer.Option(help="lc1, lc2, lc3, jc2 or plain; empty: the one in force")] = "",
) -> None:
    """打印申请表 / The form of a request as the regulation draws it; numbers of persons masked."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        drawn = papers.request_paper(act, number, annex=annex)
        _write(out, connector.typesetter.pdf("form", drawn, at=act.now), drawn)


@app.command("administrator")
def print_administrator(user_name: str, out: Out) -> None:
    """系统管理员登记表 / The registration of a system administrator (GS 9)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        drawn = papers.administrator_paper(act, user_name)
        _write(out, connector.typesetter.pdf("form", drawn, at=act.now), drawn)


@app.command("unit")
def print_unit(unit_code: str, out: Out) -> None:
    """账号注册登记表 / The register of a unit and its handlers (HH 1)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        drawn = papers.unit_paper(act, unit_code)
        _write(out, connector.typesetter.pdf("form", drawn, at=act.now), drawn)


@app.command("matrix")
def print_matrix(unit_code: str, out: Out) -> None:
    """账号权限对照表 / A unit's table of posts and permissions (JC annex 1)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        drawn = papers.matrix_paper(act, unit_code)
        _write(out, connector.typesetter.pdf("listing", drawn, at=act.now), drawn)


@app.command("handover")
def print_handover(
    change_id: Annotated[str, typer.Argument(help="id of the change; `registration changes` lists them")], out: Out
) -> None:
    """账号交接记录 / The handover record of a change of contact, handler or reviewer (HH 3)."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        drawn = papers.handover_paper(act, change_id)
        _write(out, connector.typesetter.pdf("form", drawn, at=act.now), drawn)


def _write(out: Path, content: bytes, drawn: Drawn) -> None:
    out.write_bytes(content)
    show({"file": str(out), "title": drawn["title"], "bytes": len(content)})
