"""What the five packs say together: chains, forms, time limits, passwords, sensitive permissions, spans."""

from datetime import timedelta
from itertools import combinations

import pytest

from connector.regulations.loader import PackRulebook, list_packs, load_rulebook
from connector.regulations.vocabulary import AccountClass, Office, RequestKind

WITHOUT_JC = ("LC", "GS", "HH", "GX")
ALL = ("LC", "JC", "GS", "HH", "GX")
ADMINISTRATORS = (AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR)


@pytest.fixture(scope="module")
def usual() -> PackRulebook:
    return load_rulebook(WITHOUT_JC)


@pytest.fixture(scope="module")
def strict() -> PackRulebook:
    return load_rulebook(ALL)


def chain(
    rulebook: PackRulebook, kind: RequestKind, *, sensitive: bool = False, cause: str = ""
) -> list[tuple[str, str]]:
    return [(s.office.value, s.of) for s in rulebook.stages(kind, sensitive=sensitive, cause=cause)]


UNIT_HEAD, LEADER = ("unit_head", "unit"), ("leader_in_charge", "unit")
VERIFIER, HEAD = ("verifier", "centre"), ("system_department_head", "centre")
PRINCIPAL, OPERATOR = ("principal", "centre"), ("operator", "centre")


@pytest.mark.req("B2")
def test_stages_of_grant_are_unit_verifier_department_operator(usual: PackRulebook) -> None:
    assert chain(usual, RequestKind.GRANT) == [UNIT_HEAD, VERIFIER, HEAD, OPERATOR]


@pytest.mark.req("B2")
@pytest.mark.req("B4")
def test_stages_of_sensitive_grant_gain_the_leader(usual: PackRulebook) -> None:
    assert chain(usual, RequestKind.GRANT, sensitive=True) == [UNIT_HEAD, VERIFIER, LEADER, HEAD, OPERATOR]
    leader = usual.stages(RequestKind.GRANT, sensitive=True)[2]
    assert leader.clause == "LC 6(1)"


@pytest.mark.req("B2")
@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize(
    "kind", [RequestKind.GRANT, RequestKind.SUSPEND, RequestKind.DISABLE, RequestKind.ENABLE, RequestKind.CANCEL]
)
def test_stages_with_jc_in_force_always_have_the_leader(
    strict: PackRulebook, kind: RequestKind, sensitive: bool
) -> None:
    stages = strict.stages(kind, sensitive=sensitive)
    assert "JC 8(2)" in next(s.clause for s in stages if s.office is Office.LEADER_IN_CHARGE)


@pytest.mark.req("B2")
@pytest.mark.parametrize(
    ("kind", "cause", "expected"),
    [
        (RequestKind.PASSWORD_RESET, "", [HEAD, OPERATOR]),
        (RequestKind.SUSPEND, "", [UNIT_HEAD, LEADER, HEAD, OPERATOR]),
        (RequestKind.DISABLE, "", [UNIT_HEAD, LEADER, HEAD, OPERATOR]),
        (RequestKind.ENABLE, "", [UNIT_HEAD, HEAD, OPERATOR]),
        (RequestKind.ENABLE, "returned", [UNIT_HEAD, HEAD, OPERATOR]),
        (RequestKind.ENABLE, "violation", [UNIT_HEAD, HEAD, PRINCIPAL, OPERATOR]),
        (RequestKind.CANCEL, "", [UNIT_HEAD, HEAD, OPERATOR]),
        (RequestKind.DISABLE_DORMANT, "", [PRINCIPAL]),
        (RequestKind.RELEASE_DEPARTURES, "", [HEAD, PRINCIPAL]),
    ],
)
def test_stages_of_each_kind(
    usual: PackRulebook, kind: RequestKind, cause: str, expected: list[tuple[str, str]]
) -> None:
    assert chain(usual, kind, cause=cause) == expected


