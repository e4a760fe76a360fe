"""Bringing the flows of the login to exactly what realm-config/ lists. Writes only when told to.

A flow is bound when all its steps stand: nobody logs in through half of one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.adapters.realm_clients import Reconciler
from connector.realm_config import Flow, Login, Step

FLOWS, EXECUTIONS, SETTINGS = "/authentication/flows", "/authentication/executions", "/authentication/config"
MASKED = "**********"  # Keycloak shows no setting that its authenticator does not declare, as those of `amr`.
Row = dict[str, Any]


def reconcile_flows(run: Reconciler, login: Login) -> dict[str, str]:
    """Builds or repairs every flow, then binds the realm to its own; returns the ids of the bound flows by name.

    Other flows that are not Keycloak's are told as `unexpected`.
    """
    present = {flow["alias"]: flow for flow in run.api.get(FLOWS)}
    for name in login.bound:
        flow = login.flow(name)
        if name in present:
            _FlowReconciler(run, login, name).settle_steps(flow)
        elif run.note("create", f"flow {name}"):
            body = {"alias": name, "description": flow.about, "providerId": "basic-flow"}
            run.api.post(FLOWS, {**body, "topLevel": True, "builtIn": False})
            _FlowReconciler(Reconciler(run.api, write=True), login, name).settle_steps(flow)
    for name, found in present.items():
        if not found["builtIn"] and name not in login.bound:
            run.note("unexpected", f"flow {name}")
    run.settle("realm", {str(place): name for place, name in login.bindings.items()}, run.api.get(""), "")
    return {flow["alias"]: flow["id"] for flow in run.api.get(FLOWS) if flow["alias"] in login.bound}


def settings_of(login: Login, step: Step) -> dict[str, str]:
    """All settings of a step: its authenticator's, the name of the proof in the tokens' `amr`, and its own."""
    amr = login.amr.get(step.authenticator)
    proof = {"default.reference.value": amr, "default.reference.maxAge": str(login.amr_seconds)} if amr else {}
    return {**login.settings.get(step.authenticator, {}), **proof, **step.settings}


@dataclass
class _FlowReconciler:
    """One bound flow with all that stands in it."""

    run: Reconciler
    login: Login
    top: str

    def settle_steps(self, flow: Flow) -> None:
        run, what, rows = self.run, f"flow {self._alias(flow.name)}", self._rows(flow)
        steps = {self._key(step): step for step in flow.steps}
        kept = {_name(row): row for row in reversed(rows)}  # Of two alike the first one stays.
        for key, step in steps.items():
            if key not in kept and run.note("create", what, key):
                self._create(flow, step)
        for row in rows:
            if (row is not kept[_name(row)] or _name(row) not in steps) and run.note("remove", what, _name(row)):
                run.api.delete(f"{EXECUTIONS}/{row['id']}")
        there = [row for row in (self._rows(flow) if run.write else rows) if _name(row) in steps]
        self._settle_order(flow, list(steps), there)
        for row in there:
            step = steps[_name(row)]
            desired = {"requirement": step.requirement}
            run.settle(f"{what} {_name(row)}", desired, row, self._place(flow))
            if step.flow:
                self.settle_steps(self.login.flow(step.flow))
            else:
                self._settle_settings(flow, row, settings_of(self.login, step))

    def _alias(self, name: str) -> str:
        """A realm has one flow of a name, so what stands in a bound flow bears that one's name too."""
        return name if name == self.top else f"{self.top} {name}"

    def _key(self, step: Step) -> str:
        return step.authenticator or self._alias(step.flow)

    def _place(self, flow: Flow) -> str:
        return f"{FLOWS}/{quote(self._alias(flow.name))}/executions"

    def _rows(self, flow: Flow) -> list[Row]:
        """The flow's own steps in their order, without those of the flows inside it."""
        rows: list[Row] = self.run.api.get(self._place(flow))
        return [row for row in rows if row["level"] == 0]

    def _create(self, flow: Flow, step: Step) -> None:
        if step.authenticator:
            self.run.api.post(f"{self._place(flow)}/execution", {"provider": step.authenticator})
            return
        about = self.login.flow(step.flow).about
        body = {"alias": self._alias(step.flow), "description": about, "type": "basic-flow", "provider": "basic-flow"}
        self.run.api.post(f"{self._place(flow)}/flow", body)

    def _settle_order(self, flow: Flow, keys: list[str], rows: list[Row]) -> None:
        found = [_name(row) for row in rows]
        wanted = [key for key in keys if key in found]
        what = f"flow {self._alias(flow.name)}"
        if found == wanted or not self.run.note("change", what, "order", found, wanted):
            return
        for row in rows:
            row["priority"] = 10 * (wanted.index(_name(row)) + 1)
            self.run.api.put(self._place(flow), row)

    def _settle_settings(self, flow: Flow, row: Row, wanted: Mapping[str, str]) -> None:
        run, held, name = self.run, row.get("authenticationConfig"), f"{self._alias(flow.name)} {_name(row)}"
        # The name, of which a realm has one each, tells what the masked settings hold.
        digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]
        body = {"alias": f"{name} {digest}", "config": dict(wanted)}
        if not held:
            if wanted and run.note("create", f"flow {name}", "settings"):
                run.api.post(f"{EXECUTIONS}/{row['id']}/config", body)
            return
        path = f"{SETTINGS}/{held}"
        if not wanted:
            if run.note("remove", f"flow {name}", "settings"):
                run.api.delete(path)
            return
        current = run.api.get(path)
        shown = current.get("config", {})
        seen = {key: value for key, value in wanted.items() if shown.get(key) != MASKED}
        strange = dict.fromkeys(shown.keys() - wanted.keys(), "")
        desired = {"alias": body["alias"], "config": {**seen, **strange}}
        run.settle(f"flow {name}", desired, current, path, {**body, "id": held})


def _name(row: Row) -> str:
    return str(row["displayName"] if row.get("authenticationFlow") else row["providerId"])
