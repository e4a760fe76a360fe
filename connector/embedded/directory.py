"""Runs a sample HR directory on this machine: UnboundID's in-memory LDAP server, reachable from loopback only.

Its own command-line tool listens on every network of the machine, so a short BeanShell script starts it instead.
It is kept in memory; its content is written back to its LDIF file when it is stopped.
"""

import secrets
import subprocess
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from connector.embedded.artifacts import DIRECTORY, SCRIPTING, Progress, fetch, ignore_progress
from connector.embedded.errors import DirectoryChangeError
from connector.embedded.java import find_java_home
from connector.embedded.process import LOOPBACK, ServerProcess, answers, free_port, start_process
from connector.embedded.sample_people import BASE_DN, PEOPLE_OU, SCHEMA_LDIF

ADMIN_DN = "cn=admin"
_HEAP = "-Xmx256m"  # 20,000 people fit.
_READY_SECONDS = 60.0
_CHANGE_SECONDS = 60.0


@dataclass(frozen=True)
class RunningDirectory:
    """A started directory. `people` is the DN its people stand under; `password_file` holds the administrator's."""

    url: str
    port: int
    base: str
    people: str
    admin_dn: str
    password_file: Path
    java: Path
    sdk: Path
    process: ServerProcess

    @property
    def admin_password(self) -> str:
        return self.password_file.read_text(encoding="ascii")

    def change(self, ldif: str) -> None:
        """Applies change records (RFC 2849) in order; raises DirectoryChangeError at the first refused."""
        address = ["--hostname", LOOPBACK, "--port", str(self.port)]
        bind = ["--bindDN", self.admin_dn, "--bindPasswordFile", str(self.password_file)]
        tool = "com.unboundid.ldap.sdk.unboundidds.tools.LDAPModify"
        done = subprocess.run(  # noqa: S603  the program is the Java found above.
            [self.java, "-cp", self.sdk, tool, *address, *bind],
            input=ldif.encode(),
            capture_output=True,
            timeout=_CHANGE_SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise DirectoryChangeError(reason=said)

    def set_statuses(self, statuses: dict[str, str]) -> None:
        """Sets employeeStatus (active, left) of the sample people by their numbers."""
        records = (
            f"dn: employeeNumber={number},{self.people}\nchangetype: modify\n"
            f"replace: employeeStatus\nemployeeStatus: {status}\n"
            for number, status in statuses.items()
        )
        self.change("\n".join(records))


def start_directory(
    *,
    data_dir: Path,
    cache_dir: Path,
    ldif: str,
    port: int | None = None,
    progress: Progress = ignore_progress,
) -> RunningDirectory:
    """Starts the directory and returns when it answers. `ldif` is its content, unless `data_dir` already has one.

    Raises ServerFileMissingError, JavaMissingError or ServerNotStartedError.
    """
    java = find_java_home() / "bin" / "java"
    sdk, scripting = fetch(DIRECTORY, cache_dir, progress), fetch(SCRIPTING, cache_dir, progress)
    content, schema, password = _write_files(data_dir, ldif)
    port = port or free_port()
    script = files("connector.embedded") / "directory.bsh"
    with as_file(script) as script_file:
        arguments = [str(port), str(content), str(schema), ADMIN_DN, str(password), BASE_DN]
        program = [str(java), _HEAP, "-cp", f"{sdk}:{scripting}", "bsh.Interpreter", str(script_file)]
        process = start_process("LDAP", [*program, *arguments], log_file=data_dir / "directory.log")
        process.wait_ready(lambda: answers(port), _READY_SECONDS)
    return RunningDirectory(
        url=f"ldap://{LOOPBACK}:{port}",
        port=port,
        base=BASE_DN,
        people=f"ou={PEOPLE_OU},{BASE_DN}",
        admin_dn=ADMIN_DN,
        password_file=password,
        java=java,
        sdk=sdk,
        process=process,
    )


def _write_files(data_dir: Path, ldif: str) -> tuple[Path, Path, Path]:
    """Content, schema and password files; the content and the password of an earlier start stay."""
    data_dir.mkdir(parents=True, exist_ok=True)
    content, schema, password = (data_dir / f"directory{end}" for end in (".ldif", "-schema.ldif", "-admin-password"))
    if not content.exists():
        content.write_text(ldif, encoding="utf-8")
    schema.write_text(SCHEMA_LDIF, encoding="utf-8")
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return content, schema, password
