"""A real PostgreSQL for the run: Debian's programs, an unprivileged account, loopback only, fsync off."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from connector.embedded.process import LOOPBACK, ServerProcess, free_port, start_process
from tests.servers.needs import need_program

_OWNER = "tester"
_PASSWORD = "loopback-only"
_START_SECONDS = 30.0
DEBIAN_FOLDERS = tuple(
    str(folder)
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: int(f.parent.name), reverse=True)
)
_OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "unix_socket_directories=",
)


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL: its port, and the process when this object started it."""

    port: int
    process: ServerProcess | None = None

    def url(self, database: str) -> str:
        """SQLAlchemy URL of `database`."""
        return f"postgresql+psycopg://{_OWNER}:{_PASSWORD}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        self._administer(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops it and ends every connection to it."""
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _conninfo(self) -> str:
        return f"host={LOOPBACK} port={self.port} user={_OWNER} password={_PASSWORD} dbname=postgres connect_timeout=5"

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self._conninfo()):
                return True
        except psycopg.OperationalError:
            return False


def start_postgres(folder: Path) -> Postgres:
    """Makes a new cluster in `folder` and starts it; as the account `postgres` when this is root, which it refuses."""
    initdb = need_program("initdb", "postgresql", DEBIAN_FOLDERS)
    server = need_program("postgres", "postgresql", DEBIAN_FOLDERS)
    account = _account()
    folder.mkdir(parents=True)
    password_file = folder / "password"
    password_file.write_text(_PASSWORD, encoding="utf-8")
    if account:
        _hand_over(folder, account)
    data = folder / "data"
    made = subprocess.run(
        [
            initdb,
            "-D",
            data,
            "-U",
            _OWNER,
            "--pwfile",
            password_file,
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ],
        user=account,
        group=account,
        extra_groups=[] if account else None,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return _start(server, folder, data, account)


def _start(server: Path, folder: Path, data: Path, account: str | None) -> Postgres:
    port = free_port()
    options = [part for option in _OPTIONS for part in ("-c", option)]
    command = [server, "-D", data, "-h", LOOPBACK, "-p", str(port), *options]
    process = start_process("PostgreSQL", command, log_file=folder / "postgres.log", directory=folder, as_user=account)
    postgres = Postgres(port, process)
    process.wait_ready(postgres.is_ready, _START_SECONDS)
    return postgres


def _account() -> str | None:
    """The unprivileged account to use, None for the present one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.fail("there is no account `postgres`: install it with `apt-get install postgresql`", pytrace=False)


def _hand_over(folder: Path, account: str) -> None:
    """Gives `folder` to the account and lets it pass the folders above, which pytest makes for their owner alone."""
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, account, account)
    for above in folder.parents:
        mode = above.stat().st_mode
        if above.owner() == pwd.getpwuid(os.geteuid()).pw_name and not mode & 0o001:
            above.chmod(mode | 0o011)
