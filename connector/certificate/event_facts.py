"""Facts of events: what the mirror of last use, the provenance gate and the record read from Keycloak."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx

from connector.activity import cursor
from connector.certificate.attempts import opens
from connector.certificate.fact import demand, fact
from connector.certificate.scratch import KEY, ScratchRealm, Somebody
from connector.embedded.browser import Person
from connector.errors import Text
from connector.ports import IdpEvent

KEY_DETAIL = "public_key_credential_id"
MILLISECOND = timedelta(milliseconds=1)
BURST = 120  # Events at once, from several connections: some of them fall into one millisecond.
_CONNECTIONS = 12
_PAGE = 20  # More than fall into one millisecond, far less than the burst.


@fact(
    "event.logins-are-recorded-in-order",
    Text(
        "登录、续期、失败均有编号和毫秒时间，按顺序给出", "Logins, refreshes and failures have ids and times, in order"
    ),
    Text(
        "僵尸用户、异常登录的判断都依据这些事件",
        "Dormant accounts and suspicious logins are found from these events alone",
    ),
    "LC 7(2)",
)
def logins_are_recorded_in_order(scratch: ScratchRealm) -> str:
    somebody, since = scratch.new_person(), scratch.now()
    browser, tokens = scratch.log_in(somebody)
    browser.refresh(tokens)
    _fail_to_log_in(scratch, somebody)
    events = [event for event in _events(scratch, "login", since) if event.user_id == somebody.user_id]
    types = [event.type for event in events]
    wanted = ["LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN", "LOGIN_ERROR"]
    demand([type_ for type_ in types if type_ in wanted] == wanted, f"events are {', '.join(types)}")
    demand(len({event.event_id for event in events}) == len(events), "two events have one id")
    demand(any(event.at.microsecond for event in events), "times are whole seconds")
    demand(all(event.client_id and event.ip for event in events), "an event names no client or no address")
    return f"{', '.join(types)}; ids and milliseconds"


@fact(
    "event.date-from-is-exact",
    Text("按毫秒起点读取事件，不多不少", "Events are read from a millisecond on, no more and no less"),
    Text(
        "读取位置按时间推进；起点若被取整，会漏读或反复读取全部事件",
        "The reader goes on by time; a rounded start would lose events, or read all of them again",
    ),
    "GX 10",
)
def date_from_is_exact(scratch: ScratchRealm) -> str:
    somebody, since = scratch.new_person(), scratch.now()
    scratch.log_in(somebody)
    for kind in ("login", "admin"):
        event = max(_events(scratch, kind, since - timedelta(seconds=10)), key=lambda event: event.at)
        at, after = (
            {found.event_id for found in scratch.idp.list_events(kind, start, 0, cursor.PAGE)}
            for start in (event.at, event.at + MILLISECOND)
        )
        demand(event.event_id in at, f"the {kind} event of {event.at.time()} is not read from its own time on")
        demand(event.event_id not in after, f"the {kind} event of {event.at.time()} is read from a later time on")
    return "read at its own millisecond, not at the next (login and admin events)"


@fact(
    "event.burst-is-read-whole",
    Text("同一毫秒内的多个事件不会漏读", "Of many events in one millisecond none is lost by the reader"),
    Text(
        "同一毫秒的事件没有固定次序，按偏移翻页会漏读；产品按时间翻页",
        "Events of one millisecond have no order of their own: pages by offset lose some, the product's pages do not",
    ),
    "GX 10",
)
def burst_is_read_whole(scratch: ScratchRealm) -> str:
    since = scratch.now()
    form = {"client_id": scratch.password_clients[0], "grant_type": "refresh_token", "refresh_token": "none"}
    with httpx.Client(trust_env=False, timeout=30) as http, ThreadPoolExecutor(_CONNECTIONS) as senders:
        list(senders.map(lambda _: http.post(scratch.endpoint("token"), data=form), range(BURST)))
    whole = _burst(scratch.idp.list_events("login", since, 0, 10 * BURST))
    demand(len(whole) >= BURST, f"{len(whole)} of {BURST} failures were recorded")
    pages = cursor.read_pages(scratch.idp, "login", since, _PAGE)
    read = _burst([event for page in pages for event in page])
    demand(read.keys() == whole.keys(), f"{len(whole.keys() - read.keys())} of {len(whole)} events were lost")
    together = len(whole) - len(set(whole.values()))
    return f"{len(read)} events by pages of {_PAGE}, {together} of them in a millisecond with another"


@fact(
    "event.changes-name-their-author",
    Text("管理操作记录对象、内容和操作者", "Administrative events name the object, what was sent, and who sent it"),
    Text(
        "没有审批依据的改动要能被发现，并能区分是否由本产品所为",
        "A change that no approved request explains must be found, and told from the product's own",
    ),
    "GX 10",
)
def changes_name_their_author(scratch: ScratchRealm) -> str:
    since = scratch.now()
    user_id = scratch.new_person().user_id
    scratch.idp.set_enabled(user_id, False)
    scratch.admin.put(f"/users/{user_id}", {"enabled": True})
    events = [event for event in _events(scratch, "admin", since) if event.user_id == user_id]
    updates = [event for event in events if event.type == "UPDATE:USER"]
    demand(len(updates) == 2, f"events are {', '.join(event.type for event in events)}")
    ours, theirs = updates
    demand(ours.resource_path == f"users/{user_id}", f"the path is {ours.resource_path}")
    demand(ours.details["by_us"] and not theirs.details["by_us"], "our own change is not told from another's")
    demand(all(event.details["by_user_id"] and event.ip for event in updates), "an author or an address is missing")
    for event, enabled in ((ours, False), (theirs, True)):
        sent = event.details.get("representation") or {}
        demand(sent.get("enabled") is enabled, f"what was sent is not told: {sent}")
    return "path, representation, author, address; our change told from an administrator's"


@fact(
    "event.lockout-is-told",
    Text("口令连续错误会锁定账号并留下事件", "Wrong passwords lock the account and leave events"),
    Text(
        "暴力破解须被阻止，并触发告警",
        "Guessing is stopped, and raises an alarm",
    ),
    "LC 6(3)",
)
def lockout_is_told(scratch: ScratchRealm) -> str:
    somebody, since = scratch.new_person(), scratch.now()
    most = int(scratch.config.realm["failureFactor"])
    for _ in range(most):
        _fail_to_log_in(scratch, somebody)
    demand(not opens(lambda: scratch.log_in(somebody)), f"logged in after {most} wrong passwords")
    errors = [event for event in _events(scratch, "login", since) if event.user_id == somebody.user_id]
    told = sorted({event.type for event in errors} | {f"error {event.error}" for event in errors if event.error})
    demand(any("user_temporarily_disabled" in word for word in told), f"events are {', '.join(told)}")
    return f"locked after {most}: {', '.join(told)}"


@fact(
    "event.keys-are-named",
    Text("登记和使用密钥的事件写明密钥编号", "Events name the key that was registered or used"),
    Text(
        "据此可证明每次登录所用密钥的序列号，并发现清单之外的密钥",
        "The serial used at each login is proved from them, and a key that no inventory knows is found",
    ),
    "GS 12",
)
def keys_are_named(scratch: ScratchRealm) -> str:
    since = scratch.now()
    somebody = scratch.new_key_holder()
    scratch.log_in(somebody, scratch.strong_clients[0])
    key_id = somebody.person.key.key_id if somebody.person.key else ""
    listed = [found.key_id for found in scratch.idp.list_credentials(somebody.user_id) if found.type == KEY]
    demand(listed == [key_id], f"the credentials name {listed}")
    events = [event for event in _events(scratch, "login", since) if event.user_id == somebody.user_id]
    naming = {event.type for event in events if event.details.get(KEY_DETAIL) == key_id}
    demand({"UPDATE_CREDENTIAL", "LOGIN"} <= naming, f"of {[event.type for event in events]} only {sorted(naming)} do")
    strong = [event for event in events if event.type == "LOGIN" and event.client_id == scratch.strong_clients[0]]
    demand(all(KEY_DETAIL in event.details for event in strong), "the login by key does not name it")
    return f"{', '.join(sorted(naming))} name the credential id"


def _fail_to_log_in(scratch: ScratchRealm, somebody: Somebody) -> None:
    stranger = Somebody(somebody.user_id, Person(somebody.person.user_name, "Wrong#password1x"))
    demand(not opens(lambda: scratch.log_in(stranger)), "a wrong password logs in")


def _events(scratch: ScratchRealm, kind: str, since: datetime) -> list[IdpEvent]:
    """Every event since then, as the product reads them, each once."""
    found = {event.event_id: event for page in cursor.read_pages(scratch.idp, kind, since) for event in page}
    return list(found.values())


def _burst(events: list[IdpEvent]) -> dict[str, datetime]:
    return {event.event_id: event.at for event in events if event.type == "REFRESH_TOKEN_ERROR"}


FACTS = (
    logins_are_recorded_in_order,
    date_from_is_exact,
    burst_is_read_whole,
    changes_name_their_author,
    lockout_is_told,
    keys_are_named,
)