@pytest.mark.req("B2")
def test_every_chain_of_every_set_of_packs_is_complete_and_cited() -> None:
    sets = [chosen for n in range(1, 6) for chosen in combinations(ALL, n)]
    assert len(sets) == 31
    for chosen in sets:
        rulebook = load_rulebook(chosen)
        for kind in RequestKind:
            stages = rulebook.stages(kind, sensitive=True, cause="violation")
            assert stages
            assert len({s.office for s in stages}) == len(stages)
            assert all(0 < len(s.clause) <= 64 for s in stages)
            assert all(rulebook.service_level(s.level).clause for s in stages)
            assert rulebook.form(kind).fields


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    ("level", "days", "clause"),
    [
        ("reset", 1, "LC 7(1)"),
        ("reset_urgent", 0, "LC 7(1)"),
        ("disable_form", 2, "LC 7(2)"),
        ("disable", 1, "LC 7(2)"),
        ("verification", 5, "GX 8"),
        ("contact_change", 5, "GX 12"),
    ],
)
def test_service_levels_are_those_of_the_clauses(usual: PackRulebook, level: str, days: int, clause: str) -> None:
    found = usual.service_level(level)
    assert (found.working_days, found.clause) == (days, clause)


@pytest.mark.req("B6")
def test_department_and_operator_share_the_one_day_of_a_reset_and_a_disable(usual: PackRulebook) -> None:
    for kind in (RequestKind.PASSWORD_RESET, RequestKind.DISABLE):
        department, operator = usual.stages(kind)[-2:]
        assert department.level == operator.level
        assert usual.service_level(operator.level).working_days == 1
    assert {s.urgent_level for s in usual.stages(RequestKind.PASSWORD_RESET)} == {"reset_urgent"}


@pytest.mark.req("B1")
def test_form_of_grant_has_annex_1_in_its_order_and_words_then_the_other_packs(usual: PackRulebook) -> None:
    fields = usual.form(RequestKind.GRANT).fields
    assert [f.label for f in fields][:11] == [
        "申请科室（单位）", "用户权限类别", "使用人姓名", "联系方式", "身份证号", "需配置模块", "需配置工作流（角色）",
        "申请原因", "申请时间", "科室（单位）负责人意见", "分管负责人意见",
    ]  # fmt: skip
    by_name = {f.name: f for f in fields}
    assert by_name["phone"].clause == "LC annex 1; GS 10(1); HH 1"
    assert by_name["reason"].clause == "LC 6(1); GX 8"
    assert by_name["leader_opinion"].filled_by == "leader_in_charge"
    assert not by_name["leader_opinion"].required
    assert by_name["unit_address"].clause == "HH 1"


@pytest.mark.req("B1")
def test_form_of_reset_is_annex_2_and_asks_for_the_account(usual: PackRulebook) -> None:
    form = usual.form(RequestKind.PASSWORD_RESET)
    assert form.title == "用户口令（密码）重置申请表"
    assert [f.label for f in form.fields if f.required] == [
        "用户姓名", "科室（单位）", "用户账号", "申请原因", "身份证号", "联系方式",
    ]  # fmt: skip


@pytest.mark.req("B1")
def test_form_of_jc_comes_first_when_jc_is_named_first() -> None:
    form = load_rulebook(("JC", "LC")).form(RequestKind.GRANT)
    assert form.title == "信息系统账号申请（注销）表"
    assert next(f.label for f in form.fields if f.name == "reason") == "申请描述"
    assert "document_number" in {f.name for f in form.fields if f.required}


@pytest.mark.req("D2")
@pytest.mark.parametrize("account_class", AccountClass)
def test_password_rules_are_the_strictest_of_the_packs(strict: PackRulebook, account_class: AccountClass) -> None:
    rules = strict.password(account_class)
    assert (rules.min_length, rules.clauses["min_length"]) == (8, "LC 6(3)")
    assert (rules.letters, rules.digits, rules.symbols) == (True, True, True)
    assert (rules.history, rules.notice_days) == (5, (14, 7, 1))


@pytest.mark.req("D2")
def test_password_of_jc_alone_is_longer_for_administrators() -> None:
    rulebook = load_rulebook(("JC",))
    lengths = {c: rulebook.password(c).min_length for c in AccountClass}
    assert {c for c, n in lengths.items() if n == 8} == set(ADMINISTRATORS)
    assert set(lengths.values()) == {6, 8}


@pytest.mark.req("D2")
def test_password_of_administrators_is_never_weaker_than_that_of_others() -> None:
    for chosen in (c for n in range(1, 6) for c in combinations(ALL, n)):
        rulebook = load_rulebook(chosen)
        ordinary = rulebook.password(AccountClass.ORDINARY)
        for rules in map(rulebook.password, ADMINISTRATORS):
            assert rules.min_length >= ordinary.min_length
            assert rules.max_age_days <= ordinary.max_age_days


