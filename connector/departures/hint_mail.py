"""Tells the heads of units of new hints: one mail for each unit and run, however many people it is about."""

from collections.abc import Sequence

from sqlalchemy import select

from connector.auth.act import Act
from connector.departures.staff_tables import HintRow
from connector.outbox import service as outbox
from connector.register import offices, units
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office

_SUBJECT = "人事目录提示：{count}人待办 / The HR directory: {count} to act on"
_INTRO = """人事目录显示贵单位（{unit}）有以下变动，系统不会自动开通或启用任何账号，请按需提交申请：
The HR directory shows the following for your unit ({unit}). Nothing is opened or enabled by itself; please apply:
"""
_LINES = {
    "joiner": (
        "人员编号 {key}（岗位 {post}）：新到岗，尚未登记。需要账号的，请提交权限申请。 / joined, not registered yet"
    ),
    "same_person": (
        "人员编号 {key}：与已登记使用人 {user_name} 为同一人。请信息技术科核对后关联编号，不得另开账号。"
        " / the same person as {user_name}; have the key linked, no second account"
    ),
    "returner": (
        "人员编号 {key}：{user_name} 已返岗。请提交账号启用申请（账号已注销的，请重新登记），不得另开账号。"
        " / {user_name} is back; apply for enabling (if cancelled, register him again), not for a second account"
    ),
}


def tell_heads(act: Act, hints: Sequence[HintRow]) -> None:
    """Mails every head, who has an address, of each unit with new hints; notes in each hint how many were told.

    The text names keys and user names, no person. An unknown unit has no head: those hints stand in the list only.
    """
    by_unit: dict[str, list[HintRow]] = {}
    for hint in hints:
        if hint.kind in _LINES and hint.unit_code:
            by_unit.setdefault(hint.unit_code, []).append(hint)
    for code, some in sorted(by_unit.items()):
        unit = units.find_unit(act, code)
        heads = [head for head in offices.holders(act, Office.UNIT_HEAD, unit.id) if head.mail] if unit else []
        for head in heads:
            _mail(act, head, code, some)
        for hint in some:
            hint.mailed = len(heads)


def _mail(act: Act, head: PersonRow, code: str, hints: Sequence[HintRow]) -> None:
    lines = [_LINES[h.kind].format(key=h.key, post=h.post or "-", user_name=_user_name(act, h)) for h in hints]
    outbox.enqueue(
        act,
        "mail",
        key=f"directory-hints:{hints[0].id}:{head.id}",
        lane="mail",
        payload={
            "to": head.mail,
            "subject": _SUBJECT.format(count=len(hints)),
            "text": "\n".join([_INTRO.format(unit=code), *lines]),
        },
    )


def _user_name(act: Act, hint: HintRow) -> str:
    name = act.session.scalar(select(AccountRow.user_name).where(AccountRow.person_id == hint.person_id))
    return name or "-"
