"""Refusals of the outbox."""

from connector.errors import ConflictError, Text


class StepNotEndedError(ConflictError):
    """Only a step that has stopped may be put back in line."""

    code = "step-not-ended"
    says = Text("此步骤的状态为{state}，不能重新排队", "The step is {state} and cannot be put back in line")
    remedy = Text("只有失败或冲突的步骤可以重试", "Only a dead or conflicting step can be retried")
