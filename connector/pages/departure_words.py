"""What the states and reasons of departures, moves and hints are called. Pure data."""

from collections.abc import Mapping

from connector.errors import Text

CAUSES: Mapping[str, Text] = {
    "status": Text("人事目录标记已离岗", "marked as departed in the directory"),
    "absence": Text("连续两次读取均不在人事目录中", "missing in two complete reads"),
    "move": Text("人事目录中的信息有变动", "changed in the directory"),
}
REASONS: Mapping[str, Text] = {
    "too-many-leavers": Text("离岗人数超过一次可自动处理的上限", "more leavers than a run may freeze"),
    "below-floor": Text("人事目录的人数比上次明显减少", "far fewer people than in the last good read"),
    "too-many-unreadable": Text("无法识别的人员过多", "too many rows cannot be read"),
    "status-vanished": Text("许多人员的在岗状态消失", "the status of many people is gone"),
    "attribute-vanished": Text("许多人员的单位或岗位消失", "the unit or post of many people is gone"),
    "too-many-movers": Text("一次变动的人员过多", "more changes of people than a run may make"),
}
FIELDS: Mapping[str, Text] = {
    "unit": Text("单位", "unit"),
    "post": Text("岗位", "post"),
    "name": Text("姓名", "name"),
    "phone": Text("电话", "phone"),
    "mail": Text("邮箱", "mail"),
}
PLAN_STATES: Mapping[str, Text] = {
    "executed": Text("已执行", "Carried out"),
    "held": Text("已暂停，待审批", "Held, awaits its decision"),
    "released": Text("已批准放行", "Released"),
    "rejected": Text("未获批准", "Rejected"),
    "superseded": Text("已被新方案取代", "Replaced by a newer plan"),
}
PLAN_TAGS: Mapping[str, str] = {"executed": "ok", "held": "bad", "released": "ok", "rejected": "bad"}
HINTS: Mapping[str, Text] = {
    "joiner": Text("新入职，尚无账号", "Joined, has no account"),
    "same_person": Text("已登记人员换了编号", "A registered person under another key"),
    "returner": Text("已回岗，账号未启用", "Back at work, the account is out of use"),
    "unknown_unit": Text("所在单位未登记", "The unit is not registered"),
}
# Which application fits a hint; of the others something else is to be put right first.
WAYS_OF_HINTS: Mapping[str, str] = {"joiner": "grant", "returner": "enable"}
PROBLEMS: Mapping[str, Text] = {
    "no-matrix": Text(
        "新单位的账号权限对照表没有此岗位，请先补充对照表",
        "The table of the new unit does not know the post: add it there first",
    ),
}
OUTCOMES: Mapping[str, Text] = {
    "nothing_in_excess": Text("没有多余权限", "Nothing in excess"),
    "withdrawn": Text("多余权限已收回", "The excess was withdrawn"),
    "kept": Text("审批决定保留", "Kept by decision"),
    "account_ended": Text("账号已注销", "The account was cancelled"),
}
ITEM_KINDS: Mapping[str, Text] = {
    "service_key": Text("服务账号密钥", "Key of a service account"),
    "database": Text("数据库口令", "Database password"),
    "master_administrator": Text("Keycloak 主域管理员", "Administrator of the master realm"),
    "directory_bind": Text("人事目录只读账号", "Read-only account at the directory"),
    "endpoint_secret": Text("对接端点密钥", "Secret of an endpoint"),
    "stream_secret": Text("安全事件接收密钥", "Secret of a stream"),
    "door_controller": Text("门禁", "Door controller"),
    "server": Text("服务器", "Server"),
    "other": Text("其他", "Other"),
    "link_password": Text("经手发放的账号口令", "Password of an account he handed over"),
    "review": Text("复核", "Review"),
}
