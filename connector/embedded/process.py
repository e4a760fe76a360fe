"""Starts and ends server processes of this machine, each in a process group of its own. Knows no server."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from connector.embedded.errors import ServerNotStartedError

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05
_REASON_CHARACTERS = 600


def free_port() -> int:
    """A TCP port that nobody listens on at this moment, on loopback; bind it soon."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def is_port_free(port: int) -> bool:
    """Whether this process could listen on `port` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody accepts TCP connections on `port` of loopback."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


@dataclass(frozen=True)
class ServerProcess:
    """A started server: `pid` is its process id and, at once, the id of its process group."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Returns when `is_ready` first says so; stops the server and raises ServerNotStartedError otherwise."""
        deadline = time.monotonic() + seconds
        with self._stopped_on_interrupt():
            while not is_ready():
                if not self.is_running():
                    raise self._failure(f"exit code {self.process.returncode}")
                if time.monotonic() > deadline:
                    self.stop()
                    raise self._failure(f"no answer within {seconds:.0f} s")
                time.sleep(_POLL_SECONDS)

    def wait_done(self, seconds: float) -> None:
        """Returns when the process has ended with code 0; raises ServerNotStartedError otherwise."""
        try:
            with self._stopped_on_interrupt():
                code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise self._failure(f"not done within {seconds:.0f} s") from None
        if code:
            raise self._failure(f"exit code {code}")

    def stop(self, grace_seconds: float = 10.0) -> None:
        """Asks the group to end and, after the grace, kills it. A server that has ended already is no error."""
        if self.is_running():
            _signal_group(self.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_seconds)
        self.kill()

    def kill(self) -> None:
        """Kills the group at once, as a power cut would."""
        _signal_group(self.pid, signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        """Stops the server's clock: it keeps its connections and answers nothing, until `resume`."""
        _signal_group(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        _signal_group(self.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def _stopped_on_interrupt(self) -> Iterator[None]:
        """Ctrl-C during a start stops the server too: nobody else knows of it yet."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self.stop()
            raise

    def _failure(self, why: str) -> ServerNotStartedError:
        said = self.log_file.read_text(errors="replace").strip()[-_REASON_CHARACTERS:]
        return ServerNotStartedError(part=self.name, reason=f"{why}; {said}", log=self.log_file)


def start_process(
    name: str,
    command: Sequence[str | Path],
    *,
    log_file: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    as_user: str | None = None,
) -> ServerProcess:
    """Starts `command` with its output in `log_file`; `environment` is added to this process's own.

    `as_user` is the name of the account it runs under, for servers that refuse root; None keeps the present one.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    log_file.touch(mode=0o600)
    with log_file.open("ab") as log:
        process = _spawn(command, log, {**os.environ, **(environment or {})}, directory, as_user)
    return ServerProcess(name, process, log_file)


def _spawn(
    command: Sequence[str | Path],
    log: IO[bytes],
    environment: dict[str, str],
    directory: Path | None,
    as_user: str | None,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  the commands are this package's own.
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        user=as_user,
        group=as_user,
        extra_groups=[] if as_user else None,
        start_new_session=True,
    )


def stop_group(pid: int, grace_seconds: float = 10.0) -> None:
    """Ends the process group `pid` that another process of this product started; one that is gone is no error."""
    deadline = time.monotonic() + grace_seconds
    _signal_group(pid, signal.SIGTERM)
    while _group_lives(pid) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True
