"""Tables of posts from and to spreadsheets: every way to name a permission, and every wrong row by its number."""

import io
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from connector.errors import RefusedInputError
from connector.register import matrix_sheets
from connector.register.matrix_lines import MatrixLine, compare
from connector.register.tables import PermissionRow, SubsystemRow

ID = "website:notice.editor"
KNOWN = matrix_sheets.make_catalogue(
    [PermissionRow(id=ID, subsystem_id="website", role="notice.editor", module="公告", workflow_role="编辑")],
    [SubsystemRow(id="website", name="网站系统")],
)
HEAD = "序号,系统名称,账号类别,岗位,使用人,备注\n"


def csv(text: str) -> bytes:
    return text.encode("utf-8-sig")


def xlsx(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def told(content: bytes, suffix: str = ".csv") -> list[tuple[str, str]]:
    with pytest.raises(RefusedInputError) as refused:
        matrix_sheets.parse_sheet(content, suffix, KNOWN)
    return [(problem.field, problem.en) for problem in refused.value.fields]


@pytest.mark.parametrize(
    "row",
    ["1,网站系统,公告.编辑,科员,秦天天,值守", "1,website,notice.editor,科员,,值守", "1,WEBSITE,公告 编辑,科员,x,值守"],
)
def test_parse_sheet_of_the_annex_knows_a_permission_by_its_words(row: str) -> None:
    assert matrix_sheets.parse_sheet(csv(f"{HEAD}{row}\n,,,,,\n"), ".csv", KNOWN) == [
        MatrixLine(post="科员", permission=ID, note="值守")
    ]


def test_parse_sheet_of_xlsx_by_id_reads_the_same(tmp_path: object) -> None:
    content = xlsx(("岗位", "权限", "备注"), ("科员", ID, None))
    assert matrix_sheets.parse_sheet(content, ".xlsx", KNOWN) == [MatrixLine(post="科员", permission=ID)]


def test_parse_sheet_with_wrong_rows_names_each_and_takes_none() -> None:
    rows = ("公告.编辑,科员,,", "公告.主编,科员,,", "公告.编辑,,,", "公告.编辑,科员,,=1+1")
    assert told(csv(HEAD + "".join(f"1,网站系统,{row}\n" for row in rows))) == [
        ("row 3", "is not in the catalogue: 网站系统 公告.主编"),
        ("row 4", "give the post, 64 characters at most"),
        ("row 5", "holds a formula; type text"),
    ]


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [
        (b"", ".csv", "columns missing"),
        (csv("岗位,密级\n"), ".csv", "unknown column: 密级"),
        (csv("岗位,岗位,权限\n"), ".csv", "a column stands twice"),
        (csv("岗位,权限\n"), ".csv", "there is no row"),
        (b"\xff\xfe\xff", ".csv", "not UTF-8 or GB18030"),
        (b"no zip", ".xlsx", "BadZipFile"),
        (b"x", ".pdf", "only .csv and .xlsx"),
        (b"x" * (matrix_sheets.MOST_BYTES + 1), ".csv", "bytes"),
        (csv("岗位,权限\n" + f"科员,{ID}\n" * 5001), ".csv", "more than 5000 rows"),
    ],
)
def test_parse_sheet_of_no_table_says_why(content: bytes, suffix: str, reason: str) -> None:
    (problem,) = told(content, suffix)
    assert problem[0] == "file"
    assert reason in problem[1]


def test_parse_sheet_that_unpacks_to_any_size_or_computes_is_refused() -> None:
    book = Workbook()
    for row in (["岗位", "权限"], ["科员", '=HYPERLINK("http://x")']):
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    assert told(content.getvalue(), ".xlsx") == [("row 2", "holds a formula; type text")]
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", b" " * (matrix_sheets.MOST_UNPACKED + 1))
    assert len(content.getvalue()) < matrix_sheets.MOST_BYTES
    ((field, why),) = told(content.getvalue(), ".xlsx")
    assert (field, "unpacks to more than" in why) == ("file", True)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_write_sheet_read_again_is_the_same_table_and_computes_nothing(suffix: str) -> None:
    table = [MatrixLine(post="=科员", permission=ID, note="+值守")]
    content = matrix_sheets.write_sheet(
        table, suffix, names=lambda _: ("网站系统", "公告.编辑"), users={"=科员": "秦天天"}
    )
    (line,) = matrix_sheets.parse_sheet(content, suffix, KNOWN)
    assert (line.post, line.permission, line.note) == ("'=科员", ID, "'+值守")
    if suffix == ".xlsx":
        cells = [cell.data_type for cell in next(load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(min_row=2))]
        assert "f" not in cells


def test_compare_tables_says_what_was_added_removed_and_noted() -> None:
    a, b, c = (MatrixLine(post="科员", permission=f"website:{name}") for name in "abc")
    noted = b.model_copy(update={"note": "值守"})
    change = compare([a, b], [noted, c])
    assert (change.added, change.removed, change.noted) == ((c,), (a,), (noted,))
    assert not change.is_none
    assert compare([a, b], [b, a]).is_none
