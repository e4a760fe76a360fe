"""Packs as files: a sixth one is adopted without code, what wins is explained, a bad one is refused by name (K4)."""

from pathlib import Path

import pytest

from connector.errors import ConnectorError
from connector.regulations.errors import RulePackError, RulesContradictError, UnknownRuleError, UnknownRulePackError
from connector.regulations.loader import load_rulebook
from connector.regulations.vocabulary import AccountClass, Office, RequestKind

pytestmark = pytest.mark.req("K4")

HEAD = """
[pack]
id = "QD"
title = "青岛市账号管理办法"
title_en = "Qingdao: accounts"
issuer = "青岛市"
issuer_en = "Qingdao"
issued = 2026-01-01
"""

SIXTH = (
    HEAD
    + """
[[password]]
name = "min_length"
value = 12
classes = ["system_administrator"]
clause = "QD 5"

[[password]]
name = "max_age_days"
value = 60
clause = "QD 6"

[[password]]
name = "history"
value = 3
clause = "QD 7"

[[level]]
name = "verification"
working_days = 3
clause = "QD 8"

[[level]]
name = "key_return"
working_days = 2
clause = "QD 9"

[[span]]
name = "dormancy_days"
days = 120
clause = "QD 10"

[[span]]
name = "retention_days"
days = 5479
clause = "QD 11"

[[factor]]
methods = ["key"]
classes = ["leader"]
clause = "QD 12"

[[stage]]
kinds = ["cancel"]
office = "key_custodian"
of = "centre"
level = "key_return"
clause = "QD 9"

[[stage]]
kinds = ["grant"]
office = "principal"
of = "centre"
level = "principal_decision"
cause = "temporary"
clause = "QD 13"

[[form]]
kinds = ["grant"]
title = "申请表"
title_en = "Application"
clause = "QD 14"
field = [{ name = "valid_to", label = "使用期限", label_en = "Until", required = true, clause = "QD 14" }]

[[sensitive]]
name = "prices"
title = "报价"
keywords = ["报价明细"]
clause = "QD 15"
"""
)
PACKS = ("LC", "GS", "HH", "GX", "QD")


