"""Steps are timed and shown one by one; one that does not hold says why, and the rest goes on."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.embedded.demo.expect import EarlierStepError, StepNotHeldError, expect, pick, wait_for
from connector.embedded.demo.officers import make_password, newest_link
from connector.embedded.demo.play import play_steps
from connector.embedded.demo.programme import PROGRAMME
from connector.embedded.demo.scene import Scene, Step, StepResult
from connector.errors import Text

SCENE: Any = None


def hold(_: Scene) -> dict[str, Any]:
    return {"seen": 1}


def break_with(error: Exception) -> Step:
    def act(_: Scene) -> dict[str, Any]:
        raise error

    return Step(Text("坏", "breaks"), "JC 7", act)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (StepNotHeldError(saw="x"), "step-not-held: 未如预期：x"),
        (EarlierStepError(missing="y"), "earlier-step: 前面的步骤未完成：y"),
        (httpx.ConnectError("no way"), "ConnectError: no way"),
        (KeyError("z"), "KeyError: 'z'"),
    ],
)
def test_play_steps_with_one_that_breaks_says_why_and_goes_on(error: Exception, why: str) -> None:
    begun: list[Step] = []
    shown: list[StepResult] = []
    good = Step(Text("好", "good"), "LC 1", hold)
    results = play_steps([good, break_with(error), good], SCENE, begin=begun.append, show=shown.append)
    assert [result.ok for result in results] == [True, False, True]
    assert results[1].evidence == {"why": why}
    assert shown == results
    assert [step.title for step in begun] == [result.name for result in results]
    assert results[0].as_json() == {
        "name": "好 / good", "clause": "LC 1", "ok": True, "seconds": results[0].seconds, "evidence": {"seen": 1},
    }  # fmt: skip


def test_read_programme_names_each_step_once_with_a_clause() -> None:
    assert len({step.name for step in PROGRAMME}) == len(PROGRAMME)
    assert [step.name.en for step in PROGRAMME if not step.clause] == []


def test_pick_item_that_is_not_there_ends_the_step() -> None:
    items = [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    assert pick(items, "item", a=1, b=2) is items[1]
    with pytest.raises(StepNotHeldError):
        pick(items, "item", a=2)


def test_wait_for_what_never_comes_ends_the_step() -> None:
    with pytest.raises(StepNotHeldError, match="nothing"):
        wait_for(lambda: None, 0, "nothing")
    assert wait_for(lambda: 3, 0, "three") == 3


def test_expect_what_holds_goes_on() -> None:
    expect(True, "fine")
    with pytest.raises(StepNotHeldError, match="not so"):
        expect([], "not so")


def test_read_mails_finds_the_link_of_the_one_addressed(tmp_path: Path) -> None:
    for name, to, text in (
        ("1", "a@example.cn", "open http://localhost:1/welcome/one now"),
        ("2", "b@example.cn", "open http://localhost:1/welcome/two now"),
        ("3", "a@example.cn", "nothing to open"),
    ):
        message = EmailMessage()
        message["To"] = to
        message.set_content(text, cte="base64")
        (tmp_path / f"{name}.eml").write_bytes(message.as_bytes())
    assert newest_link(tmp_path, "a@example.cn") == "http://localhost:1/welcome/one"
    assert newest_link(tmp_path, "c@example.cn") == ""


def test_make_passwords_are_mixed_and_different() -> None:
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) >= 16 and not password.isalnum() for password in made)
