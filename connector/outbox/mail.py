"""Handler of the outbox steps of kind "mail"."""

from connector.outbox.deliver import Handler
from connector.outbox.tables import StepRow
from connector.ports import Mailer


class MailHandlers:
    """Sends what stands in the payload: `to`, `subject`, `text`. The message id is the step's key on every try."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def table(self) -> dict[str, Handler]:
        return {"mail": self.send}

    def send(self, step: StepRow) -> None:
        payload = step.payload
        self._mailer.send(
            to=payload["to"], subject=payload["subject"], text=payload["text"], message_id=step.key.replace(":", "-")
        )
