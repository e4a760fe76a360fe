"""The one error tree: what is wrong, why (clause), what to do, who can do it. Knows no feature and no library."""

from typing import Any, ClassVar, NamedTuple


class Text(NamedTuple):
    """One sentence in Chinese and in English; `{names}` are filled from the error's facts."""

    zh: str
    en: str

    def filled(self, facts: dict[str, Any]) -> "Text":
        return Text(self.zh.format(**facts), self.en.format(**facts))


class ConnectorError(Exception):
    """Root of every refusal and fault.

    Subclasses set `code` (stable, kebab-case), `status` (HTTP), `says`, `remedy`, `who` and, where a regulation is
    the reason, `clause` (for example "LC 5(3)"). Facts given to the constructor fill the texts and are shown in the
    problem document; never give personal values as facts.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    clause: ClassVar[str] = ""
    says: ClassVar[Text] = Text("请求不能完成", "The request cannot be completed")
    remedy: ClassVar[Text] = Text("请核对后重试", "Check the request and try again")
    who: ClassVar[Text] = Text("信息技术科", "the information technology department")

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.clause_cited = str(facts.pop("clause", "") or self.clause)
        super().__init__(self.says.filled(facts).en)

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem document of this error: type, title, status, detail, and clause, remedy, who, en."""
        says, remedy, who = (t.filled(self.facts) for t in (self.says, self.remedy, self.who))
        return {
            "type": f"urn:trading-idp:error:{self.code}",
            "title": says.zh,
            "status": self.status,
            "code": self.code,
            "clause": self.clause_cited,
            "detail": f"{says.zh}。{remedy.zh}。",
            "remedy": remedy.zh,
            "who": who.zh,
            "en": {"title": says.en, "remedy": remedy.en, "who": who.en},
            **({"facts": self.facts} if self.facts else {}),
        }


class RefusedInputError(ConnectorError):
    """What was sent breaks a rule of form; nothing was stored. Carries every field that is wrong, at once."""

    code = "refused-input"
    status = 422
    says = Text("有{count}处需要修改", "{count} field(s) need correction")
    remedy = Text("请按各字段的说明修改后重新提交", "Correct each field named below and send it again")
    who = Text("申请人", "the applicant")

    def __init__(self, fields: "list[FieldProblem]", clause: str = "") -> None:
        self.fields = fields
        super().__init__(count=len(fields), clause=clause)

    def problem(self) -> dict[str, Any]:
        return {**super().problem(), "fields": [f._asdict() for f in self.fields]}


class FieldProblem(NamedTuple):
    """One wrong field: its name, why in Chinese and English, and the clause that asks for it."""

    field: str
    zh: str
    en: str
    clause: str = ""


class NotFoundError(ConnectorError):
    """There is no such thing, or the caller may not know of it."""

    code = "not-found"
    status = 404
    says = Text("找不到{kind}：{name}", "No such {kind}: {name}")
    remedy = Text("请核对编号或名称", "Check the number or name")


class NotSignedInError(ConnectorError):
    """The caller did not prove who he is."""

    code = "not-signed-in"
    status = 401
    says = Text("未登录或登录已过期", "Not signed in, or the sign-in has expired")
    remedy = Text("请登录后重试", "Sign in and try again")
    who = Text("使用人", "the person")


class ForbiddenError(ConnectorError):
    """The caller is known, and may not do this."""

    code = "forbidden"
    status = 403
    says = Text("没有此项操作的权限：{act}", "Not permitted: {act}")
    remedy = Text("请由{offices}办理", "Ask a holder of: {offices}")
    who = Text("{offices}", "{offices}")


class ConflictError(ConnectorError):
    """Somebody or something was first; what was sent no longer fits the state."""

    code = "conflict"
    status = 409
    says = Text("状态已变化，操作未执行", "The state has changed; nothing was done")
    remedy = Text("请刷新后重新办理", "Reload and decide again")


class UnavailableError(ConnectorError):
    """A part this product depends on does not answer; nothing was lost and it can be tried again.

    `retry_after` (seconds) is how long the other side asked us to wait, when it did.
    """

    retry_after: float | None = None

    code = "unavailable"
    status = 503
    says = Text("{part}暂时不可用", "{part} is not available")
    remedy = Text(
        "操作未执行，请稍后重试；已提交的内容不会丢失", "Nothing was done; try again later, nothing submitted is lost"
    )


class FaultError(ConnectorError):
    """A defect of this product; what happened stands in its log, not in the answer."""

    code = "fault"
    status = 500
    says = Text("程序内部错误，操作未执行", "An internal error; nothing was done")
    remedy = Text("请查看日志并报告此问题", "Look into the log and report this")
