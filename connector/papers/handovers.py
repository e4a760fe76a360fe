"""账号交接记录 (HH 3): the handover of a duty between two persons, drawn with both signatures. Changes nothing.

HH draws no form: the boxes are what HH 3 asks for. The digest below is the one that both sides have signed.
"""

from collections.abc import Mapping

from connector.auth.act import Act
from connector.papers.boxes import Box, label, opinion, said, sealed, value
from connector.papers.facts import date_words, day, proof_told
from connector.papers.forms import Drawn
from connector.register import accounts, people, units
from connector.register.offices import OFFICE_NAMES
from connector.registration import service as registration
from connector.registration.handovers import HandoverView
from connector.registration.tables import ContactChangeRow
from connector.regulations.vocabulary import Office

DUTIES: Mapping[str, str] = {"contact": "联系人", "handler": "经办人员", "reviewer": "审核人员"}
KINDS: Mapping[str, str] = {
    "request": "在途申请", "office": "职务", "key": "密钥", "secret": "口令等保密信息", "list": "清单", "other": "其他",
}  # fmt: skip


def handover_form(act: Act, change: ContactChangeRow) -> Drawn:
    """The record as it stands, with the signatures that are valid for it; the finance department signs by hand."""
    view = registration.show(act, change)
    names = {side: _name(act, person) for side, person in (("giver", change.giver_id), ("taker", change.taker_id))}
    items = "\n".join(f"{number}、{_item(act, item)}" for number, item in enumerate(view.items, 1))
    return {
        "title": "账号交接记录",
        "columns": [32, 0, 30, 0],
        "rows": [
            [label("单位名称"), sealed("单位名称", units.get_unit_by_id(act, change.unit_id).name, 3)],
            [
                label("变动职责"),
                value("变动职责", DUTIES[change.duty]),
                label("交接日期"),
                value("交接日期", date_words(change.effective_on)),
            ],
            *(
                [label(word), value(word, names[side]), label(f"{word}账号"), value(f"{word}账号", _account(act, who))]
                for word, side, who in (("移交人", "giver", change.giver_id), ("接收人", "taker", change.taker_id))
            ),
            [label("变动原因"), value("变动原因", change.reason, 3, high=16)],
            [label("交接内容"), value("交接内容", items, 3, high=44)],
            [label("移交人签字"), opinion("移交人签字", _signed(view, "giver"), 3, high=24)],
            [label("接收人签字"), opinion("接收人签字", _signed(view, "taker"), 3, high=24)],
            [label("财政部门意见"), opinion("财政部门意见", (), 3, high=34)],
        ],
        "digest": view.digest,
    }


def _name(act: Act, person_id: str | None) -> str:
    return people.get_person(act, person_id).name if person_id else ""


def _account(act: Act, person_id: str | None) -> str:
    account = accounts.find_by_person(act, person_id) if person_id else None
    return account.user_name if account else ""


def _item(act: Act, item: Mapping[str, str]) -> str:
    name = item["name"]
    if item["kind"] == "office" and "@" in name:
        office, _, code = name.partition("@")
        unit = units.find_unit(act, code)
        name = f"{OFFICE_NAMES[Office(office)].zh}（{unit.name if unit else code}）"
    if item["kind"] == "list":
        name = name.partition(" / ")[0]
    note = f"（{item['note']}）" if item["note"] else ""
    return f"{KINDS[item['kind']]}：{name}{note}"


def _signed(view: HandoverView, side: str) -> list[Box]:
    return [
        said(
            verdict="",
            text="" if one.signed_by == one.person else f"代{one.person}签字，理由：{one.reason}",
            signer=one.signed_by,
            when=day(one.signed_at),
            proof=proof_told(one.proof),
        )
        for one in view.signatures
        if one.side == side
    ]
