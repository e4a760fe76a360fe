"""Facts of freezing: what disabling does and does not do, and that the product's own order leaves nothing alive."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from connector.certificate.attempts import opens, refreshes
from connector.certificate.fact import demand, fact
from connector.certificate.scratch import OFFLINE, ScratchRealm, new_password
from connector.embedded.browser import Tokens
from connector.errors import Text

RACES = 50
TOLD_SECONDS = 5.0
MOST_SECONDS = 300  # What is left of access after a freeze: the life of an access token.
_TRIES_AT_ONE_SECOND = 6


@fact(
    "freeze.disabling-refuses-at-once",
    Text("禁用后立即拒绝登录与续期", "A disabled account is refused at once"),
    Text(
        "冻结的第一步是禁用；单独禁用并不结束会话，重新启用后旧会话可能复活，所以还要执行完整的冻结步骤",
        "Disabling is the first step of a freeze. By itself it leaves sessions that may live again on enabling, "
        "which is why the whole order is run",
    ),
    "GS 12",
)
def disabling_refuses_at_once(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    browser, tokens = scratch.log_in(somebody)
    scratch.idp.set_enabled(somebody.user_id, False)
    demand(not refreshes(browser, tokens), "the refresh token of a disabled account works")
    demand(not _reads_userinfo(scratch, tokens), "the access token of a disabled account reads userinfo")
    demand(not opens(lambda: scratch.log_in(somebody)), "a disabled account logs in")
    scratch.idp.set_enabled(somebody.user_id, True)
    revived = "lives again" if refreshes(browser, tokens) else "stays dead"
    return f"refresh, userinfo and login refused; after enabling alone the old login {revived}"


@fact(
    "freeze.order-ends-everything",
    Text("按冻结步骤处理后，重新启用也没有旧登录复活", "After the freeze, no earlier login lives, also when enabled"),
    Text(
        "禁用、登出、结束离线会话、核验之后，所有旧令牌必须永久失效",
        "After disable, log out, end offline sessions and verify, every earlier token must be dead for ever",
    ),
    "GS 12",
)
def order_ends_everything(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    first, second = scratch.password_clients[:2]
    scratch.allow_offline(somebody, first)
    browser, online = scratch.log_in(somebody, first)
    other = browser.log_in(second)
    offline_browser, offline = scratch.log_in(somebody, first, scope=OFFLINE)
    logins = ((browser, online), (browser, other), (offline_browser, offline))
    before = scratch.idp.sessions_of(somebody.user_id)
    demand(before.online > 0 and before.offline > 0, f"the logins left {before} to end")
    scratch.order.take_out(somebody.user_id)
    alive = sum(refreshes(*login) for login in logins)
    demand(not alive, f"{alive} of {len(logins)} logins live while frozen")
    scratch.order.put_back(somebody.user_id)
    alive = sum(refreshes(*login) for login in logins) + sum(_reads_userinfo(scratch, tokens) for _, tokens in logins)
    demand(not alive, f"{alive} earlier tokens live after enabling")
    demand(not opens(lambda: browser.log_in(first)), "the cookie from before the freeze opens a client")
    demand(opens(lambda: scratch.log_in(somebody, first)), "the enabled account does not log in")
    return f"{before.online} online and {before.offline} offline session(s) ended; 0 earlier tokens or cookies live"


@fact(
    "freeze.same-second-dies",
    Text("冻结同一秒内签发的令牌也失效", "A token minted in the second of the freeze dies too"),
    Text(
        "Keycloak 按整秒比较“不早于”，同一秒签发的令牌须由等待后的再次清理结束",
        'Keycloak compares "not before" in whole seconds; the order waits a second out so that none slips through',
    ),
    "GS 12",
)
def same_second_dies(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    client = scratch.password_clients[0]
    scratch.allow_offline(somebody, client)
    hits = 0
    for _ in range(_TRIES_AT_ONE_SECOND):
        browser, online = scratch.log_in(somebody, client)
        other, offline = scratch.log_in(somebody, client, scope=OFFLINE)
        time.sleep(1.0 - time.time() % 1.0)  # The second begins: whatever follows has 900 ms to fall into it.
        fresh = ((browser, browser.refresh(online)), (other, other.refresh(offline)))
        scratch.order.take_out(somebody.user_id)
        not_before = scratch.admin.get(f"/users/{somebody.user_id}")["notBefore"]
        same = all(int(tokens.claims["iat"]) == not_before for _, tokens in fresh)
        scratch.order.put_back(somebody.user_id)
        alive = sum(refreshes(*login) for login in fresh)
        demand(not alive, f"{alive} tokens of the second of the freeze live after enabling")
        hits += same
        if hits == 2:
            return f"{2 * hits} tokens minted in the second of a freeze are dead after enabling"
    return f"{2 * hits} tokens minted in the second of a freeze, of {2 * _TRIES_AT_ONE_SECOND} just before one, dead"


@fact(
    "freeze.subsystems-are-told",
    Text(
        "冻结会通知使用过的各子系统（后台登出）", "Every subsystem in use is told of the freeze (back-channel logout)"
    ),
    Text(
        "子系统保留自己的会话；不通知，被冻结的人仍可继续操作",
        "Subsystems keep sessions of their own; untold, a frozen person would go on working in them",
    ),
    "GS 12",
)
def subsystems_are_told(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    clients = scratch.password_clients
    browser, tokens = scratch.log_in(somebody, clients[0])
    for client in clients[1:]:
        browser.log_in(client)
    began = time.monotonic()
    scratch.order.take_out(somebody.user_id)
    told = scratch.receiver.wait_for(somebody.user_id, len(clients), TOLD_SECONDS)
    seconds = time.monotonic() - began
    demand(bool(told), f"not reachable: no logout came to {scratch.receiver.url} within {TOLD_SECONDS:.0f} s")
    demand(told.keys() == set(clients), f"told {', '.join(sorted(told))} of {', '.join(sorted(clients))}")
    for client, claims in told.items():
        demand(claims.get("aud") in (client, [client]), f"the logout to {client} is for {claims.get('aud')}")
        demand(claims.get("sid") == tokens.claims["sid"], f"the logout to {client} names another session")
        events = claims.get("events") or {}
        demand("http://schemas.openid.net/event/backchannel-logout" in events, f"events are {sorted(events)}")
    return f"{len(told)} of {len(clients)} told within {seconds:.1f} s, each with its session"


@fact(
    "freeze.changes-do-not-enable",
    Text("修改资料和授予权限不会解冻账号", "Changing the profile or granting roles does not unfreeze"),
    Text(
        "Keycloak 没有版本校验：整份写回会覆盖冻结，产品只发送部分字段",
        "Keycloak checks no version: a full representation written back would undo a freeze, so only parts are sent",
    ),
    "GS 12",
)
def changes_do_not_enable(scratch: ScratchRealm) -> str:
    somebody, subsystem = scratch.new_person(), scratch.config.subsystems[0]
    scratch.order.take_out(somebody.user_id)
    changes: dict[str, Callable[[], None]] = {
        "profile": lambda: scratch.idp.update_user(somebody.user_id, display_name="改名", attributes={"keySerial": []}),
        "required actions": lambda: scratch.idp.require_actions(somebody.user_id, ["UPDATE_PASSWORD"]),
        "roles": lambda: scratch.idp.grant_roles(somebody.user_id, subsystem.id, [subsystem.permissions[0].role]),
        "password": lambda: scratch.idp.set_temporary_password(somebody.user_id, new_password()),
    }
    for name, change in changes.items():
        change()
        demand(not scratch.idp.get_user(somebody.user_id).enabled, f"changing {name} enabled the account")
    return f"still disabled after: {', '.join(changes)}"


@fact(
    "freeze.updates-keep-the-rest",
    Text("修改部分资料不会抹掉其余资料", "Changing some attributes keeps name and the others"),
    Text(
        "只写属性会清空姓名和邮箱（实测），产品先读后写",
        "A write of attributes alone wipes name and mail (measured); the product's way must keep them",
    ),
    "JC 8",
)
def updates_keep_the_rest(scratch: ScratchRealm) -> str:
    somebody = scratch.new_person()
    path = f"/users/{somebody.user_id}"
    before = scratch.admin.get(path)
    scratch.idp.update_user(somebody.user_id, attributes={"keySerial": ["0a01", "0b02"]})
    after = scratch.admin.get(path)
    demand(sorted(after["attributes"].pop("keySerial", [])) == ["0a01", "0b02"], "the new attribute is not there")
    demand(after == before, f"changed too: {', '.join(_different(before, after))}")
    scratch.idp.update_user(somebody.user_id, attributes={"keySerial": []})
    demand(scratch.admin.get(path) == before, "an attribute set to nothing is not taken away")
    return f"{len(before)} fields and {len(before['attributes'])} attributes kept"


@fact(
    "freeze.wins-races",
    Text("冻结与资料修改、授权同时发生时，冻结胜出", "A freeze wins against profile and role changes at the same time"),
    Text(
        "Keycloak 按整行写回，同时进行的资料修改可能撤销刚做的禁用（实测）；核验与再次清理必须发现并纠正",
        "Keycloak writes whole rows: a profile change at the same time may undo the disabling (measured). The order's "
        "reading back and its second round must find that and put it right",
    ),
    "GS 12",
)
def wins_races(scratch: ScratchRealm) -> str:
    somebody, subsystem = scratch.new_person(), scratch.config.subsystems[0]
    user_id, roles = somebody.user_id, [subsystem.permissions[0].role]
    undone = late = ended = 0

    def change(number: int) -> None:
        if number % 2:
            scratch.idp.grant_roles(user_id, subsystem.id, roles)
        scratch.idp.update_user(user_id, display_name=f"第{number}次", attributes={"unitCode": [str(number)]})

    with ThreadPoolExecutor(2, thread_name_prefix="race") as racers:
        for number in range(RACES):
            scratch.idp.set_enabled(user_id, True)
            changing, freezing = racers.submit(change, number), racers.submit(scratch.order.take_out, user_id)
            changing.result()
            undone += freezing.result() - 1
            if scratch.idp.get_user(user_id).enabled:
                late += 1
                scratch.order.sweep(user_id)
            ended += not scratch.idp.get_user(user_id).enabled
    demand(ended == RACES, f"{RACES - ended} of {RACES} races ended enabled")
    return f"{ended} of {RACES} races ended disabled; undone and found by reading back {undone}, by the sweep {late}"


@fact(
    "freeze.access-tokens-are-short",
    Text("访问令牌有效期不超过五分钟", "Access tokens live for five minutes at most"),
    Text(
        "已签发的访问令牌在到期前可被子系统本地接受，这就是冻结后的剩余时间",
        "Subsystems may accept an issued access token by itself until it ends: that is what is left after a freeze",
    ),
    "GS 12",
)
def access_tokens_are_short(scratch: ScratchRealm) -> str:
    _, tokens = scratch.log_in(scratch.new_person())
    seconds = int(tokens.claims["exp"]) - int(tokens.claims["iat"])
    demand(seconds <= MOST_SECONDS, f"{seconds} s")
    return f"{seconds} s"


def _reads_userinfo(scratch: ScratchRealm, tokens: Tokens) -> bool:
    bearer = {"Authorization": f"Bearer {tokens.access_token}"}
    return httpx.get(scratch.endpoint("userinfo"), headers=bearer, timeout=30, trust_env=False).is_success


def _different(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


FACTS = (
    disabling_refuses_at_once,
    order_ends_everything,
    same_second_dies,
    subsystems_are_told,
    changes_do_not_enable,
    updates_keep_the_rest,
    wins_races,
    access_tokens_are_short,
)
