"""Why a directory's answer is not believed: one class per case, each with its own code. Nobody is frozen on any."""

from connector.errors import ConflictError, ConnectorError, Text
from connector.ports import DirectoryReadError

_ADMINISTRATOR = Text("目录服务管理员", "the directory's administrator")
_OPERATOR = Text("信息技术科", "the information technology department")


class SizeLimitError(DirectoryReadError):
    """LDAP result 4: the server stopped at its size limit; ldap3 reports this as success."""

    code = "directory-size-limit"
    says = Text(
        "人事目录因条数上限只返回了一部分（{count}人）", "The directory stopped at its size limit after {count} people"
    )
    remedy = Text(
        "请为只读账号放开分页总数上限（OpenLDAP：limits … size.prtotal=unlimited）后重新运行",
        "Lift the limit for the read-only account (OpenLDAP: limits … size.prtotal=unlimited), then run again",
    )
    who = _ADMINISTRATOR


class TimeLimitError(DirectoryReadError):
    """LDAP result 3: the server stopped at its time limit."""

    code = "directory-time-limit"
    says = Text(
        "人事目录因时间上限只返回了一部分（{count}人）", "The directory stopped at its time limit after {count} people"
    )
    remedy = Text(
        "请放宽只读账号的时间上限或建立索引后重新运行", "Raise the time limit or add an index, then run again"
    )
    who = _ADMINISTRATOR


class AdministrativeLimitError(DirectoryReadError):
    """LDAP result 11: another limit of the server."""

    code = "directory-administrative-limit"
    says = Text("人事目录因管理上限中止了查询", "The directory stopped at an administrative limit")
    remedy = Text("请调整目录服务的查询上限后重新运行", "Adjust the limits of the directory, then run again")
    who = _ADMINISTRATOR


class ReferralError(DirectoryReadError):
    """A part of the people lives on another server: LDAP result 10, or a continuation reference among the rows."""

    code = "directory-referral"
    says = Text(
        "人事目录把一部分人员指向了别的服务器", "The directory refers to another server for a part of the people"
    )
    remedy = Text(
        "请改读包含全部人员的服务器（例如全局编录）",
        "Read a server that holds everybody (for example the global catalogue)",
    )


class NoSuchBaseError(DirectoryReadError):
    """LDAP result 32: the base is misspelt, or hidden from the read-only account."""

    code = "directory-no-such-base"
    says = Text(
        "人事目录中没有所设的基准DN，或只读账号看不到它",
        "The base DN does not exist, or is hidden from the read-only account",
    )
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_BASE 和只读账号的权限",
        "Check TRADING_IDP_LDAP_BASE and the rights of the read-only account",
    )
    who = _OPERATOR


class InsufficientAccessError(DirectoryReadError):
    """LDAP result 50, or rows whose attributes are hidden."""

    code = "directory-insufficient-access"
    says = Text("只读账号无权读取人事目录", "The read-only account may not read the directory")
    remedy = Text("请授予只读账号对全部人员的读取权限", "Grant the account read access to everybody")
    who = _ADMINISTRATOR


class CredentialsRefusedError(DirectoryReadError):
    """LDAP results 7, 8, 13, 48, 49, 53 on bind: who we are, or how we prove it, is not accepted."""

    code = "directory-credentials-refused"
    says = Text("人事目录拒绝了只读账号的登录（{result}）", "The directory refused the read-only account ({result})")
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_BIND_DN、口令以及是否必须使用 ldaps",
        "Check TRADING_IDP_LDAP_BIND_DN, its password, and whether ldaps is required",
    )
    who = _OPERATOR


class EmptyDirectoryError(DirectoryReadError):
    """There is nothing below the base."""

    code = "directory-empty"
    says = Text("人事目录的基准DN下没有任何条目", "There is nothing below the base DN")
    remedy = Text("请核对基准DN和目录的数据", "Check the base DN and the data of the directory")
    who = _OPERATOR


class FilterMatchesNothingError(DirectoryReadError):
    """There are entries, and the filter selects none: LDAP calls this success, as with a misspelt class."""

    code = "directory-filter-matches-nothing"
    says = Text("查询条件没有选中任何人员", "The filter selects nobody")
    remedy = Text("请核对 TRADING_IDP_LDAP_FILTER 的拼写", "Check the spelling of TRADING_IDP_LDAP_FILTER")
    who = _OPERATOR


class FilterSyntaxError(DirectoryReadError):
    """The filter or the base is not well formed."""

    code = "directory-filter-syntax"
    says = Text("查询条件或DN的写法有误", "The filter or a DN is not well formed")
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_FILTER 和 TRADING_IDP_LDAP_BASE",
        "Check TRADING_IDP_LDAP_FILTER and TRADING_IDP_LDAP_BASE",
    )
    who = _OPERATOR


class CutOffError(DirectoryReadError):
    """The connection ended before the last page."""

    code = "directory-cut-off"
    says = Text(
        "读取中途连接断开（已读{count}人）", "The connection ended in the middle of the answer, after {count} people"
    )
    remedy = Text(
        "请检查目录服务是否重启或网络中断，然后重新运行",
        "See whether the directory restarted or the network failed, then run again",
    )


class AnswerTimeoutError(DirectoryReadError):
    """No answer within the limit: the directory hangs."""

    code = "directory-timeout"
    says = Text("人事目录在{seconds:g}秒内没有应答", "The directory did not answer within {seconds:g} s")
    remedy = Text("请检查目录服务的负载和网络", "Check the load of the directory and the network")


