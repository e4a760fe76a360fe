"""`trading-idp up`: everything on one machine; with --demo it plays the main job and shows it. Decides nothing."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from connector.cli.session import err, out, refusals
from connector.embedded.artifacts import Progress
from connector.embedded.city import sample_city
from connector.embedded.demo.play import play
from connector.embedded.demo.scene import StepResult
from connector.embedded.demo.show import show_addresses, show_step, show_summary
from connector.embedded.errors import ServerNotStartedError
from connector.embedded.machine import Machine
from connector.embedded.place import Place
from connector.embedded.sample_subsystems import SampleSubsystems
from connector.errors import Text
from connector.storage.lock import only_instance

app = typer.Typer()
WATCH_SECONDS = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@app.command("up")
def up(
    demo: Annotated[bool, typer.Option("--demo", help="load a sample city and play the main job")] = False,
    leave: Annotated[bool, typer.Option("--exit", help="end as soon as everything is up, or played")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the steps as JSON, nothing else")] = False,
    data_dir: Annotated[
        Path, typer.Option(envvar="TRADING_IDP_DATA_DIR", help="where everything is kept; a second start reuses it")
    ] = Path("var"),
) -> None:
    """在本机启动全部服务 / start everything on this machine; with --demo, a sample city plays the main job."""
    place = Place(data_dir)
    with refusals(), _ended_by_signals(), only_instance(place.folder, "up"), _running(place, demo) as machine:
        steps = _play(machine, silently=as_json) if demo else []
        if as_json:
            typer.echo(json.dumps({"steps": [step.as_json() for step in steps]}, ensure_ascii=False, indent=1))
        show_summary(steps, err)
        show_addresses(machine, err)
        if not leave:
            _stay(machine)
    if not all(step.ok for step in steps):
        raise typer.Exit(1)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does; afterwards the signals do what they did before."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _running(place: Place, demo: bool) -> Iterator[Machine]:
    """The started machine with its sample subsystems; stopped at the end of the block, whatever happened."""
    machine = Machine(place, _say)
    try:
        with _bars() as progress:
            machine.start(sample_city() if demo else None, progress)
        with SampleSubsystems(machine) if machine.has_city else nullcontext():
            yield machine
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # A second Ctrl-C must not leave servers behind.
        _say(Text("正在停止", "stopping"))
        machine.stop()


def _play(machine: Machine, *, silently: bool) -> list[StepResult]:
    """Plays the demonstration; unless `silently`, names the step that is going on and shows each as it ends."""
    if silently:
        return play(machine, sample_city())
    with out.status("") as status:
        return play(machine, sample_city(), begin=lambda step: status.update(step.title), show=_show)


def _show(step: StepResult) -> None:
    show_step(step, out)


def _stay(machine: Machine) -> None:
    """Waits for Ctrl-C or SIGTERM; raises ServerNotStartedError when a server ends by itself."""
    _say(Text("按 Ctrl-C 结束", "Ctrl-C ends it"))
    try:
        while not (ended := machine.ended()):
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return
    raise ServerNotStartedError(part=ended, reason="ended by itself", log=machine.place.servers)


@contextmanager
def _bars() -> Iterator[Progress]:
    """One progress bar per file that is fetched; nothing where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    tasks: dict[str, Any] = {}
    with Bars(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total or None)
            bars.update(tasks[name], completed=done, visible=done < total)

        yield advance


def _say(text: Text) -> None:
    err.print(f"[dim]· {text.zh} / {text.en}[/dim]", highlight=False)
