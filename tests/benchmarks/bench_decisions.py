"""Decisions per second through the API, by several approvers' clients at once, on SQLite and on PostgreSQL."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from connector.app import create_app
from connector.embedded.process import free_port
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from connector.requests import service as requests
from tests.servers.postgres import start_postgres
from tests.town import HOST, Town, open_town

DECISIONS = 400
CLIENTS = 4

Report = Callable[[str, float, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            for name, url in (("SQLite", ""), ("PostgreSQL", server.create_database("decisions"))):
                town = open_town(Path(folder) / name, url=url)
                try:
                    report(f"decisions per second, {CLIENTS} clients, {name}", _rate(town), "/s")
                finally:
                    town.close()
        finally:
            assert server.process is not None
            server.process.stop()


def _rate(town: Town) -> float:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:  # The fake verifier takes a person's Keycloak id for his token.
        act.session.get_one(AccountRow, head.account_id).keycloak_id = "head"
    for _ in range(DECISIONS):
        town.submit(town.form())
    with town.connector.act(head) as act:
        tasks = [(stage.id, request.digest) for stage, request in _inbox(act, str(head.person_id))]
    assert len(tasks) == DECISIONS
    with (
        _serving(town) as url,
        httpx.Client(base_url=url, headers={"Authorization": "Bearer head"}, timeout=60) as http,
    ):

        def decide(task: tuple[str, str]) -> None:
            answer = http.post(f"/stages/{task[0]}/decision", json={"verdict": "approve", "digest": task[1]})
            assert answer.status_code == 200, answer.text

        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(decide, tasks))
        return DECISIONS / (time.perf_counter() - started)


def _inbox(act: object, person_id: str) -> list[tuple[object, object]]:
    return requests.list_inbox(act, person_id, count=DECISIONS)  # type: ignore[arg-type,return-value]


@contextmanager
def _serving(town: Town) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(town.connector), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
