"""The choices of the boxes with fixed values, and what each is called. Pure data."""

from collections.abc import Mapping

from connector.errors import Text
from connector.pages.wording import CLASSES, PURPOSES
from connector.register.identifiers import DocumentKind
from connector.regulations.vocabulary import RequestKind

DOCUMENT_KINDS: Mapping[str, Text] = {
    DocumentKind.RESIDENT_ID: Text("居民身份证", "Resident ID"),
    DocumentKind.RESIDENCE_PERMIT: Text("港澳台居民居住证", "Residence permit (Hong Kong, Macao, Taiwan)"),
    DocumentKind.PASSPORT: Text("护照", "Passport"),
    DocumentKind.HK_MACAO_PERMIT: Text("港澳居民来往内地通行证", "Mainland travel permit (Hong Kong, Macao)"),
    DocumentKind.TAIWAN_PERMIT: Text("台湾居民来往大陆通行证", "Mainland travel permit (Taiwan)"),
    DocumentKind.FOREIGN_RESIDENT: Text("外国人永久居留身份证", "Permanent resident card"),
}
CAUSES: Mapping[RequestKind, Mapping[str, Text]] = {
    RequestKind.SUSPEND: {
        "absence": Text("离岗（休假、学习、借调）", "Absence (leave, training, secondment)"),
        "violation": Text("违规使用", "Misuse"),
        "other": Text("其他", "Other"),
    },
    RequestKind.DISABLE: {
        "departure": Text("离职、退休", "Left or retired"),
        "transfer": Text("调离或岗位变动", "Transferred"),
        "violation": Text("违规使用", "Misuse"),
        "other": Text("其他", "Other"),
    },
    RequestKind.REPLACE_KEY: {
        "lost": Text("丢失", "Lost"),
        "damaged": Text("损坏", "Damaged"),
    },
}
YES = {"yes": Text("紧急，须当日办结", "Urgent, to be done today")}
# Causes that no person chooses: they come with proposals, or from the account's history.
OTHER_CAUSES: Mapping[str, Text] = {
    "dormant": Text("长期未使用", "Long unused"),
    "forgotten": Text("忘记口令", "Forgotten password"),
}


def choices(kind: RequestKind, box: str) -> Mapping[str, Text]:
    """The values of a box and their names, in the order they are offered; empty for a box one types into."""
    if box == "cause":
        return CAUSES.get(kind, {})
    offered = {"document_kind": DOCUMENT_KINDS, "account_class": CLASSES, "purpose": PURPOSES, "urgent": YES}
    return offered.get(box, {})


def name_of(kind: RequestKind, box: str, value: str) -> Text:
    """What a value is called; its own word where nobody named it."""
    return {**OTHER_CAUSES, **choices(kind, box)}.get(value, Text(value, value))
