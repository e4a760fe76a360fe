"""What can go wrong while a server is fetched or started on this machine, and the refusal of a sample login."""

from connector.errors import ConnectorError, Text, UnavailableError


class ServerNotStartedError(UnavailableError):
    """A server process ended, or did not answer within its deadline; `log` names the file that says why."""

    code = "server-not-started"
    says = Text("{part}未能启动：{reason}", "{part} did not start: {reason}")
    remedy = Text("请查看日志{log}，并运行 trading-idp doctor", "Read the log {log}, and run trading-idp doctor")


class ServerFileMissingError(UnavailableError):
    """A program this machine needs could not be fetched from the Maven repository."""

    code = "server-file-missing"
    says = Text("无法取得{part}：{reason}", "{part} could not be fetched: {reason}")
    remedy = Text(
        "请检查网络或代理后重试；已下载的文件会被保留",
        "Check the network or the proxy and try again; fetched files are kept",
    )


class JavaMissingError(UnavailableError):
    """There is no Java of the least version on this machine, and the packaged one cannot run here."""

    code = "java-missing"
    says = Text("本机没有可用的 Java {least} 或更高版本", "This machine has no usable Java {least} or later")
    remedy = Text("请安装 Java {least} 以上版本，或设置 JAVA_HOME", "Install Java {least} or later, or set JAVA_HOME")


class DirectoryChangeError(UnavailableError):
    """The sample directory refused a change; those before it in the same list were made."""

    code = "directory-change-refused"
    says = Text("示例人事目录拒绝了修改：{reason}", "The sample directory refused a change: {reason}")
    remedy = Text("请核对条目是否存在", "Check that the entry exists")


class CommandFailedError(UnavailableError):
    """A command of this product, run while the machine was set up, ended with an error; `reason` is its own text."""

    code = "command-failed"
    says = Text("{part} 执行失败：{reason}", "{part} failed: {reason}")
    remedy = Text("请按其提示处理后重试", "Do what it says, and try again")


class LoginRefusedError(ConnectorError):
    """Keycloak did not let the person in, or did not take the token. `reason` is its own text."""

    code = "login-refused"
    status = 401
    says = Text("登录被拒绝：{reason}", "The login was refused: {reason}")
    remedy = Text("请核对账号状态和口令", "Check the account's state and the password")

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