@pytest.mark.req("D3")
@pytest.mark.parametrize(
    ("packs", "days", "clause"),
    [(ALL, 90, "JC 25"), (WITHOUT_JC, 180, "GS 10(4)"), (("JC",), 90, "JC 25"), (("LC",), 180, "HOUSE 2")],
)
def test_password_age_follows_the_packs_in_force(packs: tuple[str, ...], days: int, clause: str) -> None:
    rules = load_rulebook(packs).password(AccountClass.ORDINARY)
    assert (rules.max_age_days, rules.clauses["max_age_days"]) == (days, clause)


@pytest.mark.req("D4")
def test_second_factor_is_the_key_by_gs_and_a_code_will_do_without_it(usual: PackRulebook) -> None:
    assert all(usual.factors(account_class) == ("key",) for account_class in AccountClass)
    assert load_rulebook(("LC", "JC")).factors(AccountClass.ORDINARY) == ("otp", "key")


def test_one_session_is_for_administrators_where_a_pack_says_so(usual: PackRulebook) -> None:
    assert usual.one_session(AccountClass.SYSTEM_ADMINISTRATOR)
    assert usual.one_session(AccountClass.BUSINESS_ADMINISTRATOR)
    assert not usual.one_session(AccountClass.ORDINARY)
    assert not load_rulebook(("JC",)).one_session(AccountClass.BUSINESS_ADMINISTRATOR)
    assert not load_rulebook(("LC",)).one_session(AccountClass.SYSTEM_ADMINISTRATOR)
    assert usual.explain("session.super_administrator")[0].won[0].clause == "GS 11"


@pytest.mark.req("A4")
def test_user_name_rule_has_region_unit_and_serial(usual: PackRulebook) -> None:
    rule = usual.user_name()
    assert rule.pattern.format(region="371500", unit="xxjsk", serial="0001") == "371500-xxjsk-0001"
    assert (rule.serial_digits, rule.clause) == (4, "GS 10(1)")


@pytest.mark.req("F1")
def test_dormancy_is_a_house_value_that_cites_the_article(usual: PackRulebook) -> None:
    assert (usual.dormancy(), usual.never_used()) == (timedelta(days=90), timedelta(days=30))
    won = usual.explain("span.dormancy_days")[0].won[0]
    assert (won.clause, won.house) == ("LC 7(2)", True)
    assert "僵尸用户" in won.note


@pytest.mark.req("J2")
def test_retention_is_five_years_by_gx(usual: PackRulebook) -> None:
    assert usual.retention() == timedelta(days=1827)
    assert usual.explain("span.retention_days")[0].won[0].clause == "GX 10"


@pytest.mark.req("B4")
@pytest.mark.parametrize(
    ("module", "role", "expected"),
    [
        ("投标人名单", "查看", True),
        ("报名管理", "提前查看报名名单", True),
        ("竞买人信息", "查看", True),
        ("专家抽取", "抽取", True),
        ("标底管理", "编制", True),
        ("Bidder-List", "viewer", True),
        ("ＥＸＰＥＲＴ pool", "viewer", True),
        ("公告发布", "编辑", False),
        ("项目受理", "登记", False),
        ("报名", "名单", False),
        ("", "", False),
    ],
)
def test_is_sensitive_follows_the_catalogue_of_lc_8(
    usual: PackRulebook, module: str, role: str, expected: bool
) -> None:
    assert usual.is_sensitive(module, role) is expected


@pytest.mark.req("B4")
def test_nothing_is_sensitive_where_no_pack_says_so() -> None:
    assert not load_rulebook(("JC", "GX")).is_sensitive("专家名单", "查看")


@pytest.mark.req("K4")
def test_every_value_in_force_has_a_clause_and_every_house_value_a_note(strict: PackRulebook) -> None:
    explained = strict.explain()
    assert len(explained) > 80
    for explanation in explained:
        assert explanation.won, explanation.name
        for claim in (*explanation.won, *explanation.others):
            assert claim.clause
            assert claim.note or not claim.house


@pytest.mark.req("K4")
def test_list_packs_names_the_five_regulations_and_the_house() -> None:
    packs = {pack.id: pack.pack for pack in list_packs()}
    assert set(packs) == {*ALL, "HOUSE"}
    assert str(packs["JC"].issued) == "2022-08-03"
    assert packs["LC"].issued is None
    assert "未载明" in packs["LC"].note
