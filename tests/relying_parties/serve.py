"""Serves an application on a free port of this machine, in a thread; its address is known before it is built."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

import anyio
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
START_SECONDS = 10.0


@dataclass
class Place:
    """A port that is kept for one application. `start` and `stop` as often as a test likes."""

    port: int = 0
    _kept: socket.socket | None = None
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._kept = self._listen()
        self.port = self._kept.getsockname()[1]

    @property
    def url(self) -> str:
        """With `localhost`: security keys and cookies of browsers know no addresses in numbers."""
        return f"http://localhost:{self.port}"

    def start(self, app: ASGIApp) -> None:
        listening = self._kept or self._listen()
        self._kept = None
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        """From now on connections are refused; the port may be taken again by `start`."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_SECONDS)
            self._server = self._thread = None
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, self.port))
        return listening

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


class Gate:
    """Stands before an application. While it is shut, requests are taken and never answered: the subsystem hangs."""

    def __init__(self, app: ASGIApp) -> None:
        self.asked: list[str] = []  # addresses asked for while it was shut
        self._app = app
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._open.is_set():
            self.asked.append(scope["path"])
            while not self._open.is_set():
                await anyio.sleep(0.05)
            await Response(status_code=503)(scope, receive, send)
            return
        await self._app(scope, receive, send)


@contextmanager
def places(*names: str) -> Iterator[dict[str, Place]]:
    """A place for each name; all are stopped at the end of the block."""
    made = {name: Place() for name in names}
    try:
        yield made
    finally:
        for place in made.values():
            place.stop()
