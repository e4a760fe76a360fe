"""Refusals of the register: each with its clause, what to do and who can do it. Facts never hold personal values."""

from connector.errors import ConflictError, ConnectorError, Text


class AlreadyRegisteredError(ConflictError):
    """A person with this document is registered already; `unit` names where, nothing else is told."""

    code = "already-registered"
    clause = "LC 5(3)"
    says = Text(
        "该证件已在“{unit}”登记，一人只登记一次",
        "This document is already registered in {unit}; a person is registered once",
    )
    remedy = Text(
        "请使用已有登记，资料有变化的请办理变更", "Use the existing registration; have changed data corrected there"
    )
    who = Text("{unit}负责人", "the head of {unit}")


class SecondAccountError(ConflictError):
    """The person has an account already, whatever its status; `unit` and `status` are those of the existing one."""

    code = "second-account"
    clause = "LC 5(3), JC 12"
    says = Text(
        "该使用人在“{unit}”已有账号（状态：{status_zh}），不得一人多账号",
        "This person already has an account in {unit} (status: {status}); one person, one account",
    )
    remedy = Text(
        "请对原账号申请启用或变更，不要新开账号", "Apply to enable or change the existing account; do not open another"
    )
    who = Text("{unit}负责人", "the head of {unit}")


class CancellationUnfinishedError(ConflictError):
    """The person's former account is cancelled and not yet gone from the login system."""

    code = "cancellation-unfinished"
    clause = "GS 10(6), LC 5(3)"
    says = Text(
        "该使用人在“{unit}”的原账号正在注销，尚未办完，不能重新登记",
        "The former account of this person in {unit} is being cancelled; he cannot be registered again yet",
    )
    remedy = Text(
        "请先交回或挂失原密钥，待登录系统删除原账号后再申请",
        "Hand in the key or report it lost, and apply when the account is deleted there",
    )
    who = Text("{unit}负责人、密钥管理员", "the head of {unit}, the key custodian")


class UnknownPermissionError(ConnectorError):
    """Some of the permissions named are not in the catalogue; all unknown ones are listed at once."""

    code = "unknown-permission"
    status = 422
    clause = "LC 6(1)"
    says = Text("权限目录中没有：{permissions}", "Not in the permission catalogue: {permissions}")
    remedy = Text("请从权限目录中选择", "Choose from the permission catalogue")
    who = Text("申请人", "the applicant")


class UserNamesExhaustedError(ConflictError):
    """The unit has used every serial that the coding rule allows; names are never given twice."""

    code = "user-names-exhausted"
    clause = "GS 10(1)"
    says = Text("单位{unit}的账号编号已用完", "The unit {unit} has no user name left under the coding rule")
    remedy = Text("请在规则包中增加流水号位数", "Raise the number of serial digits in the rule pack")


class CentreMissingError(ConflictError):
    """The unit tree does not say which unit is the centre of this installation."""

    code = "centre-missing"
    says = Text("单位登记中没有唯一的交易中心", "The register of units has no single topmost centre")
    remedy = Text("请登记交易中心（类别 centre）", "Register the trading centre as a unit of kind centre")


class SelfAppointmentError(ConnectorError):
    """Nobody makes or confirms his own appointment."""

    code = "self-appointment"
    status = 403
    clause = "JC 8"
    says = Text("不得办理本人的任职", "Nobody handles his own appointment")
    remedy = Text("请由另一名安全管理员或中心主要负责人办理", "Ask another security administrator or the principal")
    who = Text("另一名安全管理员或中心主要负责人", "another security administrator, or the principal")


class SelfConfirmationError(ConnectorError):
    """The maker of an appointment cannot confirm it: two people are needed."""

    code = "self-confirmation"
    status = 403
    clause = "JC 7, JC 8"
    says = Text("任职须由录入人以外的人确认", "An appointment is confirmed by somebody other than its maker")
    remedy = Text(
        "请由另一名安全管理员或中心主要负责人确认", "Ask another security administrator or the principal to confirm it"
    )
    who = Text("另一名安全管理员或中心主要负责人", "another security administrator, or the principal")


class SeparatedOfficesError(ConflictError):
    """System, security and audit administrator are held by different people; an open one blocks the others."""

    code = "separated-offices"
    clause = "JC 8, GS 9"
    says = Text("三员分立：该人员已任{held}，不得兼任", "Separated offices: the person already holds {held}")
    remedy = Text("请另择人员，或先终止原任职", "Appoint somebody else, or end the present appointment first")
    who = Text("安全管理员", "the security administrator")


