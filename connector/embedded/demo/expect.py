"""How a step of the demonstration says that something is as it must be, or is not. Knows no step."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from connector.errors import ConnectorError, Text

_POLL_SECONDS = 0.2


class StepNotHeldError(ConnectorError):
    """What a step was to show did not happen; `saw` is what happened instead."""

    code = "step-not-held"
    status = 500
    says = Text("未如预期：{saw}", "Not as expected: {saw}")


class EarlierStepError(ConnectorError):
    """A step needs what an earlier one did not bring about."""

    code = "earlier-step"
    status = 500
    says = Text("前面的步骤未完成：{missing}", "An earlier step did not bring about: {missing}")


def expect(held: object, saw: object) -> None:
    """Ends the step unless `held`; `saw` is shown as the reason."""
    if not held:
        raise StepNotHeldError(saw=str(saw))


def pick(items: Iterable[dict[str, Any]], what: str, **values: object) -> dict[str, Any]:
    """The first item with these values; ends the step when there is none."""
    for item in items:
        if all(item.get(name) == value for name, value in values.items()):
            return item
    raise StepNotHeldError(saw=f"{what}: --")


def wait_for(found: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first truthy value of `found`; ends the step when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        expect(time.monotonic() < deadline, f"{what}: {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)
    return value
