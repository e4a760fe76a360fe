"""`trading-idp filings`: prepares, signs, saves and verifies the quarter's package. Prints only."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.audit import read_key
from connector.cli.reviews import acting
from connector.cli.session import Token, opened, operator, out, show
from connector.reviews import filings as filing
from connector.reviews import inspection_views
from connector.reviews.verified import verify_package

app = typer.Typer(no_args_is_help=True, help="季度备案 / quarterly filings (JC 19)")

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
FilingNumber = Annotated[str, typer.Argument(help="BA-2026-Q3")]
FILED = ("number", "period", "state", "prepared_by", "signed_by", "receipt", "received_on", "manifest_sha256")


@app.command("list")
def list_filings(as_json: Json = False) -> None:
    """备案清单 / The filings, the newest quarter first."""
    with opened() as connector, connector.act(operator()) as act:
        show(inspection_views.list_filings(act), as_json, FILED)


@app.command()
def make(
    period: Annotated[str, typer.Argument(help="2026-Q3; by default the last quarter")] = "",
    token: Token = "",
    as_json: Json = False,
) -> None:
    """制作备案材料 / Prepare the package of a quarter that is over."""
    with opened() as connector, acting(connector, token) as act:
        show(inspection_views.show_filing(act, filing.make_filing(act, period)), as_json)


@app.command()
def sign(
    number: FilingNumber,
    manifest: Annotated[str, typer.Option(help="SHA-256 of the manifest that was read")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """签署备案材料 / Sign it, as the principal; not whoever prepared it."""
    with opened() as connector, acting(connector, token) as act:
        row = filing.sign_filing(act, number, connector.signer, manifest_hash=manifest)
        show(inspection_views.show_filing(act, row), as_json)


@app.command()
def receipt(
    number: FilingNumber,
    number_given: Annotated[str, typer.Argument(help="number of the authority's receipt", metavar="RECEIPT")],
    day: Annotated[str, typer.Argument(help="day it was received, 2026-10-15")],
    token: Token = "",
    as_json: Json = False,
) -> None:
    """登记备案回执 / Note the receipt of the authority."""
    with opened() as connector, acting(connector, token) as act:
        row = filing.note_receipt(act, number, receipt=number_given, received_on=date.fromisoformat(day))
        show(inspection_views.show_filing(act, row), as_json)


@app.command()
def save(number: FilingNumber, file: Annotated[Path, typer.Argument(help="where to")]) -> None:
    """保存备案材料 / Write the package to a file, with the signature once there is one."""
    with opened() as connector, connector.act(operator(), reading=True) as act:
        file.write_bytes(filing.signed_package(filing.get_filing(act, number)))
    out.print(str(file), highlight=False)


@app.command()
def verify(
    package: Annotated[str, typer.Argument(help="number of a filing, or a file")],
    key: Annotated[str | None, typer.Option(help="the record's public key, or a file with it")] = None,
    as_json: Json = False,
) -> None:
    """核验备案材料 / Compare every file with the manifest, and the manifest with the signature; else exit code 1.

    A file and --key need nothing else: the authority verifies what it was sent on a machine of its own.
    """
    is_file = Path(package).is_file()
    if is_file and key is not None:
        found = verify_package(Path(package).read_bytes(), str(read_key(key)))
    else:
        with opened() as connector, connector.act(operator(), reading=True) as act:
            content = Path(package).read_bytes() if is_file else filing.signed_package(filing.get_filing(act, package))
            found = verify_package(content, str(read_key(key)) if key else connector.signer.verifier_key())
    show([{"what": name, "ok": ok} for name, ok in found], as_json)
    if not all(ok for _, ok in found):
        raise typer.Exit(1)
