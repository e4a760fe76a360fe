"""The printed forms: what they say, who gets whole numbers, what is refused, and that text stays text."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.adapters.typesetter import TypstTypesetter
from connector.audit.tables import AuditEntryRow
from connector.checks import cleanup
from connector.errors import ForbiddenError, NotFoundError
from connector.papers import records
from connector.papers import service as papers
from connector.papers.errors import NoSuchAnnexError
from connector.papers.facts import gather
from connector.papers.forms import Drawn
from connector.ports import FontsMissingError, GlyphMissingError
from connector.register import accounts, people
from connector.register.administrator_tables import AdministratorReportRow
from connector.register.matrix_lines import MatrixLine
from connector.register.names import CLASS_NAMES
from connector.register.tables import AppointmentRow
from connector.regulations.vocabulary import AccountClass, Office, RequestKind
from connector.requests import service as requests
from tests import fixtures_matrix
from tests.factories import make_account, make_person_form
from tests.town import HOST, NOON, PACKS, Town, open_town

JINCHENG = ("JC", "GS", "HH", "GX")
LONG = "因岗位调整须同时办理受理、登记与归档业务。" * 20


@pytest.fixture(params=[PACKS, JINCHENG], ids=["LC", "JC"])
def ruled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path, packs=request.param)
    yield opened
    opened.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = open_town(tmp_path)
    yield opened
    opened.close()


def draw(town: Town, number: str, annex: str = "") -> Drawn:
    with town.connector.act(HOST) as act:
        return papers.request_paper(act, number, annex=annex)


def annexes(town: Town, number: str) -> list[str]:
    with town.connector.act(HOST) as act:
        return list(papers.list_annexes(gather(act, requests.get_request(act, number))))


def text_of(pdf: bytes) -> str:
    """What a reader finds in the file, without spaces."""
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is needed"
    done = subprocess.run([tool, "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def set_paper(town: Town, drawn: Drawn, template: str = "form") -> str:
    pdf = town.connector.typesetter.pdf(template, drawn, at=NOON)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfaid:part" in pdf
    return text_of(pdf)


@pytest.mark.req("B9")
def test_print_approved_grant_names_everybody_who_signed(ruled: Town) -> None:
    request = ruled.submit(ruled.form(permissions=ruled.permissions(1, sensitive=True)))
    blank = set_paper(ruled, draw(ruled, request.number))
    ruled.approve(request)
    filled = set_paper(ruled, draw(ruled, request.number))
    name = ruled.centre.person(Office.UNIT_HEAD, "ywk").name
    head = f"：{name}（科室" if "lc1" in annexes(ruled, request.number) else f"科室负责人：{name}"
    assert head not in blank
    assert head in filled
    assert "2026年3月10日" in filled
    assert "新入职，办理业务所需" in filled
    with ruled.connector.act(HOST) as act:
        person = people.get_person(act, str(request.person_id))
    assert person.name in filled
    assert request.number in filled


@pytest.mark.req("B9")
@pytest.mark.parametrize(
    ("kind", "annex", "words"),
    [
        (RequestKind.GRANT, "lc1", ("附件1：", "用户权限申请表", "需配置工作流（角色）", "分管负责人意见")),
        (RequestKind.PASSWORD_RESET, "lc2", ("附件2：", "用户口令（密码）重置申请表", "用户账号", "申请人签字")),
        (RequestKind.SUSPEND, "lc3", ("附件3：", "用户权限暂停、禁用申请表", "暂停", "使用人身份证号")),
        (RequestKind.DISABLE, "lc3", ("附件3：", "禁用", "账号名称")),
        (RequestKind.CANCEL, "plain", ("系统用户取消登记", "取消原因")),
    ],
)
def test_print_request_in_the_boxes_of_its_annex(
    town: Town, kind: RequestKind, annex: str, words: tuple[str, ...]
) -> None:
    account = town.account_of(town.approve(town.submit()))
    form = town.form(kind=kind, account=account.user_name, reason="按规定办理")
    if kind is RequestKind.GRANT:
        form = town.form(account=account.user_name, permissions=town.permissions(4))
    request = town.submit(form)
    assert draw(town, request.number) == draw(town, request.number, annex)
    said = set_paper(town, draw(town, request.number))
    for one in (*words, account.user_name if kind is not RequestKind.GRANT else "变更"):
        assert one in said, one
    with pytest.raises(NoSuchAnnexError):
        draw(town, request.number, "jc2")


def test_print_masks_numbers_and_whole_ones_are_recorded(town: Town) -> None:
    form = make_person_form("ywk")
    request = town.submit(town.form(person=form))
    said = set_paper(town, draw(town, request.number))
    assert form.document_number not in said
    assert form.phone not in said
    with town.connector.act(town.applicant()) as act, pytest.raises(ForbiddenError):
        papers.request_paper(act, request.number, reason="打印存档")
    with town.connector.act(town.actor(Office.OPERATOR)) as act:
        whole = set_paper(town, papers.request_paper(act, request.number, reason="打印存档"))
        told = act.session.query(AuditEntryRow).filter_by(event="person.revealed").count()
    assert form.document_number in whole
    assert form.phone in whole
    assert told == 1


def test_print_for_a_stranger_finds_no_request(town: Town) -> None:
    request = town.submit()
    with town.connector.act(town.applicant("dljg")) as act, pytest.raises(NotFoundError):
        papers.request_paper(act, request.number)


@pytest.mark.req("B9")
@pytest.mark.parametrize(("character", "code"), [("\ue863", "U+E863"), ("👍", "U+1F44D"), ("ﷺ", "U+FDFA")])
def test_print_a_character_without_a_glyph_names_it_and_its_field(town: Town, character: str, code: str) -> None:
    request = town.submit(town.form(reason=f"为{character}先生办理业务"))
    with pytest.raises(GlyphMissingError) as refused:
        town.connector.typesetter.pdf("form", draw(town, request.number), at=NOON)
    assert refused.value.facts == {"field": "申请原因", "character": character, "code_point": code}


@pytest.mark.parametrize("name", ["𠅤䶮", "㛃𬭎", "王·阿依", "𫖯𣲘", "𠮷野"])
def test_print_rare_names_are_drawn(town: Town, name: str) -> None:
    request = town.submit(town.form(person=make_person_form("ywk", name=name)))
    assert name in set_paper(town, draw(town, request.number))


def test_print_markup_of_three_languages_stays_text(town: Town) -> None:
    hostile = '#panic("x") $x$ *b* \\#v(1cm) <script>a</script> #read("/etc/passwd") @label `raw`'
    request = town.submit(town.form(reason=hostile))
    assert "".join(hostile.split()) in set_paper(town, draw(town, request.number)).replace("”", '"').replace("“", '"')


def test_print_long_opinions_grow_and_lose_nothing(town: Town) -> None:
    request = town.submit(town.form(reason=LONG))
    while request.state == "pending":
        request = town.decide(request, reason=LONG)
    said = set_paper(town, draw(town, request.number))
    assert said.count("第2页") == 1
    assert said.count("受理、登记与归档") == 40  # in the reason, and in the opinion of the unit head


def test_print_the_same_data_gives_the_same_bytes(town: Town) -> None:
    drawn = draw(town, town.submit().number)
    assert town.connector.typesetter.pdf("form", drawn, at=NOON) == town.connector.typesetter.pdf(
        "form", drawn, at=NOON
    )


def test_print_without_fonts_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FontsMissingError, match="Noto Serif CJK SC"):
        TypstTypesetter(tmp_path).pdf("listing", {"title": "x", "columns": [], "rows": []}, at=NOON)


def test_print_listing_names_line_and_heading_of_a_missing_character(town: Town) -> None:
    drawn = {"title": "台账", "columns": [{"title": "使用人", "width": 0}], "rows": [["王"], ["李\ue863"]]}
    with pytest.raises(GlyphMissingError, match="第2行·使用人"):
        town.connector.typesetter.pdf("listing", drawn, at=NOON)


@pytest.mark.req("B9")
def test_print_administrator_register_and_matrix(town: Town) -> None:
    with town.connector.act(HOST) as act:
        admin = make_account(act, "ywk", account_class=AccountClass.SYSTEM_ADMINISTRATOR)
        drawn = papers.administrator_paper(act, admin.user_name)
        unit = papers.unit_paper(act, "ywk")
        table = papers.matrix_paper(act, "ywk")
        ordinary = accounts.get_account(act, make_account(act, "ywk").id)
        with pytest.raises(NotFoundError):
            papers.administrator_paper(act, ordinary.user_name)
    assert {"系统管理员登记表", admin.user_name} <= {drawn["title"], *texts(drawn)}
    assert CLASS_NAMES[AccountClass.SYSTEM_ADMINISTRATOR].zh in set_paper(town, drawn)
    assert "经办人员姓名" in set_paper(town, unit)
    said = set_paper(town, table, "listing")
    for heading in records.HEADINGS:
        assert heading in said
    with town.connector.act(town.actor(Office.UNIT_HEAD, "dljg")) as act, pytest.raises(ForbiddenError):
        papers.unit_paper(act, "ywk")


@pytest.mark.req("B9", "F7")
def test_print_matrix_names_version_notes_and_the_leader_who_signed(ruled: Town) -> None:
    (first,) = ruled.permissions(1)
    with ruled.connector.act(HOST) as act:
        blank = set_paper(ruled, papers.matrix_paper(act, "ywk"), "listing")
    ruled.approve(fixtures_matrix.submit(ruled, [MatrixLine(post="科员", permission=first, note="仅开标日")]))
    with ruled.connector.act(HOST) as act:
        filled = set_paper(ruled, papers.matrix_paper(act, "ywk"), "listing")
    leader = ruled.centre.person(Office.LEADER_IN_CHARGE, "ywk").name
    assert "分管领导签字：日期：年月日" in blank
    for one in ("第1版，自2026年3月10日起施行", "仅开标日", f"分管领导签字：{leader}（电子签批"):
        assert one in filled
        assert one not in blank


@pytest.mark.req("B9")
def test_print_registration_of_an_administrator_shows_that_the_level_above_noted_it(town: Town) -> None:
    with town.connector.act(HOST) as act:
        admin = make_account(act, "ywk", account_class=AccountClass.SYSTEM_ADMINISTRATOR)
        above = town.centre.person(Office.PRINCIPAL)
        row = AdministratorReportRow(
            appointment_id=act.session.scalars(select(AppointmentRow.id)).first(), person_id=admin.person_id,
            unit_id=above.unit_id, level_id=above.unit_id, what="set", reported_at=act.now, due_at=act.now,
        )  # fmt: skip
        act.session.add(row)
        act.session.flush()
        blank = set_paper(town, papers.administrator_paper(act, admin.user_name))
        row.acknowledged_by, row.acknowledged_at = above.id, act.now
        act.session.flush()
        noted = set_paper(town, papers.administrator_paper(act, admin.user_name))
    assert "设置已备案" not in blank
    assert f"设置已备案签批：{above.name}2026年3月10日" in noted


def test_print_clean_up_list_has_the_headings_of_the_annex(town: Town) -> None:
    rows = [cleanup.CleanUpRow("中心端", "业务科", "=王试", "ywk-0001", "普通用户", "已禁用")]
    said = set_paper(town, cleanup.listing(rows), "listing")
    for one in (cleanup.TITLE, *cleanup.HEADINGS, "系统名称：中心端", "=王试"):
        assert one in said


def texts(drawn: Drawn) -> list[str]:
    return [box.get("text", "") for row in drawn["rows"] for box in row]