class UnreachableError(DirectoryReadError):
    """No connection could be made."""

    code = "directory-unreachable"
    says = Text("连接不上人事目录", "The directory cannot be reached")
    remedy = Text("请核对 TRADING_IDP_LDAP_URL、端口和防火墙", "Check TRADING_IDP_LDAP_URL, the port and the firewall")


class TlsFailedError(DirectoryReadError):
    """The certificate is not signed by the CA, or is for another name."""

    code = "directory-tls"
    says = Text("人事目录的TLS证书未通过校验", "The directory's TLS certificate does not verify")
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_CA_FILE 和证书中的主机名",
        "Check TRADING_IDP_LDAP_CA_FILE and the host name in the certificate",
    )
    who = _OPERATOR


class PagingRefusedError(DirectoryReadError):
    """The server does not page, so that an answer can never be shown to be complete."""

    code = "directory-no-paging"
    says = Text("目录服务不支持分页，无法证明读取完整", "The directory does not page; completeness cannot be shown")
    remedy = Text("请启用 RFC 2696 分页控件", "Enable the paged results control (RFC 2696)")
    who = _ADMINISTRATOR


class DuplicateKeyError(DirectoryReadError):
    """Two rows carry one key: the key attribute is not a key."""

    code = "directory-duplicate-key"
    says = Text("人事目录中有{count}个键值重复", "{count} key(s) stand on more than one row of the directory")
    remedy = Text(
        "请更正重复的工号，或改设 TRADING_IDP_LDAP_KEY_ATTRIBUTE",
        "Correct the keys, or set TRADING_IDP_LDAP_KEY_ATTRIBUTE",
    )
    who = Text("人事部门", "the personnel department")


class CanaryMissingError(DirectoryReadError):
    """An entry that must always be there is not: a part of the directory is hidden."""

    code = "directory-canary-missing"
    says = Text(
        "缺少{count}个必须存在的校验条目，目录的一部分不可见",
        "{count} canary entries are missing: a part of the directory is hidden",
    )
    remedy = Text(
        "请核对只读账号的可见范围和 TRADING_IDP_LDAP_CANARIES",
        "Check what the account may see, and TRADING_IDP_LDAP_CANARIES",
    )


class NoReadableRowError(DirectoryReadError):
    """Rows came, and not one could be understood: the key attribute is wrong or hidden."""

    code = "directory-no-readable-row"
    says = Text(
        "返回的{count}行均无法识别（键属性缺失或不可见）",
        "None of the {count} rows can be understood (key attribute missing or hidden)",
    )
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_KEY_ATTRIBUTE 和属性权限", "Check TRADING_IDP_LDAP_KEY_ATTRIBUTE and the rights on it"
    )
    who = _OPERATOR


class UnexpectedAnswerError(DirectoryReadError):
    """Any other result code."""

    code = "directory-unexpected-answer"
    says = Text("人事目录返回了异常结果（{result}）", "The directory answered with {result}")


class StartTlsRefusedError(DirectoryReadError):
    """The server does not begin TLS on an ldap:// address; the account's password was not sent."""

    code = "directory-start-tls-refused"
    says = Text("人事目录不支持 StartTLS，口令未发送", "The directory refuses StartTLS; the password was not sent")
    remedy = Text(
        "请在目录服务上启用 StartTLS，或把 TRADING_IDP_LDAP_URL 改为 ldaps://",
        "Enable StartTLS there, or set TRADING_IDP_LDAP_URL to ldaps://",
    )
    who = _ADMINISTRATOR


class UnknownAttributeError(DirectoryReadError):
    """The directory's own schema does not know an attribute of the mapping: it would be empty for everybody."""

    code = "directory-unknown-attribute"
    says = Text("人事目录的架构中没有属性{attributes}", "The directory's schema does not know {attributes}")
    remedy = Text("请核对 {settings}", "Check {settings}")
    who = _OPERATOR


class LeaversGroupMissingError(DirectoryReadError):
    """The group whose members have left is not there, or is hidden: nobody would count as having left by it."""

    code = "directory-leavers-group-missing"
    says = Text("找不到离岗人员组，或只读账号看不到它", "The leavers' group does not exist, or is hidden")
    remedy = Text(
        "请核对 TRADING_IDP_LDAP_DEPARTED_GROUP 和只读账号的权限",
        "Check TRADING_IDP_LDAP_DEPARTED_GROUP and the rights of the read-only account",
    )
    who = _OPERATOR


class GroupCutShortError(DirectoryReadError):
    """The directory gave only the first values of the group's members and not the rest."""

    code = "directory-group-cut-short"
    says = Text("离岗人员组只返回了前{count}名成员", "The directory gave only the first {count} members of the group")
    remedy = Text(
        "请检查目录服务的多值属性上限（MaxValRange）后重新运行",
        "Check the directory's limit of values (MaxValRange), then run again",
    )
    who = _ADMINISTRATOR


class StaleReadingError(ConflictError):
    """A newer reading was recorded meanwhile; an older one must not undo it."""

    code = "directory-reading-stale"
    says = Text("已有更新的目录读取结果，本次结果未使用", "A newer reading is already recorded; this one was not used")
    remedy = Text("无需处理；如有需要请重新运行", "Nothing to do; run again if needed")


class NotConfiguredError(ConnectorError):
    """No directory is set."""

    code = "directory-not-configured"
    status = 409
    says = Text("没有配置人事目录", "No HR directory is configured")
    remedy = Text("请设置 TRADING_IDP_LDAP_URL 等变量", "Set TRADING_IDP_LDAP_URL and the settings beside it")
