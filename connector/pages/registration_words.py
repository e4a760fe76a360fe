"""What people call the fields, states and duties of the registration, in both languages. Pure data."""

from collections.abc import Mapping

from connector.errors import Text

FIELDS: Mapping[str, Text] = {
    "name": Text("姓名", "name"),
    "document_kind": Text("证件种类", "kind of document"),
    "document_number": Text("证件号码", "document number"),
    "phone": Text("电话", "phone"),
    "unit": Text("单位", "unit"),
    "post": Text("岗位", "post"),
    "mail": Text("邮箱", "mail"),
    "user": Text("实际使用人", "who really uses it"),
}
OUTCOMES: Mapping[str, Text] = {
    "restored": Text("已改正", "put right"),
    "terminated": Text("账号已终止", "account ended"),
    "unfounded": Text("不属实", "unfounded"),
}
SOURCES: Mapping[str, Text] = {
    "reported": Text("人工发现", "found by people"),
    "directory": Text("与人事目录比对", "compared with the HR directory"),
    "duplicate": Text("疑似重复登记", "perhaps registered twice"),
    "people": Text("提前通知", "announced"),
}
CORRECTION_STATES: Mapping[str, Text] = {
    "waiting": Text("待核验", "to be verified"),
    "verified": Text("核验一致", "verified"),
    "refused": Text("未予核验", "refused"),
}
DUTIES: Mapping[str, Text] = {
    "contact": Text("联系人", "contact"),
    "handler": Text("经办人员", "handler"),
    "reviewer": Text("审核人员", "reviewer"),
}
CHANGE_STATES: Mapping[str, Text] = {
    "announced": Text("已通知", "announced"),
    "effective": Text("已生效，待签署", "in effect, to be signed"),
    "filed": Text("已归档", "filed"),
    "withdrawn": Text("已撤回", "withdrawn"),
}
SIDES: Mapping[str, Text] = {
    "giver": Text("移交人", "who hands over"),
    "taker": Text("接收人", "who takes over"),
}
KINDS: Mapping[str, Text] = {
    "request": Text("未办结申请", "open request"),
    "office": Text("任职", "office"),
    "key": Text("密钥", "hardware key"),
    "secret": Text("共用口令", "shared secret"),
    "list": Text("清单", "list"),
    "other": Text("其他", "other"),
}
WAYS: Mapping[str, Text] = {
    "close": Text("撤并", "close"),
    "split": Text("分出人员", "split"),
    "rename": Text("更名", "rename"),
    "move": Text("划转", "move"),
}
TAGS: Mapping[str, str] = {
    "waiting": "warn", "verified": "ok", "refused": "bad", "announced": "info", "effective": "warn", "filed": "ok",
    "restored": "ok", "terminated": "bad",
}  # fmt: skip
ALL: Mapping[str, object] = {
    "fields": FIELDS, "outcomes": OUTCOMES, "sources": SOURCES, "correction_states": CORRECTION_STATES,
    "duties": DUTIES, "change_states": CHANGE_STATES, "sides": SIDES, "kinds": KINDS, "ways": WAYS, "tags": TAGS,
}  # fmt: skip
