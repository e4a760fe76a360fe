"""Runs the benchmarks, all or those named, and prints one table: `python -m tests.benchmarks [bench_audit …]`.

A benchmark is a module `bench_<area>.py` here with `def run(report) -> None`; it calls `report(what, value, unit)`.
"""

import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

Report = Callable[[str, float, str], None]


def main(names: list[str]) -> int:
    console = Console()
    known = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    if unknown := set(names) - set(known):
        console.print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        return 2
    table = Table("benchmark", "what", "value", "unit", box=None)

    for name in names or known:
        console.print(f"… {name}")

        def report(what: str, value: float, unit: str, area: str = name.removeprefix("bench_")) -> None:
            table.add_row(area, what, f"{value:,.2f}" if value < 1000 else f"{value:,.0f}", unit)
            console.print(f"  {what}: {value:,.2f} {unit}", highlight=False)

        import_module(f"tests.benchmarks.{name}").run(report)
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
