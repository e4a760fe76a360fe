"""硬件密钥: the inventory, one key with its history, and the custodian's acts, each with a page that names its effect.

Every rule stands in the keys room; this page reads it out and passes on what was typed.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError, Text
from connector.keys import service as keys
from connector.keys.errors import WitnessError
from connector.keys.rules import MOVES, STATE_NAMES, KeyState, check_may_move
from connector.keys.schemas import event_views, finding_views, key_view, key_views
from connector.pages import entries
from connector.pages.access import FormDep, PageActDep, VisitorDep
from connector.pages.frame import render, see_other
from connector.pages.key_acts import ACTS, LABELS, REQUIRED, KeyAct, empty_box, get_act
from connector.pages.language import language_of, mark, translator
from connector.pages.visitor import Visitor
from connector.pages.wording import Words
from connector.register import accounts, people
from connector.register.offices import check_holds
from connector.register.readers import KEYS

router = APIRouter(prefix="/pages/keys", tags=["pages"], include_in_schema=False)

ON_A_PAGE = 50
LAST_USES = 10
STATE_TAGS: Mapping[str, str] = {"issued": "info", "bound": "ok", "lost": "bad", "damaged": "bad"}
FINDINGS: Mapping[str, Text] = {
    "unknown": Text("密钥不在台账中", "A key that is not in the inventory"),
    "foreign": Text("他人的密钥", "Another's key"),
    "missing": Text("已绑定的密钥在身份服务中不存在", "A bound key is gone from the identity service"),
}
DONE_BY: Mapping[str, Callable[..., Any]] = {
    "return": keys.return_key,
    "restock": keys.restock_key,
    "lost": keys.report_lost,
    "damaged": keys.report_damaged,
    "destroy": keys.destroy_key,
}
NO_ACCOUNT = FieldProblem("account", "没有此账号", "There is no such account")
NO_WITNESS = FieldProblem(
    "witness", "请填写另一名在用账号的使用人作见证", "name a second person with an account in use", "GS 16"
)


class Holder(NamedTuple):
    """Who holds a key, or lost it."""

    name: str
    user_name: str


@router.get("")
def list_inventory(
    request: Request, act: PageActDep, status: str = "", batch: str = "", q: str = "", page: int = 1
) -> HTMLResponse:
    """The inventory by serial number, with filters; what the reconciliation found stands first."""
    _check_reader(act)
    page = min(max(page, 1), 10_000)
    found = keys.list_keys(
        act, status=KeyState(status) if status in set(KeyState) else None, batch=batch or None, text=q.strip() or None,
        first=(page - 1) * ON_A_PAGE, count=ON_A_PAGE,
    )  # fmt: skip
    pages = max(1, -(-found.total // ON_A_PAGE))
    return render(
        request, "keys.html", title=_t(request, mark("硬件密钥")), total=found.total, page=page, pages=pages,
        rows=[(row, _holder(act, row.account)) for row in key_views(act, found.rows)], tags=STATE_TAGS,
        states=STATE_NAMES, state=status, batch=batch, q=q.strip(), batches=keys.list_batches(act),
        findings=finding_views(act, keys.list_findings(act, open_only=True)), finding_names=FINDINGS,
    )  # fmt: skip


@router.get("/{serial}")
def read(request: Request, act: PageActDep, visitor: VisitorDep, serial: str) -> HTMLResponse:
    """One key: what it is, who has it, every state it was in, its last logins, and what can be done."""
    _check_reader(act)
    key = key_view(act, keys.get_key(act, serial))
    history = [
        (event, _holder(act, event.account), _holder(act, event.by), _holder(act, event.witness))
        for event in event_views(act, keys.history(act, serial))[::-1]
    ]
    return render(
        request, "key.html", title=_t(request, mark("密钥 {serial}"), serial=key.serial), key=key, tags=STATE_TAGS,
        states=STATE_NAMES, holder=_holder(act, key.account), uses=keys.list_uses(act, serial, count=LAST_USES),
        history=history,
        acts=[one for one in ACTS if one.state in MOVES[key.status] and _offers(visitor, one)],
    )  # fmt: skip


@router.get("/{serial}/{act_name}")
def ask(request: Request, act: PageActDep, serial: str, act_name: str) -> HTMLResponse:
    """What the act does, and what it needs to know."""
    _check_reader(act)
    chosen = get_act(act_name)
    check_may_move(serial, KeyState(keys.get_key(act, serial).status), chosen.state)
    return _ask(request, act, serial, chosen, {}, [])


@router.post("/{serial}/{act_name}")
def carry_out(request: Request, act: PageActDep, form: FormDep, serial: str, act_name: str) -> Response:
    """Does it; a wrong box is told at the box, what may not be done on a page of its own."""
    chosen = get_act(act_name)
    sent = {name: entries.text(form, name) for name in chosen.boxes}
    if empty := [empty_box(name) for name in REQUIRED if name in sent and not sent[name]]:
        return _ask(request, act, serial, chosen, sent, empty)
    try:
        with act.session.begin_nested():
            _do(act, serial, chosen, sent)
    except RefusedInputError as wrong:
        return _ask(request, act, serial, chosen, sent, wrong.fields)
    words = Words(language_of(request))
    banner = _t(request, mark("已办理：{what}"), what=words.pick(chosen.name))
    return see_other(request, f"/pages/keys/{serial}", banner=banner)


def _do(act: Act, serial: str, chosen: KeyAct, sent: Mapping[str, str]) -> None:
    try:
        if chosen.slug == "issue":
            account = accounts.get_by_user_name(act, sent["account"])
            keys.issue_key(act, serial, account, receipt=sent["receipt"], note=sent["note"])
            return
        DONE_BY[chosen.slug](act, serial, **sent)
    except NotFoundError as error:
        if chosen.slug != "issue" or accounts.find_by_user_name(act, sent["account"]):
            raise
        raise RefusedInputError([NO_ACCOUNT]) from error
    except WitnessError as error:
        raise RefusedInputError([NO_WITNESS]) from error


def _ask(
    request: Request, act: Act, serial: str, chosen: KeyAct, sent: Mapping[str, str], problems: list[FieldProblem]
) -> HTMLResponse:
    key = key_view(act, keys.get_key(act, serial))
    words = Words(language_of(request))
    return render(
        request, "key_act.html", title=f"{words.pick(chosen.name)} {key.serial}", status=422 if problems else 200,
        key=key, act_=chosen, sent=sent, holder=_holder(act, key.account),
        effect=chosen.says(held=key.account is not None), states=STATE_NAMES, tags=STATE_TAGS,
        labels=LABELS, problems=entries.said(words, problems),
    )  # fmt: skip


def _check_reader(act: Act) -> None:
    check_holds(act, *KEYS, doing="查看密钥台账 / read the inventory of keys")


def _offers(visitor: Visitor, chosen: KeyAct) -> bool:
    """Whether the button is drawn; the service asks again."""
    return bool(visitor.offices & frozenset(chosen.offices))


def _holder(act: Act, user_name: str | None) -> Holder | None:
    account = accounts.find_by_user_name(act, user_name) if user_name else None
    if account is None:
        return Holder("", user_name) if user_name else None
    return Holder(people.get_person(act, account.person_id).name, account.user_name)


def _t(request: Request, chinese: str, **values: Any) -> str:
    return translator(language_of(request))(chinese, **values)
