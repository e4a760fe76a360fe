"""What can be wrong with rule packs, the rules they make together and the file of working days. Knows no pack."""

from connector.errors import ConnectorError, NotFoundError, Text

SHAPE = '{{"2027": {{"holidays": ["2027-01-01"], "working_days": ["2027-01-03"], "source": "…"}}}}'


class RulePackError(ConnectorError):
    """A rule pack file cannot be used, or contradicts itself; nothing of it is in force."""

    code = "rule-pack-refused"
    status = 500
    says = Text("规则包 {file} 的“{key}”有误：{reason_zh}", "Rule pack {file}, “{key}”: {reason}")
    remedy = Text("{remedy_zh}", "{remedy}")
    who = Text("维护规则包的人员", "whoever keeps the rule packs")

    def __init__(self, file: str, key: str, *, reason: Text, remedy: Text) -> None:
        super().__init__(
            file=file, key=key, reason_zh=reason.zh, reason=reason.en, remedy_zh=remedy.zh, remedy=remedy.en
        )


class UnknownRulePackError(ConnectorError):
    """The settings name a rule pack that is nowhere."""

    code = "rule-pack-unknown"
    status = 500
    says = Text("没有名为 {pack} 的规则包", "There is no rule pack {pack}")
    remedy = Text(
        "请在 TRADING_IDP_RULE_PACKS 中改用：{known}，或把规则包文件放入 TRADING_IDP_RULE_PACK_DIR",
        "Name one of {known} in TRADING_IDP_RULE_PACKS, or put its file into TRADING_IDP_RULE_PACK_DIR",
    )


class RulesContradictError(ConnectorError):
    """Two packs in force cannot both be obeyed; a person must decide which one goes."""

    code = "rules-contradict"
    status = 500
    says = Text(
        "规则相互矛盾：{name}（{first}；{second}）", "The rules contradict each other: {name} ({first}; {second})"
    )
    remedy = Text("请停用其中一个规则包，或修改其取值", "Take one of the packs out of force, or change its value")
    who = Text("维护规则包的人员", "whoever keeps the rule packs")


class CalendarFileError(ConnectorError):
    """The override file of working days cannot be used."""

    code = "calendar-file-refused"
    status = 500
    says = Text("工作日文件 {file} 的“{key}”有误：{reason_zh}", "File of working days {file}, “{key}”: {reason}")
    remedy = Text(
        "请按国务院办公厅节假日通知修改，格式：" + SHAPE,
        "Correct it from the State Council notice; the shape is " + SHAPE,
    )

    def __init__(self, file: str, key: str, reason: Text) -> None:
        super().__init__(file=file, key=key, reason_zh=reason.zh, reason=reason.en)


class UnknownRuleError(NotFoundError):
    """No value in force has this name."""

    code = "rule-unknown"

    def __init__(self, name: str) -> None:
        super().__init__(kind="rule", name=name)
