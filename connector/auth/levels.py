"""How surely a person has proved who he is, and what needs more than a password. Pure."""

from collections.abc import Mapping

from connector.auth.actor import Actor, ActorKind
from connector.errors import ConnectorError, Text

PASSWORD, SECOND_FACTOR = "pwd", "mfa"  # acr values of the realm
RANK: Mapping[str | None, int] = {PASSWORD: 1, SECOND_FACTOR: 2}
SIGNED = "webhook"  # An office system's message proves itself by its signature, once (B11).


class StepUpNeededError(ConnectorError):
    """The act needs a second factor, and the sign-in was by password alone (RFC 9470)."""

    code = "step-up-needed"
    status = 403
    clause = "GS 10(2)"
    says = Text("此操作须先验证密钥或动态口令", "This needs a sign-in with the key or a one-time code")
    remedy = Text("请用密钥或动态口令验证后重试", "Prove the second factor, then try again")
    who = Text("使用人本人", "the person himself")

    def __init__(self, level: str = SECOND_FACTOR) -> None:
        super().__init__(acr_values=level)


def check_level(actor: Actor, level: str = SECOND_FACTOR) -> None:
    """Raises StepUpNeededError unless the person's sign-in is of this level. Jobs and the host have none to prove."""
    if actor.kind is not ActorKind.PERSON or actor.via == SIGNED:
        return
    if RANK.get(actor.acr, 0) < RANK[level]:
        raise StepUpNeededError(level)


def proof_words(actor: Actor) -> str:
    """How a decision was proved, for the record: "mfa hwk", "mfa otp", "webhook"."""
    if actor.via == SIGNED:
        return SIGNED
    methods = sorted(set(actor.amr) - {PASSWORD})
    return " ".join([actor.acr or "", *methods]).strip()[:64]
