"""Everything on one machine: starts Keycloak, the sample directory, connector and jobs, and stops what it started.

The product's own commands are run as its users run them, as programs of their own; nothing is built in this process.
"""

import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.embedded.artifacts import Progress, default_cache, ignore_progress
from connector.embedded.city import SampleCity
from connector.embedded.directory import RunningDirectory, start_directory
from connector.embedded.errors import CommandFailedError
from connector.embedded.keycloak import RunningKeycloak, start_keycloak
from connector.embedded.place import Place
from connector.embedded.process import ServerProcess, start_process
from connector.errors import Text

Say = Callable[[Text], None]
SUBSYSTEMS = ("website", "bid-opening", "member", "centre", "door-access")
REALM = "trading"
_READY_SECONDS = 120.0
_COMMAND_SECONDS = 300.0
_REASON_CHARACTERS = 800


class Machine:
    """The system on this machine. `start` once, `stop` in the end, whatever happened."""

    def __init__(self, place: Place, say: Say) -> None:
        self.place = place
        self.ports = place.ports()
        self.keycloak: RunningKeycloak | None = None
        self.directory: RunningDirectory | None = None
        self._say = say
        self._processes: list[ServerProcess] = []

    @property
    def url(self) -> str:
        """The connector's address."""
        return f"http://localhost:{self.ports['connector']}"

    @property
    def keycloak_url(self) -> str:
        return f"http://localhost:{self.ports['keycloak']}"

    @property
    def subsystems_url(self) -> str:
        return f"http://localhost:{self.ports['subsystems']}"

    @property
    def oa_origin(self) -> str:
        return f"http://127.0.0.1:{self.ports['oa']}"

    @property
    def redirect_uris(self) -> dict[str, str]:
        """Where the login of each subsystem returns to."""
        return {name: f"{self.subsystems_url}/{name}/callback" for name in SUBSYSTEMS}

    @property
    def has_city(self) -> bool:
        return self.place.recall("city") is not None

    def start(self, city: SampleCity | None, progress: Progress = ignore_progress) -> None:
        """Starts all of it. With `city`, an empty register is founded from it; a data directory that has one keeps it.

        Raises ServerFileMissingError, JavaMissingError, ServerNotStartedError, CommandFailedError.
        """
        with ThreadPoolExecutor(1) as pool:
            register = pool.submit(self._prepare_register, city, progress)
            self._start_keycloak(progress)  # In this thread: an interrupt reaches the server that is being started.
            register.result()
        self._say(Text("应用域配置", "applying the realm"))
        self.run("realm", "apply", "--json", secrets=self._administrator())
        self._start_services()
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self.environment().items()]
        self.place.write(self.place.environment_file.name, "".join(lines))

    def stop(self) -> None:
        """Stops every process that was started, the last one first."""
        while self._processes:
            self._processes.pop().stop()

    def ended(self) -> str:
        """Name of a server that has ended by itself, or empty."""
        return next((process.name for process in self._processes if not process.is_running()), "")

    def environment(self) -> dict[str, str]:
        """The settings of every program of this machine."""
        values = {
            "DATA_DIR": str(self.place.folder),
            "DATABASE_URL": "",
            "PUBLIC_URL": self.url,
            "BIND_HOST": "127.0.0.1",
            "BIND_PORT": str(self.ports["connector"]),
            "KEYCLOAK_URL": self.keycloak_url,
            "KEYCLOAK_REALM": REALM,
            "SUBSYSTEM_URLS": json.dumps(self.redirect_uris),
            "LOGOUT_URLS": json.dumps({name: f"{self.subsystems_url}/{name}/logout" for name in SUBSYSTEMS}),
            "WEBHOOK_ALLOW": self.oa_origin,
            "SMTP_HOST": "",
            "ENVIRONMENT": "demo",
        }
        if self.directory:
            values |= {
                "LDAP_URL": self.directory.url,
                "LDAP_BIND_DN": self.directory.admin_dn,
                "LDAP_PASSWORD": self.directory.admin_password,
                "LDAP_BASE": self.directory.people,
                "LDAP_STATUS_ATTRIBUTE": "employeeStatus",
            }
        return {f"TRADING_IDP_{name}": value for name, value in values.items()}

    def run(self, *arguments: str, secrets: dict[str, str] | None = None) -> Any:
        """Runs one command of `trading-idp` and returns the JSON it printed; CommandFailedError with its reason."""
        done = self.attempt(*arguments, secrets=secrets)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-_REASON_CHARACTERS:]
            raise CommandFailedError(part=f"trading-idp {' '.join(arguments[:2])}", reason=said)
        return json.loads(done.stdout or "null")

    def attempt(self, *arguments: str, secrets: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Runs one command of `trading-idp`, also one that is expected to fail."""
        return subprocess.run(  # noqa: S603  the program is this package's own.
            [sys.executable, "-m", "connector.cli", *arguments],
            env={**os.environ, **_bytecode(), **self.environment(), **(secrets or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def _start_keycloak(self, progress: Progress) -> None:
        self._say(Text("启动 Keycloak", "starting Keycloak"))
        self.keycloak = start_keycloak(
            data_dir=self.place.servers,
            cache_dir=default_cache(),
            port=self.ports["keycloak"],
            progress=progress,
        )
        self._processes.insert(0, self.keycloak.process)

    def _start_directory(self, ldif: str, progress: Progress) -> None:
        self._say(Text("启动示例人事目录", "starting the sample HR directory"))
        self.directory = start_directory(
            data_dir=self.place.servers,
            cache_dir=default_cache(),
            ldif=ldif,
            port=self.ports["directory"],
            progress=progress,
        )
        self._processes.append(self.directory.process)

    def _prepare_register(self, city: SampleCity | None, progress: Progress) -> None:
        if city is not None or self.has_city:
            self._start_directory(city.ldif if city else "", progress)
        self._say(Text("建立数据库", "preparing the database"))
        self.run("database", "upgrade", "--json")
        if city is None or self.has_city:
            return
        self._say(Text("导入示例城市", "founding the sample city"))
        founding = self.place.write("founding-list.json", city.founding.model_dump_json(indent=1))
        report = self.run("founding", "load", str(founding), "--json")
        keys = [person.directory_key for person in city.founding.persons if person.account_class]
        self.place.remember("city", dict(zip(keys, report["accounts"], strict=True)))

    def _administrator(self) -> dict[str, str]:
        """Only `realm apply` may act as Keycloak's administrator; no server of this machine is given his password."""
        if self.keycloak is None:
            return {}
        return {
            "TRADING_IDP_KEYCLOAK_ADMIN_USER": self.keycloak.admin_user,
            "TRADING_IDP_KEYCLOAK_ADMIN_PASSWORD": self.keycloak.admin_password,
        }

    def _start_services(self) -> None:
        self._say(Text("启动连接服务和定时作业", "starting connector and jobs"))
        self._start_service("connector", ("connector.cli", "serve"))
        jobs = self._start_service("jobs", ("jobs",))
        self._processes[-2].wait_ready(lambda: is_ready(f"{self.url}/health/ready"), _READY_SECONDS)
        jobs.wait_ready(lambda: "jobs.started" in jobs.log_file.read_text(errors="replace"), _READY_SECONDS)

    def _start_service(self, name: str, module: Sequence[str]) -> ServerProcess:
        log_file = self.place.servers / f"{name}.log"
        log_file.unlink(missing_ok=True)
        process = start_process(
            name, [sys.executable, "-m", *module], log_file=log_file, environment=_bytecode() | self.environment()
        )
        self._processes.append(process)
        return process


def _bytecode() -> dict[str, str]:
    """Where this Python may not write bytecode beside its sources, each command would compile every library anew
    (two seconds, measured): they share the cache folder instead."""
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(default_cache() / "bytecode")}


def is_ready(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  an address of this machine.
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
