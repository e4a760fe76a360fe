"""Keycloak's own pages speak the product's Chinese, and tell the rules of passwords before the mistake (D2, D4)."""

import html
import re
from collections.abc import Iterator, Mapping

import httpx
import pytest

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person
from tests.servers.realm import RealmUnderTest, realm

__all__ = ["realm"]
FORBIDDEN = re.compile("您|你|账户|帐|登陆|无效|非法|抱歉|其它|用户名|令牌|(?<!（)密码(?!）)")
RULES = "至少8位，须有字母、数字、符号，不含账号和常见弱口令，不与最近5次的相同"


class ReadingBrowser(FormBrowser):
    """Keeps what the pages say, in order: the text a person sees, without scripts and the choice of languages."""

    def __init__(self, realm: RealmUnderTest, language: str = "zh-CN") -> None:
        super().__init__(realm.server.url, realm.name, realm.redirect_uris)
        self._http.headers["Accept-Language"] = language
        self.read: list[str] = []

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        answer = super()._send(method, url, form)
        if "text/html" in answer.headers.get("content-type", "") and answer.text:
            self.read.append(visible(answer.text))
        return answer


def visible(page: str) -> str:
    bare = re.sub(r"(?s)<(script|style|select|template)\b.*?</\1>|<[^>]+>", " ", page)
    return re.sub(r"\s+", " ", html.unescape(bare))


@pytest.fixture
def reader(realm: RealmUnderTest) -> Iterator[ReadingBrowser]:
    with ReadingBrowser(realm) as browser:
        yield browser


@pytest.mark.req("D2", "D4")
def test_first_login_tells_the_password_rules_before_typing(realm: RealmUnderTest, reader: ReadingBrowser) -> None:
    _, person = realm.new_person(actions=("UPDATE_PASSWORD", "webauthn-register"))
    reader.log_in("website", person)
    assert reader.pages == ["login", "update-password", "webauthn-register"]
    login, password, key = reader.read
    assert "登录统一账号" in login
    assert "账号" in login
    assert "口令（密码）" in login
    assert f"新口令（{RULES}）" in password
    assert "口令每90天须修改一次" in password
    assert "登记硬件密钥" in key


@pytest.mark.req("D2")
def test_change_the_password_by_oneself_tells_the_rules_too(realm: RealmUnderTest, reader: ReadingBrowser) -> None:
    _, person = realm.ready_person()
    person.new_password = "Danach?4711xy"
    reader.log_in("website", person, kc_action="UPDATE_PASSWORD")
    assert f"新口令（{RULES}）" in reader.read[-1]


@pytest.mark.req("D2")
@pytest.mark.parametrize(
    ("poor", "told"),
    [
        ("Zb7#tt", "口令太短：至少8位。"),
        ("zbttkwzz#q", "口令须包含数字，至少1个。"),
        ("zbttkwzzq2", "口令须包含符号，至少1个"),
        ("82739402#1", "口令须包含字母，且不能包含常见的弱口令"),
        ("P@ssw0rd2026", "口令须包含字母，且不能包含常见的弱口令"),
        ("{name}#Z9x", "口令不能包含账号。"),
        ("{first}", "不能与最近5次用过的口令相同。"),
    ],
)
def test_choose_a_poor_password_tells_what_is_wrong_in_plain_words(
    realm: RealmUnderTest, reader: ReadingBrowser, poor: str, told: str
) -> None:
    _, person = realm.new_person(actions=("UPDATE_PASSWORD",))
    person.new_password = poor.format(name=person.user_name, first=person.password)
    with pytest.raises(LoginRefusedError):
        reader.log_in("website", person)
    assert told in reader.read[-1]
    assert f"新口令（{RULES}）" in reader.read[-1]  # Still there, for the next try.


def test_wrong_passwords_and_missing_factors_are_told_alike(realm: RealmUnderTest) -> None:
    """Nobody learns from the words whether an account exists, is locked, or has a factor."""
    _, person = realm.new_person()
    with realm.browser() as browser:
        browser.log_in("website", person)
    told = set()
    for client_id, who in (
        ("website", Person("nobody-here", "Wrong#password1x")),
        ("centre", person),
        *[("website", Person(person.user_name, "Wrong#password1x"))] * 5,
        ("website", person),  # Locked by now.
    ):
        with realm.browser() as browser, pytest.raises(LoginRefusedError) as refused:
            browser.log_in(client_id, who)
        told.add(refused.value.facts["reason"])
    assert told == {"账号或口令不正确，或缺少此系统要求的验证方式。连续5次不正确，账号将锁定15分钟。"}


def test_every_page_of_the_logins_keeps_to_the_wording(realm: RealmUnderTest) -> None:
    read: list[str] = []
    for factor, enrol in (("key", "webauthn-register"), ("otp", "CONFIGURE_TOTP")):
        _, person = realm.new_person(actions=("UPDATE_PASSWORD", enrol), second_factor=factor)
        with ReadingBrowser(realm) as browser:
            browser.log_in("website", person)
            browser.log_in_device("connector-cli", person)
            read += browser.read
        with ReadingBrowser(realm) as browser:
            browser.log_in("centre", person)
            read += browser.read
        with ReadingBrowser(realm) as browser:
            with pytest.raises(LoginRefusedError):
                browser.log_in("centre", Person(person.user_name, person.password))
            read += browser.read
    with ReadingBrowser(realm) as browser:
        for path in ("auth", "auth?client_id=x", "logout"):
            with pytest.raises(LoginRefusedError):
                browser.go(f"{realm.server.url}/realms/{realm.name}/protocol/openid-connect/{path}", "https://x.test")
        read += browser.read
    assert len(read) > 15
    assert [(found.group(), page) for page in read if (found := FORBIDDEN.search(page))] == []


def test_pages_in_english_tell_the_rules_in_english(realm: RealmUnderTest) -> None:
    _, person = realm.new_person(actions=("UPDATE_PASSWORD",))
    with ReadingBrowser(realm, "en") as browser:
        browser.log_in("website", person)
        assert "New password (at least 8 characters, with a letter, a digit, a symbol" in browser.read[1]
