"""The words the regulations use, as data: kinds of request, offices, classes of account. Holds no rule."""

from enum import StrEnum


class RequestKind(StrEnum):
    """What a request asks for. The values stand in the record for ever."""

    GRANT = "grant"  # 新增/变更 (LC annex 1, JC annex 2)
    PASSWORD_RESET = "password_reset"  # noqa: S105  # 口令重置 (LC annex 2)
    SUSPEND = "suspend"  # 暂停 (LC annex 3)
    DISABLE = "disable"  # 禁用 (LC annex 3)
    ENABLE = "enable"  # 启用 (JC annex 2, LC 7(3))
    CANCEL = "cancel"  # 注销 (JC annex 2, GS 10(6))
    REPLACE_KEY = "replace_key"  # 密钥遗失、损坏补发 (GS 12)
    WAIVE_KEY = "waive_key"  # 暂以动态口令代替密钥 (GS 10(2))
    DISABLE_DORMANT = "disable_dormant"  # 僵尸用户禁用 (LC 7(2))
    DISABLE_FOUND = "disable_found"  # 排查清理 (JC 21, LC 6(3)): weak passwords, test, orphaned accounts
    RELEASE_DEPARTURES = "release_departures"  # a departure plan that the breaker held
    USE_PRIVILEGED = "use_privileged"  # 临时使用系统账号权限 (JC 18)
    EXCEPT_CONFLICT = "except_conflict"  # 职责冲突例外 (HH 3, JC 7)
    ADOPT_MATRIX = "adopt_matrix"  # 账号权限对照表备案 (JC 4, 5, annex 1)
    REPAIR_DRIFT = "repair_drift"  # 差异修复: Keycloak is made to agree with what was approved (JC 9, 11)
    REORGANISE_UNIT = "reorganise_unit"  # 单位撤并、更名、划转 (HH 1, GS 3)
    WITHDRAW_REVIEWED = "withdraw_reviewed"  # 权限复核收回: what a reviewer found no longer needed (JC 9, HH 3)


class Office(StrEnum):
    """An office a person is appointed to (B13). Offices are data of this product, never Keycloak roles."""

    UNIT_HEAD = "unit_head"  # 科室（单位）负责人
    VERIFIER = "verifier"  # 核验人
    LEADER_IN_CHARGE = "leader_in_charge"  # 分管负责人
    PRINCIPAL = "principal"  # 中心主要负责人
    SYSTEM_DEPARTMENT_HEAD = "system_department_head"  # 信息技术科负责人
    OPERATOR = "operator"  # 操作员
    KEY_CUSTODIAN = "key_custodian"  # 密钥保管员
    SECURITY_ADMINISTRATOR = "security_administrator"  # 安全管理员
    SYSTEM_ADMINISTRATOR = "system_administrator"  # 系统管理员
    AUDITOR = "auditor"  # 审计管理员


class AccountClass(StrEnum):
    """Class of an account (JC 8, GS 5-8)."""

    ORDINARY = "ordinary"
    BUSINESS_ADMINISTRATOR = "business_administrator"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SUPER_ADMINISTRATOR = "super_administrator"
    LEADER = "leader"
    PERSON_IN_CHARGE = "person_in_charge"
    ENFORCER = "enforcer"
    SPECIAL_DUTY = "special_duty"


class AccountPurpose(StrEnum):
    """What an account is for. One that is not ordinary has a last day (JC 18, JC 21)."""

    ORDINARY = "ordinary"
    TEMPORARY = "temporary"  # 临时账号
    TEST = "test"  # 测试账号: gone before a subsystem is accepted (JC 21)


class AccountStatus(StrEnum):
    """State of an account in the register. Whether Keycloak has it yet is read from the provisioning steps."""

    ACTIVE = "active"  # 启用
    SUSPENDED = "suspended"  # 暂停
    DISABLED = "disabled"  # 禁用
    FROZEN = "frozen"  # 冻结
    CANCELLED = "cancelled"  # 注销


class Verdict(StrEnum):
    """What a person answerable says on a stage."""

    APPROVE = "approve"  # 同意
    REJECT = "reject"  # 不同意
    RETURN = "return"  # 退回补充材料
