"""Refusals about people of the directory and about what a leaver knew: each names the broken rule and its clause."""

from connector.errors import ConflictError, ForbiddenError, Text


class KeyNotPresentError(ConflictError):
    """Nobody is at work under this key, as far as the last complete read shows."""

    code = "directory-key-not-present"
    clause = "LC 5(3)"
    says = Text("人事目录中没有在岗的人员编号{key}", "Nobody is at work in the directory under the key {key}")
    remedy = Text(
        "请核对编号；刚刚登记的，请先运行 trading-idp departures run",
        "Check the key; for one just entered, run trading-idp departures run first",
    )


class KeyTakenError(ConflictError):
    """Another person of the register has this key."""

    code = "directory-key-taken"
    clause = "LC 5(3)"
    says = Text("人员编号{key}已属于另一使用人", "The key {key} belongs to another person")
    remedy = Text("请核对两名使用人的编号", "Compare the keys of both persons")


class KeyInUseError(ConflictError):
    """The person is still at work under his present key."""

    code = "directory-key-in-use"
    clause = "LC 5(3)"
    says = Text(
        "使用人现在的编号{key}仍在岗，人事目录中有两条在岗记录",
        "The person is at work under his present key {key}: the directory has two entries",
    )
    remedy = Text("请人事部门先停用其中一条", "Have the personnel department end one of the two")
    who = Text("人事部门", "the personnel department")


class LeaverMayNotRotateError(ForbiddenError):
    """Whoever knew a secret does not change it himself when he leaves."""

    code = "rotation-by-leaver"
    clause = "JC 22"
    says = Text("不能由离岗人员本人更改其知悉的口令或密钥", "The leaver does not change what he knew himself")
    remedy = Text("请由其他管理人员更改并登记", "Another administrator changes it and notes it")
    who = Text("其他管理人员", "another administrator")


class RotationItemDoneError(ConflictError):
    """Somebody noted this item before."""

    code = "rotation-item-done"
    clause = "JC 22"
    says = Text("此项已由他人更改并登记", "This item is noted as done already")
    remedy = Text("无需处理", "Nothing to do")


class SecretNameTakenError(ConflictError):
    """There is a secret of this name."""

    code = "secret-name-taken"
    clause = "JC 22"
    says = Text("已登记同名的共用口令或密钥：{name}", "A shared secret of this name is registered: {name}")
    remedy = Text("请换一个名称，或直接登记知悉人", "Choose another name, or note who knows it")
