"""The data directory of `trading-idp up`: which ports it uses, and what the next start must know. Starts nothing."""

import json
import os
from pathlib import Path
from typing import Any

from connector.embedded.process import free_port, is_port_free

PORTS = ("keycloak", "directory", "connector", "subsystems", "oa")


class Place:
    """One data directory. What it remembers is in `up/`, readable by its owner alone: log-ins are among it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._memory = self.folder / "up"
        self._memory.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def servers(self) -> Path:
        """Where Keycloak and the directory keep their data and logs."""
        return self.folder / "servers"

    @property
    def mail(self) -> Path:
        """Where the connector writes mails while no mail server is set."""
        return self.folder / "mail"

    @property
    def environment_file(self) -> Path:
        """The settings as a shell reads them, for commands run beside the servers."""
        return self._memory / "environment"

    def ports(self) -> dict[str, int]:
        """A loopback port for each server: that of the last start, or a new one where somebody else has it now."""
        before: dict[str, int] = self.recall("ports", {})
        ports: dict[str, int] = {}
        for name in PORTS:
            port = before.get(name, 0)
            while not port or port in ports.values() or not is_port_free(port):
                port = free_port()
            ports[name] = port
        self.remember("ports", ports)
        return ports

    def recall(self, name: str, default: Any = None) -> Any:
        """What was remembered under this name; `default` where nothing was."""
        file = self._memory / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default

    def remember(self, name: str, value: Any) -> Path:
        """Keeps a JSON value for later starts; written whole and moved, so that a cut-off start leaves the old one."""
        text = json.dumps(value, ensure_ascii=False, indent=1)
        return self.write(f"{name}.json", text)

    def write(self, name: str, text: str) -> Path:
        """Writes a file beside the memory, for its owner alone; returns its path."""
        file, draft = self._memory / name, self._memory / f".{name}"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
        draft.replace(file)
        return file
