"""Refusals about deputies and absences: each with its clause, what to do and who can do it."""

from connector.errors import ConflictError, ForbiddenError, Text


class NotDelegableError(ForbiddenError):
    """The office, or this decision of it, is exercised in person."""

    code = "not-delegable"
    clause = "HH 3"
    says = Text("此项须由{office}本人办理，不得代理", "This is done by the {office_en} in person, never by a deputy")
    remedy = Text("请由任职人员本人办理，或另行任命", "Have the office holder do it, or appoint another holder")
    who = Text("{office}本人", "the {office_en} himself")


class UnfitDeputyError(ConflictError):
    """The person cannot be a deputy: `reason` says why; nothing about his data is told."""

    code = "unfit-deputy"
    clause = "HH 3, JC 8"
    says = Text("该人员不能担任代理人：{reason_zh}", "This person cannot be a deputy: {reason}")
    remedy = Text("请另择代理人", "Name somebody else")
    who = Text("任职人员", "the office holder")


class DeputyNamedError(ConflictError):
    """The appointment has a deputy for some of these days already: whom to ask must be one."""

    code = "deputy-named"
    clause = "HH 3"
    says = Text("该任职在这段时间已有代理人", "This office has a deputy for some of these days already")
    remedy = Text("请先终止原代理，或改用其他日期", "End the other deputy first, or choose other days")
    who = Text("任职人员", "the office holder")


class NotAwayError(ForbiddenError):
    """A deputy is named for somebody else only while he is noted as away."""

    code = "not-away"
    clause = "HH 3"
    says = Text(
        "任职人员在这些日期没有外出登记，代理人须由其本人指定",
        "The office holder is not noted as away on these days; he names his deputy himself",
    )
    remedy = Text("请由本人指定，或先登记其外出日期", "Have him name the deputy, or note his absence first")
    who = Text("任职人员本人，或安全管理员", "the office holder, or the security administrator")


class DeputyClosedError(ConflictError):
    """The deputy is confirmed or ended already, or the office is no longer held."""

    code = "deputy-closed"
    clause = "HH 3"
    says = Text(
        "该代理已确认、已终止，或任职已失效", "It is confirmed or ended already, or the office is no longer held"
    )
    remedy = Text("请查看现有代理，如仍需要请重新指定", "Look at the deputies there are; name one again if needed")
    who = Text("任职人员", "the office holder")


class DeputySelfConfirmationError(ForbiddenError):
    """Who names a deputy for another, the deputy and the holder do not confirm it."""

    code = "deputy-self-confirmation"
    clause = "JC 7, HH 3"
    says = Text(
        "代为指定的代理须由指定人、代理人和任职人员以外的人确认",
        "It is confirmed by somebody other than its maker, the deputy and the office holder",
    )
    remedy = Text("请由另一名安全管理员或中心主要负责人确认", "Ask another security administrator or the principal")
    who = Text("另一名安全管理员或中心主要负责人", "another security administrator, or the principal")
