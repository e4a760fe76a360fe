"""What follows the adoption of a table: its excess holders are looked for at once. Touches no account."""

from collections.abc import Callable, Mapping

from connector.auth.act import Act
from connector.outbox.deliver import Handler
from connector.outbox.tables import StepRow
from connector.reconciliation.three_way import note_adoption
from connector.register.matrix import ADOPTED


class MatrixHandlers:
    """Handler of the step that an adopted table leaves behind."""

    def table(self) -> Mapping[str, Handler]:
        return {ADOPTED: self.look_for_excess}

    def look_for_excess(self, step: StepRow) -> Callable[[Act], None]:
        """Writes the worklist in the transaction that ends the step."""
        matrix_id = str(step.payload["matrix_id"])

        def write(act: Act) -> None:
            note_adoption(act, matrix_id)

        return write
