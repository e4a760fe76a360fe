"""trading-idp rules: which packs there are, and which clause each value in force comes from. Needs no database."""

from typing import Annotated, Any

import typer

from connector.cli.session import load_settings, refusals, show
from connector.regulations.loader import list_packs, load_rulebook
from connector.regulations.merge import HOUSE
from connector.regulations.rulebook import Claim, Explanation

app = typer.Typer(
    help="规则包：清单与出处 / rule packs: the list, and where each value comes from", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """列出全部规则包及是否启用 / list the rule packs and which are in force."""
    settings = load_settings()
    with refusals():
        packs = list_packs(settings.rule_pack_dir)
        rulebook = load_rulebook(settings.rule_packs, pack_dir=settings.rule_pack_dir)
    in_force = {*rulebook.packs, HOUSE}
    rows = [{**pack.pack.model_dump(mode="json"), "in_force": pack.id in in_force} for pack in packs]
    show(rows, as_json, ("id", "in_force", "title", "issuer", "issued"))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="取值名称，如 password.min_length / name of a value")] = "",
    as_json: AsJson = False,
) -> None:
    """说明每个取值来自哪一条款 / say which clause each value in force comes from, and what the other packs say."""
    settings = load_settings()
    with refusals():
        rulebook = load_rulebook(
            settings.rule_packs, pack_dir=settings.rule_pack_dir, calendar_file=settings.calendar_file
        )
        found = rulebook.explain(name)
    show([e.model_dump(mode="json") for e in found] if as_json else [_row(e) for e in found], as_json)


def _row(explanation: Explanation) -> dict[str, Any]:
    return {
        "取值 / name": explanation.name,
        "现行 / value": _worded(explanation.value),
        "出处 / clause": ", ".join(dict.fromkeys(claim.clause for claim in explanation.won)),
        "本产品取值 / house": "; ".join(dict.fromkeys(claim.note for claim in explanation.won if claim.note)),
        "其他规则包 / others": "; ".join(_said(claim) for claim in explanation.others),
    }


def _said(claim: Claim) -> str:
    return f"{claim.clause}: {_worded(claim.value)}"


def _worded(value: Any) -> str:
    return " → ".join(map(str, value)) if isinstance(value, tuple) else str(value)