class SameCaseError(ConnectorError):
    """The person held another of the three separated offices while this case was open."""

    code = "same-case"
    status = 403
    clause = "JC 7, JC 8"
    says = Text(
        "三员分立：该人员在本案办理期间曾任{held}，不得以另一职务办理",
        "Separated offices: during this open case the person held {held} and cannot act in another of the three",
    )
    remedy = Text(
        "请由同一职务的其他任职人员办理，或待本案办结后再任职", "Ask another holder, or wait until it is closed"
    )
    who = Text("安全管理员", "the security administrator")


class AdministratorAloneError(ConflictError):
    """A system administrator, super administrator or auditor holds nothing else, neither permission nor office."""

    code = "administrator-alone"
    clause = "GS 9, JC 8"
    says = Text(
        "{what}应单独设置，不得兼有业务权限或其他管理职务",
        "The account of {what_en} stands alone: no working permission and no other administration",
    )
    remedy = Text("请另择人员，或先办理权限收回", "Choose another person, or have the permissions withdrawn first")
    who = Text("安全管理员", "the security administrator")


class SuperAndSystemError(ConflictError):
    """The super administrator and the system administrator are two people."""

    code = "super-and-system"
    clause = "JC 8"
    says = Text("超级管理员与系统管理员不能由同一人担任", "Super and system administrator are two different people")
    remedy = Text("请指定另一人担任系统管理员", "Appoint another person as system administrator")
    who = Text("安全管理员", "the security administrator")


class ClassFixedError(ConflictError):
    """A person has one account, of one class; another class is no matter of permissions."""

    code = "class-fixed"
    clause = "LC 5(3), GS 9, JC 8"
    says = Text(
        "该账号类别为“{present_zh}”，不能申请为“{asked_zh}”",
        "The account is of class {present}; it cannot become {asked}",
    )
    remedy = Text(
        "管理员应由专人担任：请为另一人申请",
        "Administration is another person's: apply for somebody else",
    )
    who = Text("申请单位负责人", "the head of the unit that applies")


class AuditorReadsOnlyError(ConnectorError):
    """The auditor reads all and changes nothing."""

    code = "auditor-reads-only"
    status = 403
    clause = "JC 8, GS 9"
    says = Text("审计管理员只查阅，不办理任何业务", "The auditor reads all and changes nothing")
    remedy = Text("请由有权办理的人员办理", "Ask somebody whose office it is")
    who = Text("有权办理的任职人员", "the holder of the office in question")


class ReportClosedError(ConflictError):
    """The registration of this administrator was acknowledged already."""

    code = "report-closed"
    clause = "GS 9"
    says = Text("该管理员登记已确认", "The registration of this administrator was acknowledged already")


class BeyondOwnPowerError(ConnectorError):
    """Nobody gives more than he has: neither a wider scope nor an office that is not his to give."""

    code = "beyond-own-power"
    status = 403
    clause = "GS 3, GS 5"
    says = Text(
        "不得在该单位任命此项职务：{office}", "This office cannot be given in that unit by this administrator: {office}"
    )
    remedy = Text("请由本级或上一级协调中心的安全管理员办理", "Ask the security administrator of that level or above")
    who = Text("本级或上一级的安全管理员", "the security administrator of that level or of the one above")


class AlreadyAppointedError(ConflictError):
    """The same appointment is open already."""

    code = "already-appointed"
    says = Text("该人员在该单位的此项任职尚未终止", "The person already has this office in this unit")
    remedy = Text("如需续任，请先终止原任职", "To renew it, end the present appointment first")
    who = Text("安全管理员", "the security administrator")


class AppointmentClosedError(ConflictError):
    """The appointment is confirmed or ended already."""

    code = "appointment-closed"
    says = Text("该任职已确认或已终止", "The appointment is already confirmed or ended")


class LastSecurityAdministratorError(ConflictError):
    """Without a security administrator nobody could ever appoint one again."""

    code = "last-security-administrator"
    clause = "JC 8"
    says = Text("这是最后一名安全管理员，不能终止", "This is the last security administrator")
    remedy = Text("请先任命并确认继任者", "Appoint and confirm a successor first")
    who = Text("安全管理员", "the security administrator")


class RegisterNotEmptyError(ConflictError):
    """The founding list may only be loaded into an empty register; afterwards everything takes the approval road."""

    code = "register-not-empty"
    clause = "JC 7"
    says = Text(
        "登记库已有数据，不能再导入初始名单", "The register is not empty; a founding list can no longer be loaded"
    )
    remedy = Text("请按申请、审批流程办理", "Use requests and approvals")
