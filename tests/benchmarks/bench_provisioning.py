"""From the last decision to a usable account, and the provisioning rate against a bare client doing the same calls."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from sqlalchemy import select

from connector.adapters.clock import SystemClock
from connector.adapters.keycloak_token import signed_tokens
from connector.outbox.tables import StepRow
from connector.requests import service as requests
from jobs.schedule import find_job
from jobs.timing import Every
from tests.benchmarks.keycloak_realm import running_keycloak
from tests.servers.postgres import start_postgres
from tests.servers.realm import RealmUnderTest, make_realm
from tests.town import HOST, Town, open_town

REQUESTS = 200
THREADS = 4  # As many as the worker has.
ROUNDS = 3
PACE = 0.3  # seconds between two decisions: 12,000 an hour, against the 50 an hour of a city

Report = Callable[[str, float, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder, running_keycloak() as keycloak:
        realm = make_realm(keycloak)
        server = start_postgres(Path(folder) / "postgres")
        try:
            for name, url in (("SQLite", ""), ("PostgreSQL", server.create_database("road"))):
                town = open_town(Path(folder) / name, url=url, idp=realm.provider, clock=SystemClock())
                try:
                    _measure_wait(report, town, name)
                    _measure_rate(report, town, realm, name)
                finally:
                    town.close()
                    _empty(realm)
        finally:
            assert server.process is not None
            server.process.stop()
            realm.delete()


def _measure_wait(report: Report, town: Town, name: str) -> None:
    """Requests decided one after another while a worker looks every two seconds, as the job does."""
    job = find_job("deliver_outbox")
    assert job is not None
    assert isinstance(job.when, Every)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(job.when.span.total_seconds()):  # type: ignore[union-attr]
            town.connector.deliver()

    worker = threading.Thread(target=work)
    worker.start()
    decided: dict[str, float] = {}
    waits: list[float] = []
    for _ in range(REQUESTS):
        request = town.approve(town.submit(town.form(permissions=town.permissions(2))))
        decided[request.id] = time.monotonic()
        ends = time.monotonic() + PACE
        while time.monotonic() < ends:  # Watched closely, so that the wait is not rounded up to the pace.
            _collect(town, decided, waits)
            time.sleep(0.02)
    while decided:
        time.sleep(0.05)
        _collect(town, decided, waits)
    stop.set()
    worker.join()
    cuts = statistics.quantiles(waits, n=100)
    report(f"last decision to usable account, p50 of {REQUESTS}, {name}", cuts[49], "s")
    report(f"last decision to usable account, p95 of {REQUESTS}, {name}", cuts[94], "s")


def _collect(town: Town, decided: dict[str, float], waits: list[float]) -> None:
    with town.connector.act(HOST) as act:
        open_steps = set(
            act.session.scalars(
                select(StepRow.request_id).where(
                    StepRow.request_id.in_(decided), StepRow.kind.like("keycloak.%"), StepRow.state != "done"
                )
            )
        )
    for request_id in [known for known in decided if known not in open_steps]:
        waits.append(time.monotonic() - decided.pop(request_id))


def _measure_rate(report: Report, town: Town, realm: RealmUnderTest, name: str) -> None:
    ours, bare = [], []
    for number in range(ROUNDS):
        for _ in range(REQUESTS // 2):
            town.submit(town.form(permissions=town.permissions(2)))
        pending = _pending(town)
        _approve(town, pending, but=1)
        town.connector.deliver()  # The announcements are not what is measured.
        _approve(town, pending, but=0)
        started = time.perf_counter()
        town.connector.deliver()
        ours.append(len(pending) / (time.perf_counter() - started))
        bare.append(_bare_rate(realm, f"{name.lower()}-{number}", town.permissions(2), len(pending)))
    report(f"accounts provisioned per second, {name}", statistics.median(ours), "/s")
    report("accounts made per second by a bare client, same calls and threads", statistics.median(bare), "/s")
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    report(f"provisioning against the bare client, {name}", ratio, "×")


def _pending(town: Town) -> list[str]:
    with town.connector.act(HOST) as act:
        return [row.id for row in requests.list_requests(act, states=("pending",), count=1000)]


def _approve(town: Town, request_ids: Sequence[str], *, but: int) -> None:
    """Decides every open stage but the last `but` ones."""
    for request_id in request_ids:
        with town.connector.act(HOST) as act:
            request = requests.get_request(act, request_id)
            left = sum(stage.state in ("open", "waiting") for stage in requests.stages_of(act, request))
        for _ in range(left - but):
            town.decide(request)


def _bare_rate(realm: RealmUnderTest, mark: str, permissions: Sequence[str], count: int) -> float:
    """The same calls with the same service account and no product around them: create, then a grant per subsystem."""
    tokens = signed_tokens(
        server_url=realm.server.url,
        realm=realm.name,
        client_id=realm.config.connector.id,
        key_pem=realm.key_pem,
        timeout=30,
    )
    base = f"{realm.server.url}/admin/realms/{realm.name}"
    roles = [_role(realm, permission) for permission in permissions]
    with httpx.Client(timeout=30, headers={"Authorization": f"Bearer {tokens.token()}"}) as http:

        def make(number: int) -> None:
            body = {
                "username": f"bare-{mark}-{number}",
                "firstName": "张三",
                "enabled": True,
                "groups": ["/accounts"],
                "requiredActions": ["UPDATE_PASSWORD", "CONFIGURE_TOTP"],
                "attributes": {"accountId": [f"a{number}"], "requestId": [f"r{number}"], "unitCode": ["ywk"]},
            }
            user = http.post(f"{base}/users", json=body).raise_for_status().headers["location"].rsplit("/", 1)[1]
            for client, role in roles:
                http.post(f"{base}/users/{user}/role-mappings/clients/{client}", json=[role]).raise_for_status()

        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(make, range(count)))
        return count / (time.perf_counter() - started)


def _role(realm: RealmUnderTest, permission: str) -> tuple[str, dict[str, object]]:
    client, role = permission.split(":")
    client_id = realm.admin.get("/clients", clientId=client)[0]["id"]
    return client_id, realm.admin.get(f"/clients/{client_id}/roles/{role}")


def _empty(realm: RealmUnderTest) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda user: realm.provider.delete_user(user.user_id), list(realm.provider.list_accounts())))
