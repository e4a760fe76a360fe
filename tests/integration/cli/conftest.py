"""The console script over a data directory of its own: in this process, and once as its users start it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connector.cli import make_app

SECONDS = 120


@dataclass
class Console:
    """Runs `trading-idp WORDS` with the settings given; `env` stands for the environment of the installation."""

    env: dict[str, str]

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """In this process: a Python of its own for each command would take most of the time."""
        done = CliRunner().invoke(make_app(), words, env={**self.env, **env, "COLUMNS": "200"})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In a process of its own."""
        command = [sys.executable, "-m", "connector.cli", *words]
        env = {**os.environ, **self.env, "COLUMNS": "200"}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)

    def json(self, *words: str, code: int = 0, **env: str) -> Any:
        """What the command prints with --json; its standard output holds nothing else."""
        done = self.run(*words, "--json", **env)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return json.loads(done.stdout)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """Keycloak's address is one where nothing answers."""
    return Console(
        {
            "TRADING_IDP_DATA_DIR": str(tmp_path / "data"),
            "TRADING_IDP_ENVIRONMENT": "demo",
            "TRADING_IDP_KEYCLOAK_URL": "http://127.0.0.1:9",
            "TRADING_IDP_KEYCLOAK_TIMEOUT_SECONDS": "2",
        }
    )
