"""Refusals of conflicts of duty. Facts are charges, permissions and numbers of projects, never names of persons."""

from connector.errors import ConflictError, ForbiddenError, Text

_APPROVER = Text("例外审批人（分管负责人）", "the approver of exceptions (leader in charge)")


class ConflictOfDutyError(ConflictError):
    """One person would have two charges that exclude each other at one time."""

    code = "conflict-of-duty"
    clause = "HH 3, JC 7"
    says = Text(
        "“{first_zh}”（{first}）与“{second_zh}”（{second}）不得由同一人同时承担{project_zh}",
        "{first_en} ({first}) and {second_en} ({second}) exclude each other in one person{project_en}",
    )
    remedy = Text(
        "请改由他人承担，或先撤销其一；确需兼任的，另行申请职责冲突例外",
        "Let another person have one of them, or withdraw it first; else apply for an exception",
    )
    who = _APPROVER


class BlackoutError(ConflictError):
    """Around the opening of bids nobody gets or uses sensitive permissions."""

    code = "bid-opening-blackout"
    clause = "LC 8"
    says = Text(
        "项目{project}开标前后（至{until}）为封闭期，不办理也不使用敏感权限：{permissions}",
        "Around the opening of {project} (until {until}) sensitive permissions are not given or used: {permissions}",
    )
    remedy = Text("请在封闭期结束后办理，确有必要的另行申请例外", "Wait until it is over, or apply for an exception")
    who = _APPROVER


class OwnExceptionError(ForbiddenError):
    """Whoever approved the exception does not decide the request that rests on it."""

    code = "own-exception"
    clause = "JC 7, HH 3"
    says = Text(
        "例外{number}的审批人不得再审批依据该例外的申请",
        "Whoever approved the exception {number} does not decide the request that rests on it",
    )
    remedy = Text("请由本环节的其他任职人员审批", "Another holder of this stage's office must decide")
    who = Text("本环节其他任职人员", "another holder of the office")


class ProjectClosedError(ConflictError):
    """The project is closed."""

    code = "project-closed"
    clause = "HH 3"
    says = Text("项目{number}已办结", "The project {number} is closed")
    remedy = Text("请核对项目编号", "Check the number")
    who = Text("项目承办科室", "the unit of the project")


class AlreadyAssignedError(ConflictError):
    """The person has this charge in this phase already."""

    code = "already-assigned"
    clause = "HH 3"
    says = Text("此人在项目{number}的该阶段已登记此项职责", "He has this charge in that phase of {number} already")
    remedy = Text("无需重复登记", "Nothing is left to do")
    who = Text("项目承办科室", "the unit of the project")