def write(folder: Path, text: str, name: str = "qd.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_sixth_pack_in_a_folder_changes_what_is_in_force(tmp_path: Path) -> None:
    rulebook = load_rulebook(PACKS, pack_dir=write(tmp_path, SIXTH))
    assert rulebook.packs == PACKS
    assert rulebook.password(AccountClass.SYSTEM_ADMINISTRATOR).min_length == 12
    assert rulebook.password(AccountClass.ORDINARY).min_length == 8
    assert rulebook.password(AccountClass.ORDINARY).clauses["max_age_days"] == "QD 6"
    assert rulebook.service_level("verification").clause == "QD 8"
    assert rulebook.retention().days == 5479
    assert rulebook.factors(AccountClass.LEADER) == ("key",)
    without_gs = load_rulebook(("LC", "QD"), pack_dir=tmp_path)
    assert without_gs.factors(AccountClass.LEADER) == ("key",)
    assert without_gs.factors(AccountClass.ORDINARY) == ("otp", "key")
    assert rulebook.is_sensitive("评标", "报价明细")
    assert rulebook.form(RequestKind.GRANT).fields[-1].label == "使用期限"
    assert [s.office for s in rulebook.stages(RequestKind.CANCEL)][-2:] == [Office.KEY_CUSTODIAN, Office.OPERATOR]
    assert Office.PRINCIPAL in {s.office for s in rulebook.stages(RequestKind.GRANT, cause="temporary")}
    assert Office.PRINCIPAL not in {s.office for s in rulebook.stages(RequestKind.GRANT)}


def test_value_of_a_regulation_goes_before_a_house_value_even_if_it_is_milder(tmp_path: Path) -> None:
    rulebook = load_rulebook(PACKS, pack_dir=write(tmp_path, SIXTH))
    assert rulebook.dormancy().days == 120  # the house's 90 in LC 7(2) has no number of the article's own
    assert rulebook.password(AccountClass.ORDINARY).history == 3


def test_pack_in_the_folder_that_is_not_named_is_not_in_force(tmp_path: Path) -> None:
    rulebook = load_rulebook(PACKS[:-1], pack_dir=write(tmp_path, SIXTH))
    assert rulebook.password(AccountClass.ORDINARY).max_age_days == 180


def test_explain_names_the_winner_and_what_the_others_say() -> None:
    rulebook = load_rulebook(("LC", "JC", "GS", "HH", "GX"))
    (length,) = rulebook.explain("password.min_length.ordinary")
    assert (length.value, [c.clause for c in length.won]) == (8, ["LC 6(3)"])
    assert {(c.clause, c.value) for c in length.others} == {("JC 24", 6), ("GS 10(3)", 7), ("HOUSE 2", 8)}
    assert {e.name for e in rulebook.explain("password.min_length")} == {
        f"password.min_length.{c}" for c in AccountClass
    }
    grant = next(e for e in rulebook.explain("stage.grant.sensitive") if e.name == "stage.grant.sensitive")
    assert ("leader_in_charge", "LC 6(1)") in {(c.value, c.clause) for c in grant.won}


def test_explain_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownRuleError):
        load_rulebook(("LC",)).explain("password.colour")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[pack\n", "-"),
        ("", "pack"),
        (HEAD.replace('issuer = "青岛市"\n', ""), "pack.issuer"),
        (HEAD + '[[level]]\nname = "reset"\nworking_day = 1\nclause = "QD 1"\n', "level.0.working_days"),
        (HEAD + '[[level]]\nname = "reset"\nworking_days = -1\nclause = "QD 1"\n', "level.0.working_days"),
        (HEAD + '[[level]]\nname = "reset"\nworking_days = 1\n', "level.0.clause"),
        (HEAD + '[[level]]\nname = "reset"\nworking_days = 1\nclause = "LC 7"\n', "level.0"),
        (HEAD + '[[level]]\nname = "reset"\nworking_days = 1\nclause = "QD 1"\nhouse = true\n', "level.0"),
        (HEAD + '[[level]]\nname = "reset"\nworking_days = 1\nclause = "QD 1"\ncolour = 1\n', "level.0.colour"),
        (HEAD + '[[password]]\nname = "min_length"\nvalue = true\nclause = "QD 1"\n', "password.0"),
        (HEAD + '[[password]]\nname = "letters"\nvalue = 1\nclause = "QD 1"\n', "password.0"),
        (
            HEAD + '[[password]]\nname = "min_length"\nvalue = 8\nclasses = ["king"]\nclause = "QD 1"\n',
            "password.0.classes.0",
        ),
        (HEAD + '[user_name]\npattern = "{unit}{name}"\nserial_digits = 4\nclause = "QD 1"\n', "user_name.pattern"),
        (HEAD + '[user_name]\npattern = "{unit"\nserial_digits = 4\nclause = "QD 1"\n', "user_name.pattern"),
        (HEAD + '[[sensitive]]\nname = "x"\ntitle = "x"\nkeywords = [" "]\nclause = "QD 1"\n', "sensitive.0.keywords"),
        (
            HEAD + '[[stage]]\nkinds = ["grant"]\noffice = "operator"\nof = "moon"\nlevel = "reset"\nclause = "QD 1"\n',
            "stage.0.of",
        ),
        (
            HEAD
            + '[[stage]]\nkinds = ["grant"]\noffice = "operator"\nof = "centre"\nlevel = "soon"\nclause = "QD 1"\n',
            "stage.grant",
        ),
        (
            HEAD
            + '[[stage]]\nkinds = ["grant"]\noffice = "auditor"\nof = "centre"\nlevel = "reset"\nclause = "QD 1"\n',
            "stage.grant",
        ),
    ],
)
def test_pack_with_a_fault_is_refused_with_file_key_and_remedy(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(RulePackError) as refused:
        load_rulebook(PACKS, pack_dir=write(tmp_path, text))
    problem = refused.value.problem()
    assert problem["facts"]["file"] == "qd.toml"
    assert problem["facts"]["key"] == key
    assert problem["remedy"]
    assert problem["en"]["remedy"]


TWICE = """
[[{table}]]
name = "{name}"
{key} = {first}
clause = "QD 1"

[[{table}]]
name = "{name}"
{key} = {second}
clause = "QD 2"
"""


@pytest.mark.parametrize(
    ("table", "name", "key", "first", "second"),
    [
        ("level", "reset", "working_days", 1, 2),
        ("level", "reset", "working_days", 1, 1),
        ("password", "min_length", "value", 8, 10),
        ("span", "dormancy_days", "days", 30, 60),
    ],
)
def test_pack_that_contradicts_itself_is_refused(
    tmp_path: Path, table: str, name: str, key: str, first: int, second: int
) -> None:
    text = HEAD + TWICE.format(table=table, name=name, key=key, first=first, second=second)
    with pytest.raises(RulePackError) as refused:
        load_rulebook(PACKS, pack_dir=write(tmp_path, text))
    assert name in refused.value.problem()["facts"]["key"]


def test_pack_whose_least_length_is_above_its_greatest_is_refused(tmp_path: Path) -> None:
    text = HEAD + "".join(
        f'[[password]]\nname = "{name}"\nvalue = {value}\nclause = "QD 1"\n'
        for name, value in (("max_length", 10), ("min_length", 12))
    )
    with pytest.raises(RulePackError, match="12 is above max_length 10"):
        load_rulebook(PACKS, pack_dir=write(tmp_path, text))


def test_packs_that_cannot_both_be_obeyed_are_refused_with_both_clauses(tmp_path: Path) -> None:
    text = HEAD + '[[password]]\nname = "max_length"\nvalue = 7\nclause = "QD 1"\n'
    with pytest.raises(RulesContradictError) as refused:
        load_rulebook(PACKS, pack_dir=write(tmp_path, text))
    said = refused.value.problem()["title"]
    assert "LC 6(3): 8" in said
    assert "QD 1: 7" in said


def test_packs_with_two_coding_rules_for_user_names_are_refused(tmp_path: Path) -> None:
    rule = '[user_name]\npattern = "{pattern}"\nserial_digits = 4\nclause = "{id} 1"\n'
    write(tmp_path, HEAD + rule.replace("{pattern}", "{unit}{serial}").replace("{id}", "QD"))
    other = HEAD.replace('"QD"', '"YT"') + rule.replace("{pattern}", "{unit}.{serial}").replace("{id}", "YT")
    write(tmp_path, other, "yt.toml")
    assert load_rulebook(PACKS, pack_dir=tmp_path).user_name().clause == "QD 1"  # over the house value in GS 10(1)
    with pytest.raises(RulesContradictError):
        load_rulebook((*PACKS, "YT"), pack_dir=tmp_path)


def test_packs_that_place_an_office_differently_are_refused(tmp_path: Path) -> None:
    stage = '[[stage]]\nkinds = ["grant"]\noffice = "verifier"\nof = "unit"\nlevel = "verification"\nclause = "QD 1"\n'
    with pytest.raises(RulesContradictError):
        load_rulebook(PACKS, pack_dir=write(tmp_path, HEAD + stage))


@pytest.mark.parametrize("names", [(), ("LC", "XX"), ("lc",), ("HOUSE",)])
def test_unknown_pack_or_none_at_all_is_refused_and_the_known_are_named(names: tuple[str, ...]) -> None:
    with pytest.raises(UnknownRulePackError) as refused:
        load_rulebook(names)
    assert "LC" in refused.value.problem()["remedy"]


def test_pack_with_the_id_of_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulePackError, match="id of another pack"):
        load_rulebook(("LC",), pack_dir=write(tmp_path, HEAD.replace('"QD"', '"LC"')))


def test_folder_of_packs_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulePackError):
        load_rulebook(("LC",), pack_dir=tmp_path / "none")


def test_pack_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "qd.toml").write_bytes(HEAD.encode("gb18030"))
    with pytest.raises(ConnectorError):
        load_rulebook(("LC",), pack_dir=tmp_path)
