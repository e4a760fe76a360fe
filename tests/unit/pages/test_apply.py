"""Applying: the choice of a way and of an account, the boxes, mistakes, drafts, and what may not be applied for."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connector.pages.form_tables import PageFormRow
from connector.pages.ways import WAYS
from connector.register.tables import AccountRow, AppointmentRow, PersonRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.tables import RequestRow
from jobs import tidy_runs
from tests.fixtures_applying import NUMBER, PHONE, Seat, count, entries, to_check, words
from tests.fixtures_pages import open_browser
from tests.town import HOST, Town, open_town


def test_open_apply_offers_every_way(town: Town, seat: Seat) -> None:
    page = seat(town.applicant()).get("/pages/apply").text
    assert [slug for slug in re.findall(r'href="/pages/apply/(\w+)"', page)] == [way.slug for way in WAYS]


def test_open_form_draws_the_annex_in_its_order(town: Town, seat: Seat) -> None:
    page = words(seat(town.applicant()).get("/pages/apply/grant"))
    form = town.connector.rulebook.form(RequestKind.GRANT)
    labels = [field.label for field in form.fields if field.filled_by == "applicant"]
    places = [page.index(label) for label in labels]
    assert places == sorted(places)
    assert "敏感权限，须分管负责人同意" in page
    assert "分管负责人（含敏感权限时）" in page


@pytest.mark.parametrize("way", [way.slug for way in WAYS if way.needs_account])
def test_open_form_about_an_account_shows_it_masked(town: Town, seat: Seat, way: str) -> None:
    me = town.applicant()
    status = "disabled" if way == "enable" else "active"
    with town.connector.act(HOST) as act:
        other = next(a for a in town.centre.accounts.values() if a.user_name.startswith("371500-ywk"))
        act.session.execute(update(AccountRow).where(AccountRow.id == other.id).values(status=status))
    browser = seat(me)
    assert other.user_name in browser.get(f"/pages/apply/{way}").text
    page = browser.get(f"/pages/apply/{way}?account={other.user_name}")
    assert page.status_code == 200
    assert f'name="account" value="{other.user_name}"' in page.text
    with town.connector.act(HOST) as act:
        person = act.session.get_one(PersonRow, other.person_id)
    assert person.name in page.text or "person_name" not in page.text


def test_choose_account_offers_the_own_unit_alone(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant("ywk"))
    page = browser.get("/pages/apply/change")
    assert "-ywk-" in page.text
    assert "-dljg-" not in page.text
    assert "-jyzx-" not in page.text
    none = browser.get("/pages/apply/change", params={"q": "没有这个人"})
    assert "没有符合条件的账号。" in none.text
    assert "清除条件" in none.text


def test_send_with_mistakes_tells_all_at_once_and_keeps_every_entry(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    permission = town.permissions(1)[0]
    wrong = entries(
        town, document_number="37150019900101", phone="12", reason="", permissions=[permission], post="科员"
    )
    page = browser.post("/pages/apply/grant", wrong)
    assert page.status_code == 422
    assert "<title>错误：" in page.text
    summary = page.text[page.text.index('id="problem"') : page.text.index("<h1")]
    assert re.findall(r'href="#(\w+)"', summary) == ["phone", "document_number", "reason"]
    assert "有3处需要修改" in summary
    for typed in ("37150019900101", "王小明", "12"):
        assert f'value="{typed}"' in page.text
    assert re.search(rf'value="{re.escape(permission)}"[^>]*checked', page.text)
    assert page.text.count('aria-invalid="true"') == 3
    assert count(town, PageFormRow) == 0


def test_send_without_permission_marks_the_group(town: Town, seat: Seat) -> None:
    page = seat(town.applicant()).post("/pages/apply/grant", entries(town, permissions=[]))
    assert "请至少选择一项权限" in page.text
    assert 'id="permissions"' in page.text


def test_send_full_width_digits_and_spaces_is_accepted(town: Town, seat: Seat) -> None:
    wide = NUMBER.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    check = to_check(seat(town.applicant()), document_number=f" {wide[:6]} {wide[6:]} ", phone="139 7777 1402")
    assert check.endswith("/check")


@pytest.mark.parametrize("day", ["2026-06-30", "2026年6月30日", "２０２６－０６－３０", "20260630", "2026/6/30"])
def test_send_a_day_in_any_common_shape_is_accepted(town: Town, seat: Seat, day: str) -> None:
    account = town.applicant().name
    sent = {"account": account, "reason": "借调", "cause": "absence", "until": day}
    check = seat(town.applicant()).post("/pages/apply/suspend", sent)
    assert check.status_code == 303, words(check)


def test_send_an_impossible_day_marks_its_box(town: Town, seat: Seat) -> None:
    sent = {"account": town.applicant().name, "reason": "借调", "until": "2026-02-30"}
    page = seat(town.applicant()).post("/pages/apply/suspend", sent)
    assert page.status_code == 422
    assert 'value="2026-02-30"' in page.text
    assert 'href="#until"' in page.text


def test_send_hostile_text_comes_back_as_text(town: Town, seat: Seat) -> None:
    hostile = '"><script>alert(1)</script>{{ 7*7 }}'
    page = seat(town.applicant()).post(
        "/pages/apply/grant", entries(town, person_name=hostile, reason=hostile, phone="")
    )
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page.text


def test_apply_for_another_unit_is_refused_on_a_page_not_at_a_field(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant("ywk"))
    page = browser.post("/pages/apply/grant", entries(town, unit="dljg"))
    assert page.status_code == 403
    assert "此申请不能提交" in page.text
    assert "LC 6(1)" in page.text
    assert 'id="problem"' not in page.text
    back = re.search(r'href="(/pages/apply/drafts/[\w-]+)"', page.text)
    assert back
    assert 'value="王小明"' in browser.get(back[1]).text


@pytest.mark.req("B2")
def test_apply_without_an_approver_is_refused_and_names_the_office(town: Town, seat: Seat) -> None:
    with town.connector.act(HOST) as act:
        vacant = AppointmentRow.office == Office.VERIFIER.value
        act.session.execute(update(AppointmentRow).where(vacant).values(ended_at=act.now, ended_by="paper:1"))
    page = seat(town.applicant()).post("/pages/apply/grant", entries(town))
    assert page.status_code == 409
    assert "审批环节缺少可以审批的任职人员：核验人" in page.text
    assert count(town, RequestRow) == 0


def test_save_a_draft_asks_nothing_and_is_found_again(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    saved = browser.post("/pages/apply/grant", {"unit": "ywk", "person_name": "李红", "then": "save"})
    assert saved.headers["location"] == "/pages/apply"
    page = browser.get("/pages/apply").text
    assert "草稿已保存" in page
    draft = re.search(r"/pages/apply/drafts/([\w-]+)", page)
    assert draft
    assert 'value="李红"' in browser.get(draft[0]).text
    assert browser.post(f"{draft[0]}/discard").status_code == 303
    assert browser.get(draft[0]).status_code == 404


def test_open_a_draft_of_another_is_not_found(town: Town, seat: Seat) -> None:
    check = to_check(seat(town.applicant()))
    other = seat(town.actor(Office.UNIT_HEAD, "ywk"))
    for path in (check, check.removesuffix("/check")):
        assert other.get(path).status_code == 404
        assert other.post(path, {"revision": "1"}).status_code == 404
    assert count(town, RequestRow) == 0


def test_keep_a_draft_holds_no_number_in_the_clear(town: Town, seat: Seat) -> None:
    to_check(seat(town.applicant()))
    with town.connector.act(HOST) as act:
        row = act.session.scalars(select(PageFormRow)).one()
        assert row.sealed
        for secret in (NUMBER, PHONE, "王小明"):
            assert secret.encode() not in row.sealed
            assert secret not in str(row.__dict__)


def test_open_a_draft_after_a_day_is_not_found_and_the_next_save_deletes_it(town: Town, seat: Seat) -> None:
    browser = seat(town.applicant())
    check = to_check(browser)
    town.clock.set(town.clock.now() + timedelta(hours=24))
    browser.sign_in(town.applicant())
    assert browser.get(check).status_code == 404
    browser.post("/pages/apply/grant", {"then": "save"})
    assert count(town, PageFormRow) == 1


def test_tidy_deletes_forms_whose_day_is_over(town: Town, seat: Seat) -> None:
    to_check(seat(town.applicant()))
    now = town.clock.now()
    assert tidy_runs.run(town.connector, now + timedelta(hours=23))["forms"] == 0
    assert tidy_runs.run(town.connector, now + timedelta(hours=24))["forms"] == 1
    assert count(town, PageFormRow) == 0


@pytest.mark.parametrize("packs", [("JC",), ("LC",), ("GS",), ("JC", "LC", "GS", "HH", "GX")])
def test_apply_under_each_regulation_reaches_the_check(tmp_path: Path, packs: tuple[str, ...]) -> None:
    town = open_town(tmp_path, packs=packs)
    with open_browser(town) as browser:
        browser.sign_in(town.applicant())
        form = town.connector.rulebook.form(RequestKind.GRANT)
        page = words(browser.get("/pages/apply/grant"))
        assert all(field.label in page for field in form.fields if field.filled_by == "applicant")
        assert to_check(browser, post="科员", account_class="ordinary")
        own = town.applicant().name
        for way in WAYS:
            if way.needs_account and way.slug != "enable":
                assert browser.get(f"/pages/apply/{way.slug}?account={own}").status_code == 200
    town.close()
