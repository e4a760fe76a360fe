"""The analysis report on paper: everything it says, its hash, who wrote and who signed it (GS 15)."""

import pytest

from connector.errors import NotFoundError
from connector.incidents import cases, closing, paper
from connector.incidents.case_tables import CaseReportRow
from connector.incidents.closing import ReportForm
from connector.incidents.errors import OwnCaseError
from connector.pages.event_words import event_name
from connector.papers.forms import Drawn
from connector.regulations.vocabulary import Office
from tests.town import Town
from tests.unit.incidents.test_cases import HEAD, OPERATOR, WORDS, actor_of, answer, do, open_case, person_account
from tests.unit.papers.test_papers import set_paper


def written(town: Town, words: ReportForm = WORDS) -> tuple[str, CaseReportRow]:
    case = open_case(town, person_account(town, OPERATOR))
    do(town, cases.report_up, case.number, to="省局系统管理员", receipt="电话记录12号")
    answer(town, case, "created", "no")
    answer(town, case, "leaked", "no")
    return case.number, do(town, closing.write_report, case.number, words)


def draw(town: Town, number: str, version: int = 0) -> Drawn:
    drawn: Drawn = do(town, paper.report_paper, number, event_name, version=version, by=Office.AUDITOR)
    return drawn


@pytest.mark.req("I4")
def test_print_report_shows_facts_words_hash_writer_and_signer(town: Town) -> None:
    number, row = written(town)
    unsigned = set_paper(town, draw(town, number))
    do(town, closing.sign_report, number, version=1, shown_hash=row.hash, by=HEAD)
    signed = set_paper(town, draw(town, number))
    said = (
        "安全事件分析报告", number, row.facts["account"], "省局系统管理员", "电话记录12号", WORDS.cause,
        WORDS.consequences, WORDS.corrections, row.hash, "更改登录口令：", "查阅记录后",
        "冻结于2026-03-10",
    )  # fmt: skip
    assert [one for one in said if one not in signed.replace("\n", "")] == []
    signer = town.centre.person(HEAD).name
    assert f"签批：{signer}" not in unsigned
    assert f"签批：{signer}" in signed
    assert town.centre.person(Office.SECURITY_ADMINISTRATOR).name in unsigned


def test_print_report_with_long_words_goes_on_over_the_page(town: Town) -> None:
    long = ReportForm(cause="口令被钓鱼网站骗取。" * 390, consequences="未见外泄", corrections="更换口令并培训")
    number, _ = written(town, long)
    text = set_paper(town, draw(town, number))
    assert text.replace("\n", "").count("钓鱼") == 390
    assert len(town.connector.typesetter.png("form", draw(town, number))) > 3  # type: ignore[attr-defined]


def test_print_report_of_an_older_version_says_what_that_one_said(town: Town) -> None:
    number, first = written(town)
    do(
        town,
        closing.write_report,
        number,
        ReportForm(cause="内部人员泄露", consequences="未见", corrections="更换人员"),
    )
    assert first.hash in draw(town, number, 1)["foot"]
    assert first.hash not in draw(town, number)["foot"]


def test_print_report_for_the_subject_or_where_none_is_written_is_refused(town: Town) -> None:
    account = person_account(town, OPERATOR)
    case = open_case(town, account)
    with pytest.raises(NotFoundError):
        draw(town, case.number)
    do(town, closing.write_report, case.number, WORDS)
    with pytest.raises(OwnCaseError):
        do(town, paper.report_paper, case.number, event_name, by=actor_of(town, account))
