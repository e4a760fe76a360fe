"""What can be done with a key: the name of each act, its effect in words, the boxes it needs, who may. Pure data."""

from collections.abc import Mapping
from typing import NamedTuple

from connector.errors import FieldProblem, NotFoundError, Text
from connector.keys.loss import REPORTERS
from connector.keys.rules import KeyState
from connector.regulations.vocabulary import Office


class KeyAct(NamedTuple):
    """One act. `state` is what the key becomes by it; `effect` is what the confirm page says."""

    slug: str
    name: Text
    state: KeyState
    effect: Text
    boxes: tuple[str, ...]
    offices: tuple[Office, ...] = (Office.KEY_CUSTODIAN,)
    grave: bool = False
    effect_unheld: Text | None = None  # where nobody holds the key

    def says(self, *, held: bool) -> Text:
        """What the confirm page says of the effect."""
        return self.effect if held else self.effect_unheld or self.effect


LABELS: Mapping[str, Text] = {
    "account": Text("领用人账号", "Account of the person who gets it"),
    "receipt": Text("回执编号", "Number of the receipt"),
    "witness": Text("见证人账号", "Account of the witness"),
    "note": Text("说明", "Note"),
}
REQUIRED = ("account", "receipt", "witness")  # All empty ones are told at once; the service would tell the first.


def empty_box(name: str) -> FieldProblem:
    """What is said at a box that must be filled in."""
    label = LABELS[name]
    return FieldProblem(name, f"请填写{label.zh}", f"Fill in: {label.en}", "GS 16")


ACTS: tuple[KeyAct, ...] = (
    KeyAct(
        "issue",
        Text("发放", "Issue"),
        KeyState.ISSUED,
        Text(
            "发放后，此密钥归领用人使用，须由本人登录时登记；已有口令的账号将收到一次性链接，重新设置口令。",
            "The key belongs to this person, who registers it himself at his next login; an account that has a "
            "password gets a one-time link to a new one.",
        ),
        ("account", "receipt", "note"),
    ),
    KeyAct(
        "return",
        Text("归还", "Take back"),
        KeyState.RETURNED,
        Text("归还后，此密钥与账号解除绑定，不能再用于登录。", "The key is unbound and opens nothing any more."),
        ("receipt", "note"),
    ),
    KeyAct(
        "restock",
        Text("重新入库", "Put back into stock"),
        KeyState.IN_STOCK,
        Text("入库后可再次发放；流转记录保留。", "It can be issued again; its history stays."),
        ("note",),
    ),
    KeyAct(
        "lost",
        Text("挂失", "Report lost"),
        KeyState.LOST,
        Text(
            "挂失后，此密钥立即不能登录，账号立即冻结，现有会话全部退出；补发须另行申请。",
            "The key opens nothing from now on, the account is frozen and its sessions end; a new key is applied for.",
        ),
        ("note",),
        REPORTERS,
        grave=True,
        effect_unheld=Text(
            "挂失后，此密钥不能再发放；找回的须办理归还。",
            "The key is issued no more; once found, it is taken back first.",
        ),
    ),
    KeyAct(
        "damaged",
        Text("报损", "Report damaged"),
        KeyState.DAMAGED,
        Text(
            "报损后，此密钥立即不能登录，账号立即冻结，现有会话全部退出；损坏的密钥须交回，补发须另行申请。",
            "The key opens nothing from now on, the account is frozen and its sessions end; the key is handed in, a "
            "new one is applied for.",
        ),
        ("note",),
        REPORTERS,
        grave=True,
    ),
    KeyAct(
        "destroy",
        Text("销毁", "Destroy"),
        KeyState.DESTROYED,
        Text("销毁后不能恢复；须有另一人在场见证。", "It cannot be undone; a second person sees it."),
        ("witness", "note"),
        grave=True,
    ),
)


def get_act(slug: str) -> KeyAct:
    """The act with this name in the address; raises NotFoundError."""
    found = next((one for one in ACTS if one.slug == slug), None)
    if found is None:
        raise NotFoundError(kind="密钥操作 (act)", name=slug)
    return found
