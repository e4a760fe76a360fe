"""The machine's clock behind the Clock port. Everything below the boundary takes `now` as an argument."""

from datetime import UTC, datetime


class SystemClock:
    """The present moment of this machine, aware, UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
