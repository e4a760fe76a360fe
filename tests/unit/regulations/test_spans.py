"""Spans of days by class of account, and words of test accounts: a centre's own pack states them, explained (K4)."""

from datetime import timedelta
from pathlib import Path

import pytest

from connector.regulations.errors import RulePackError
from connector.regulations.loader import PackRulebook, load_rulebook
from connector.regulations.vocabulary import AccountClass

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
BY_CLASS = """
[[span]]
name = "dormancy_days"
days = 30
classes = ["super_administrator", "system_administrator"]
clause = "QD 5"

[[span]]
name = "dormancy_days"
days = 180
classes = ["ordinary"]
clause = "QD 6"
"""
PACKS = ("LC", "JC", "QD")


def load(folder: Path, text: str) -> PackRulebook:
    (folder / "qd.toml").write_text(HEAD + text, encoding="utf-8")
    return load_rulebook(PACKS, pack_dir=folder)


@pytest.mark.req("F1")
def test_dormancy_by_class_takes_the_pack_that_numbers_it_and_the_house_for_the_others(tmp_path: Path) -> None:
    rules = load(tmp_path, BY_CLASS)
    assert {each: rules.dormancy(each).days for each in AccountClass} == {
        **dict.fromkeys(AccountClass, 90),
        AccountClass.SUPER_ADMINISTRATOR: 30,
        AccountClass.SYSTEM_ADMINISTRATOR: 30,
        AccountClass.ORDINARY: 180,  # What a regulation numbers goes before a house value, however strict.
    }
    assert rules.dormancy() == timedelta(days=30), "of no class: the shortest"


def test_dormancy_of_two_packs_for_one_class_is_the_shorter(tmp_path: Path) -> None:
    (tmp_path / "yt.toml").write_text(
        HEAD.replace('"QD"', '"YT"') + BY_CLASS.replace("QD", "YT").replace("= 180", "= 60"), encoding="utf-8"
    )
    (tmp_path / "qd.toml").write_text(HEAD + BY_CLASS, encoding="utf-8")
    both = load_rulebook((*PACKS, "YT"), pack_dir=tmp_path)
    assert both.dormancy(AccountClass.ORDINARY).days == 60
    [explained] = both.explain("span.dormancy_days.ordinary")
    assert [claim.clause for claim in explained.won] == ["YT 6"]
    assert {claim.clause for claim in explained.others} >= {"QD 6", "LC 7(2)"}


def test_explain_dormancy_tells_each_class_with_its_clause(tmp_path: Path) -> None:
    explained = {each.name: each for each in load(tmp_path, BY_CLASS).explain("span.dormancy_days")}
    assert len(explained) == len(AccountClass)
    assert explained["span.dormancy_days.super_administrator"].won[0].clause == "QD 5"
    assert explained["span.dormancy_days.leader"].won[0].clause == "LC 7(2)"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (BY_CLASS + BY_CLASS, "span.dormancy_days.super_administrator"),
        ('[[span]]\nname = "retention_days"\ndays = 9\nclasses = ["ordinary"]\nclause = "QD 1"\n', "span.0"),
        ('[[words]]\nname = "test_account"\nwords = ["t"]\nclause = "QD 1"\n', "words.0.words"),
        ('[[words]]\nname = "test_account"\nwords = ["dev"]\nclause = "LC 1"\n', "words.0"),
    ],
)
def test_pack_with_a_wrong_span_or_word_is_refused_by_its_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(RulePackError) as refused:
        load(tmp_path, text)
    assert refused.value.problem()["facts"]["key"] == key


@pytest.mark.req("F4")
def test_test_words_of_all_packs_count_together_and_are_explained(tmp_path: Path) -> None:
    rules = load(tmp_path, '[[words]]\nname = "test_account"\nwords = ["开发", "test"]\nclause = "QD 7"\n')
    assert set(rules.test_words()) >= {"开发", "test", "测试", "demo"}
    assert len(rules.test_words()) == len(set(rules.test_words()))
    assert [each.won[0].clause for each in rules.explain("words")] == ["QD 7", "HOUSE 3"]


@pytest.mark.req("F4")
def test_directory_key_is_asked_for_only_where_a_pack_says_so(tmp_path: Path) -> None:
    assert load_rulebook(("LC", "JC", "GS", "HH", "GX")).directory_key() is None
    asked = load(tmp_path, '[[span]]\nname = "directory_key_days"\ndays = 10\nclause = "QD 8"\n')
    assert asked.directory_key() == timedelta(days=10)
