"""Lets one service of a kind run on an SQLite database, and refuses the second. Knows no feature."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import ConflictError, Text


class SecondInstanceError(ConflictError):
    """SQLite serves one connector and one worker on one host; several replicas need PostgreSQL."""

    code = "second-instance"
    says = Text("另一个{service}进程正在使用此数据目录", "Another {service} process is using this data directory")
    remedy = Text("请先停止它；多副本部署请改用PostgreSQL", "Stop it first; use PostgreSQL to run several replicas")


@contextmanager
def only_instance(directory: Path, service: str) -> Iterator[None]:
    """Holds the lock of `service` in `directory` for the block; SecondInstanceError at once when it is taken."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{service}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SecondInstanceError(service=service) from error
        yield
