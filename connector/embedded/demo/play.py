"""Plays the steps one after another, times each, and goes on after one that did not hold."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpx

from connector.embedded.browser import FormBrowser
from connector.embedded.city import SampleCity, person_fields
from connector.embedded.demo.api import Api
from connector.embedded.demo.keycloak_eye import KeycloakEye
from connector.embedded.demo.officers import Officers
from connector.embedded.demo.programme import PROGRAMME
from connector.embedded.demo.scene import NEWCOMER_UNIT, Evidence, Newcomer, Scene, Step, StepResult
from connector.embedded.machine import REALM, Machine
from connector.embedded.sample_oa import SampleOa
from connector.errors import ConnectorError

PERMISSIONS = ("bid-opening:hall.host", "bid-opening:experts.drawer", "website:notice.editor")


def play(
    machine: Machine,
    city: SampleCity,
    *,
    begin: Callable[[Step], None] = lambda _: None,
    show: Callable[[StepResult], None] = lambda _: None,
) -> list[StepResult]:
    """Plays everything on a started machine; each play has a newcomer of its own."""
    with _scene(machine, city) as scene:
        return play_steps(PROGRAMME, scene, begin=begin, show=show)


def play_steps(
    steps: Iterable[Step], scene: Scene, *, begin: Callable[[Step], None], show: Callable[[StepResult], None]
) -> list[StepResult]:
    """Plays these steps; each is shown as it ends, and one that did not hold says why and stops none after it."""
    results = []
    for step in steps:
        begin(step)
        results.append(_play_step(step, scene))
        show(results[-1])
    return results


def _play_step(step: Step, scene: Scene) -> StepResult:
    started = time.monotonic()
    ok, evidence = True, Evidence()
    try:
        evidence = step.act(scene)
    except ConnectorError as refusal:
        title = refusal.problem()["title"]
        ok, evidence = False, {"why": f"{refusal.code}: {title}"}
    except (httpx.HTTPError, subprocess.SubprocessError, OSError, ValueError, LookupError) as problem:
        ok, evidence = False, {"why": f"{type(problem).__name__}: {problem}"}
    return StepResult(step.title, step.clause, ok, round(time.monotonic() - started, 3), evidence)


@contextmanager
def _scene(machine: Machine, city: SampleCity) -> Iterator[Scene]:
    if machine.keycloak is None:
        raise ValueError("the machine is not started")

    def new_browser() -> FormBrowser:
        return FormBrowser(machine.keycloak_url, REALM, machine.redirect_uris)

    api, eye = Api(machine.url), KeycloakEye(machine.keycloak, REALM)
    officers = Officers(machine.place, api, new_browser)
    try:
        with SampleOa(machine.ports["oa"]) as oa:
            yield Scene(machine, city, officers, api, eye, oa, _newcomer(machine, city), new_browser)
    finally:
        officers.close()
        api.close()
        eye.close()


def _newcomer(machine: Machine, city: SampleCity) -> Newcomer:
    """Somebody of the directory whom no earlier play was about."""
    plays = int(machine.place.recall("plays", 0))
    machine.place.remember("plays", plays + 1)
    person = city.free[NEWCOMER_UNIT][plays]
    form = {
        "kind": "grant",
        "unit_code": NEWCOMER_UNIT,
        "person": person_fields(person),
        "permissions": list(PERMISSIONS),
        "reason": "新调入，承担开标主持和专家抽取工作",
    }
    return Newcomer(person, form)
