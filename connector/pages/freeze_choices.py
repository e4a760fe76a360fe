"""What a freeze can go by, as the person may choose it, and the names of what an order can be. Reads only."""

from collections.abc import Iterable, Mapping

from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.incidents.carry_out import HELD
from connector.incidents.schemas import OrderListed
from connector.incidents.scopes import ANYBODY, FREEZABLE, OWN_UNIT, LeftOut, ScopeKind
from connector.keys import service as keys
from connector.register import accounts, catalogue, people, roster, units
from connector.register.offices import units_where
from connector.register.tables import AccountRow, PersonRow, UnitRow

MOST = 50
SCOPES: Mapping[str, Text] = {
    ScopeKind.PERSON: Text("按人员", "by person"),
    ScopeKind.UNIT: Text("按单位", "by unit"),
    ScopeKind.SUBSYSTEM: Text("按系统", "by system"),
    ScopeKind.KEY_BATCH: Text("按密钥批次", "by batch of keys"),
    ScopeKind.INCIDENT: Text("涉案账号创建的用户", "users a compromised account created"),
}
DIRECTIONS: Mapping[str, Text] = {"freeze": Text("冻结指令", "Freeze"), "unfreeze": Text("解冻指令", "Unfreeze")}
STATES: Mapping[str, Text] = {
    "waiting": Text("待另一人确认", "Waits for a second person"),
    "started": Text("执行中", "Under way"),
    "done": Text("已完成", "Done"),
    "refused": Text("已驳回", "Refused"),
    "expired": Text("超时未确认", "Not confirmed in time"),
}
STATE_TAGS: Mapping[str, str] = {"waiting": "warn", "started": "info", "done": "ok"}
LINE_STATES: Mapping[str, Text] = {
    "pending": Text("执行中", "Under way"),
    "done": Text("完成", "Done"),
    "failed": Text("失败", "Failed"),
    "skipped": Text("未处理", "Left out"),
}
LINE_TAGS: Mapping[str, str] = {"pending": "info", "done": "ok", "failed": "bad"}
LEFT_OUT: Mapping[str, Text] = {
    LeftOut.FROZEN: Text("已冻结", "frozen already"),
    LeftOut.DISABLED: Text("已禁用", "disabled already"),
    LeftOut.CANCELLED: Text("已注销", "cancelled"),
    LeftOut.OWN: Text("下达人或确认人本人", "of the one who orders or confirms"),
    "active": Text("已在使用", "in use already"),
    "suspended": Text("恢复为暂停", "suspended again, as before"),
    HELD: Text("另有未结案件，仍冻结", "held by an open case, frozen still"),
}


def get_kind(kind: str) -> ScopeKind:
    """The kind of scope with this name in the address; raises NotFoundError."""
    if kind not in set(ScopeKind) - {ScopeKind.INCIDENT}:  # That one is given in the case.
        raise NotFoundError(kind="冻结方式 (scope)", name=kind)
    return ScopeKind(kind)


def options(act: Act, kind: ScopeKind) -> list[tuple[str, str]]:
    """What a person of these offices may choose from; people are searched for instead."""
    if kind is ScopeKind.UNIT:
        return [(unit.code, unit.name) for top in _reach(act) for unit in units.list_units(act, below=top.code)]
    if kind is ScopeKind.SUBSYSTEM:
        return [(row.id, row.name) for row in catalogue.list_subsystems(act)]
    if kind is ScopeKind.KEY_BATCH:
        return [(batch.number, batch.number) for batch, _ in keys.list_batches(act)]
    return []


def scope_names(act: Act, orders: Iterable[OrderListed]) -> dict[str, str]:
    """What people call the units and systems that these orders go by; other values are names already."""
    names: dict[str, str] = {}
    for order in orders:
        if order.scope_kind is ScopeKind.UNIT:
            names[order.scope_value] = units.get_unit(act, order.scope_value).name
        elif order.scope_kind is ScopeKind.SUBSYSTEM:
            names[order.scope_value] = catalogue.name_of_subsystem(act, order.scope_value)
    return names


def find_people(act: Act, text: str) -> list[tuple[AccountRow, PersonRow, UnitRow]]:
    """Accounts in use within the person's reach whose user name or name holds the text."""
    if not text:
        return []
    found = [
        one for top in _reach(act) for one in roster.list_within(act, top, statuses=FREEZABLE, text=text, count=MOST)
    ]
    return found[:MOST]


def names_of(act: Act, user_names: Iterable[str]) -> dict[str, str]:
    """Names of the persons behind these user names; the operator of the machine has none."""
    found = {name: accounts.find_by_user_name(act, name) for name in user_names}
    return {name: people.get_person(act, account.person_id).name for name, account in found.items() if account}


def _reach(act: Act) -> list[UnitRow]:
    """The topmost units in which the actor may freeze: all of them, or those of his office."""
    if units_where(act, ANYBODY):
        return [unit for unit in units.list_units(act) if unit.parent_id is None]
    own = units_where(act, OWN_UNIT)
    return [unit for unit in own if not any(unit is not other and units.is_within(unit, other) for other in own)]
