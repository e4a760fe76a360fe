"""`uv run task year [SEED] [PEOPLE] [DAYS]`: plays a year on a real Keycloak and a real OpenLDAP; checks its laws."""

import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.benchmarks.keycloak_realm import running_keycloak
from tests.fakes.clock import FakeClock
from tests.servers.postgres import start_postgres
from tests.servers.realm import make_realm
from tests.servers.slapd import start_slapd
from tests.town import open_town
from tests.year.founding import connect, directory_ldif, settle
from tests.year.laws import broken_laws, figures

FIRST = date(2026, 1, 1)  # a year with its holidays and make-up days published
PEOPLE, DAYS = 380, 380  # two weeks into the next year: its first working days file the fourth quarter
PACKS = ("LC", "GS", "HH", "GX", "JC")


def main(seed: int, people: int, days: int) -> int:
    console, started = Console(), time.perf_counter()
    console.print(f"seed {seed}, {people} joiners, {days} days from {FIRST}")
    with tempfile.TemporaryDirectory() as folder, running_keycloak() as keycloak:
        place = Path(folder)
        postgres = start_postgres(place / "postgres")
        slapd = start_slapd(place / "slapd", ldif=directory_ldif(people))
        realm = make_realm(keycloak)
        clock = FakeClock(datetime(FIRST.year, FIRST.month, FIRST.day, 0, 30, tzinfo=UTC))
        town = open_town(
            place / "town",
            url=postgres.create_database("year"),
            idp=realm.provider,
            directory=connect(slapd.url),
            clock=clock,
            packs=PACKS,
        )
        try:
            year = settle(town, slapd, people, seed)
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("days", total=days)
                year.play(FIRST, FIRST + timedelta(days=days - 1), lambda _day: progress.advance(task))
            year.finish()
            console.print(
                asdict(year.counted),
                year.rounds.counted,
                year.trouble.counted,
                figures(town),
                f"{time.perf_counter() - started:.0f} s",
            )
            broken = broken_laws(town)
        finally:
            town.close()
            realm.delete()
            slapd.stop()
            if postgres.process is not None:
                postgres.process.stop()
    for line in broken[:100]:
        console.print(f"[red]{line}[/]")
    console.print(f"{len(broken)} broken" if broken else "every law holds")
    return bool(broken)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [2026, PEOPLE, DAYS][len(numbers) :])))
