"""Facts of the login's levels: a password opens what a password may open, and no way round leads further."""

import httpx

from connector.certificate.attempts import factors_of, level_of, refreshes, thief
from connector.certificate.fact import demand, fact
from connector.certificate.scratch import KEY, REGISTER_KEY, ScratchRealm, Somebody
from connector.embedded.browser import LoginRefusedError
from connector.embedded.soft_key import SoftKey
from connector.errors import Text

REGISTER_CODE = "CONFIGURE_TOTP"


@fact(
    "step-up.each-client-has-its-level",
    Text("各系统按规定级别登录，令牌写明级别和方式", "Each client gets its level, and the token says which and how"),
    Text(
        "审批和开评标等操作依据令牌中的级别（acr）和方式（amr）放行",
        "Deciding, bid-opening and the like are let through by the level (acr) and the methods (amr) in the token",
    ),
    "GS 10(2)",
)
def each_client_has_its_level(scratch: ScratchRealm) -> str:
    somebody = scratch.new_key_holder()
    for client in scratch.password_clients:
        _, tokens = scratch.log_in(somebody, client)
        demand((tokens.level, tokens.methods) == ("pwd", ("pwd",)), f"{client}: {tokens.level} {tokens.methods}")
    for client in scratch.strong_clients:
        _, tokens = scratch.log_in(somebody, client)
        demand((tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd")), f"{client}: {tokens.level} {tokens.methods}")
    return f"pwd at {', '.join(scratch.password_clients)}; mfa by key at {', '.join(scratch.strong_clients)}"


@fact(
    "step-up.one-login-then-the-factor",
    Text("登录一次，进入高级别系统时只补第二因素", "One login: a client of a higher level asks for the factor only"),
    Text("单点登录不重复询问口令，也不降低级别", "Single sign-on repeats no password, and lowers no level"),
    "GS 10(2)",
)
def one_login_then_the_factor(scratch: ScratchRealm) -> str:
    somebody, strong = scratch.new_key_holder(), scratch.strong_clients
    browser, _ = scratch.log_in(somebody)
    seen = len(browser.pages)
    tokens = browser.log_in(strong[0], somebody.person)
    pages = browser.pages[seen:]
    demand("login" not in pages, f"pages are {', '.join(pages)}")
    demand((tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd")), f"{tokens.level} {tokens.methods}")
    demand(browser.log_in(strong[1]).level == "mfa", "a second strong client is opened at a lower level")
    return f"pages after the password: {', '.join(pages)}; the next client without any"


@fact(
    "step-up.lower-level-is-not-granted",
    Text("请求较低级别也不能绕过第二因素", "Asking for a lower level does not get round the factor"),
    Text(
        "登录地址中的 acr_values 可由任何人改写",
        "Anybody can rewrite acr_values in the address of a login",
    ),
    "GS 10(2)",
)
def lower_level_is_not_granted(scratch: ScratchRealm) -> str:
    somebody = scratch.new_key_holder()
    for level in ("pwd", "1", "0", "none"):
        for client in scratch.strong_clients:
            got = level_of(scratch, scratch.browser(), client, somebody.person, level=level)
            demand(got == "mfa", f"acr_values={level} at {client} gives {got or 'no login'}")
            refused = level_of(scratch, scratch.browser(), client, thief(somebody), level=level)
            demand(not refused, f"acr_values={level} at {client} lets the password alone in at {refused}")
    return f"4 lower values at {len(scratch.strong_clients)} clients: the factor is asked for"


@fact(
    "step-up.password-cookie-opens-no-more",
    Text("仅凭口令的登录状态不能进入高级别系统", "The cookie of a password login opens no client of a higher level"),
    Text(
        "盗得口令的人可先登录低级别系统，再借单点登录进入",
        "Whoever finds a password could log in at a weak client and go on from there",
    ),
    "GS 10(2)",
)
def password_cookie_opens_no_more(scratch: ScratchRealm) -> str:
    somebody = scratch.new_key_holder()
    for client in scratch.strong_clients:
        browser, _ = scratch.log_in(Somebody(somebody.user_id, thief(somebody)))
        got = level_of(scratch, browser, client, thief(somebody)) or level_of(
            scratch, browser, client, None, prompt="none"
        )
        demand(not got, f"{client} opens at {got}")
    return f"refused at {', '.join(scratch.strong_clients)}, also with prompt=none"


@fact(
    "step-up.no-factor-no-entry",
    Text("没有第二因素的人不能进入，也不会在登录时被要求现场绑定", "Without a factor there is no entry, and no offer"),
    Text(
        "若登录流程在口令之后提供绑定，盗得口令者就能绑定自己的密钥",
        "A flow that offers to enrol after the password lets its finder enrol a key of his own",
    ),
    "GS 10(2)",
)
def no_factor_no_entry(scratch: ScratchRealm) -> str:
    for factor in ("key", "otp"):
        somebody = scratch.new_person(factor=factor)
        for client in scratch.strong_clients:
            got = level_of(scratch, scratch.browser(), client, thief(somebody))
            demand(not got, f"{client} opens at {got} for a person of {factor} without any")
        found = factors_of(scratch, somebody)
        demand(not found, f"a factor was enrolled at the login: {', '.join(found)}")
    return "refused for both kinds of account, nothing enrolled"


@fact(
    "step-up.password-enrols-no-key",
    Text("仅凭口令不能新增密钥或动态口令", "A password alone enrols neither key nor code"),
    Text(
        "应用发起的绑定（kc_action）必须先出示已有的第二因素",
        "An enrolment that an application begins (kc_action) asks for the factor there is first",
    ),
    "GS 10(2)",
)
def password_enrols_no_key(scratch: ScratchRealm) -> str:
    for somebody in (scratch.new_key_holder(), scratch.new_person(factor="otp")):
        before = factors_of(scratch, somebody)
        for action in (REGISTER_KEY, REGISTER_CODE):
            for client in (scratch.password_clients[0], scratch.strong_clients[0]):
                level_of(scratch, scratch.browser(), client, thief(somebody), kc_action=action)
        after = factors_of(scratch, somebody)
        demand(after == before, f"credentials were {before}, are {after}")
    return "kc_action for key and code, with and without a factor: nothing enrolled"


@fact(
    "step-up.deleted-key-is-dead",
    Text("删除后的密钥不能再用", "A deleted key opens nothing"),
    Text(
        "密钥遗失后删除凭据并登出，旧密钥必须立即失效",
        "A lost key is deleted and the person logged out; then it is dead",
    ),
    "GS 12",
)
def deleted_key_is_dead(scratch: ScratchRealm) -> str:
    somebody, client = scratch.new_key_holder(), scratch.strong_clients[0]
    browser, tokens = scratch.log_in(somebody, client)
    for credential in scratch.idp.list_credentials(somebody.user_id):
        if credential.key_id == _key(somebody).key_id:
            scratch.idp.delete_credential(somebody.user_id, credential.id)
    scratch.idp.log_out(somebody.user_id)
    demand(KEY not in factors_of(scratch, somebody), "the key is still there")
    demand(not level_of(scratch, scratch.browser(), client, somebody.person), "the deleted key logs in")
    demand(not level_of(scratch, browser, client, somebody.person), "the browser of the earlier login gets in again")
    demand(not refreshes(browser, tokens), "the refresh token from before the deletion works")
    return "login, cookie and refresh refused after deletion and logout"


@fact(
    "step-up.copied-key-is-found",
    Text("复制的密钥会被识别", "A copied key is found out"),
    Text("签名计数倒退说明密钥被复制", "A counter of signatures that goes back tells that there are two keys"),
    "GS 12",
)
def copied_key_is_found(scratch: ScratchRealm) -> str:
    somebody, client = scratch.new_key_holder(), scratch.strong_clients[0]
    copy = SoftKey.from_dict(_key(somebody).to_dict())
    for _ in range(2):
        scratch.log_in(somebody, client)
    person = thief(somebody)
    person.key = copy
    demand(not level_of(scratch, scratch.browser(), client, person), "a key with an older counter logs in")
    return "refused: its counter is behind"


@fact(
    "step-up.codes-only-where-allowed",
    Text("只许用密钥的账号不接受动态口令", "An account bound to keys takes no one-time code"),
    Text(
        "密钥和动态口令并列时，较弱的一种会成为缺口；只有允许的账号类别可用",
        "Side by side the weaker of the two would be the way in; only classes that allow codes take them",
    ),
    "GS 10(2)",
)
def codes_only_where_allowed(scratch: ScratchRealm) -> str:
    client = scratch.strong_clients[0]
    somebody = scratch.new_person(actions=[REGISTER_CODE], factor="otp")
    scratch.log_in(somebody)
    _, tokens = scratch.log_in(somebody, client)
    demand((tokens.level, tokens.methods) == ("mfa", ("otp", "pwd")), f"by code: {tokens.level} {tokens.methods}")
    scratch.idp.update_user(somebody.user_id, attributes={"secondFactor": ["key"]})
    for told in (["key"], []):
        scratch.idp.update_user(somebody.user_id, attributes={"secondFactor": told})
        got = level_of(scratch, scratch.browser(), client, somebody.person)
        demand(not got, f"a code opens {client} at {got} where secondFactor is {told}")
    return "mfa by code where allowed; refused where the account says key, or says nothing"


@fact(
    "step-up.programs-need-both",
    Text("命令行登录同样要求两个因素", "The login of a program (device grant) asks for both factors"),
    Text(
        "Keycloak 的设备授权不检查客户端的最低级别，须由流程保证",
        "Keycloak asks the device grant for no level: the client's own flow must",
    ),
    "GS 10(2)",
)
def programs_need_both(scratch: ScratchRealm) -> str:
    somebody, client = scratch.new_key_holder(), scratch.config.command_line.id
    tokens = scratch.browser().log_in_device(client, somebody.person)
    demand((tokens.level, tokens.methods) == ("mfa", ("hwk", "pwd")), f"{tokens.level} {tokens.methods}")
    browser, _ = scratch.log_in(Somebody(somebody.user_id, thief(somebody)))
    for level in ("", "pwd"):
        try:
            got = browser.log_in_device(client, thief(somebody), level=level)
        except LoginRefusedError:
            continue
        demand(False, f"the password alone logs a program in at {got.level}")
    return "mfa by key; the password alone refused"


@fact(
    "step-up.no-direct-grant",
    Text("程序直接提交口令不能换取令牌", "A password sent by a program gets no token"),
    Text(
        "直接授权不经过登录流程，口令即可换令牌（实测）",
        "The direct grant passes by the login's flow: a password was enough for a token (measured)",
    ),
    "GS 10(2)",
)
def no_direct_grant(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    form = {"grant_type": "password", "username": somebody.person.user_name, "password": somebody.person.password}
    clients = [client["clientId"] for client in scratch.admin.get("/clients", max=-1)]
    with httpx.Client(trust_env=False, timeout=30) as http:
        for client in clients:
            answer = http.post(scratch.endpoint("token"), data={**form, "client_id": client, "scope": "openid"})
            demand(not answer.is_success, f"{client} gives a token")
    return f"refused at all {len(clients)} clients"


@fact(
    "step-up.second-login-ends-the-first",
    Text("规定单一会话的账号，新登录结束旧登录", "Where one session is the rule, the next login ends the one before"),
    Text("同一账号不得多处同时在线", "One account is not in use at two places at once"),
    "JC 17",
)
def second_login_ends_the_first(scratch: ScratchRealm) -> str:
    single, free = scratch.new_person(one_session=True), scratch.new_person()
    for somebody, ends in ((single, True), (free, False)):
        first, tokens = scratch.log_in(somebody)
        scratch.log_in(somebody)
        lives = refreshes(first, tokens)
        demand(lives is not ends, f"the first login {'lives' if lives else 'ended'} where one session is {ends}")
        count = scratch.idp.sessions_of(somebody.user_id).online
        demand(count == (1 if ends else 2), f"{count} sessions where one session is {ends}")
    return "1 session left where it is the rule, 2 where it is not"


def _key(somebody: Somebody) -> SoftKey:
    demand(somebody.person.key is not None, "no key")
    return somebody.person.key or SoftKey.make()


FACTS = (
    each_client_has_its_level,
    one_login_then_the_factor,
    lower_level_is_not_granted,
    password_cookie_opens_no_more,
    no_factor_no_entry,
    password_enrols_no_key,
    deleted_key_is_dead,
    copied_key_is_found,
    codes_only_where_allowed,
    programs_need_both,
    no_direct_grant,
    second_login_ends_the_first,
)
