"""Shapes of the messages that approvers' systems send. Unknown members are passed over, wrong ones are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from connector.regulations.vocabulary import Verdict

Short = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
Sentence = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]


class Decision(BaseModel):
    """One decision: on which task (the stage's id), by whom (user name), and on which content (digest)."""

    task: Short
    decided_by: Short
    verdict: Verdict
    reason: Sentence = ""
    digest: Short


class DecisionMessage(BaseModel):
    type: Literal["task.decided"]
    data: Decision


class DecisionTaken(BaseModel):
    """Answer to a decision that counts: the request's number and its state after it."""

    request: str
    state: str
    task: str
