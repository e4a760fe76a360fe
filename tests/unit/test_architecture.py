"""The rules of the house hold for connector and jobs; and each rule finds the fault it is there for."""

import importlib
import pkgutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import connector
from connector.errors import ConnectorError
from tests import architecture as rules

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("connector", "jobs") for path in (ROOT / room).rglob("*.py"))

# Refusals that no regulation speaks of: the state of a machine, the form of a message, a lost race. The general ones
# (not found, conflict, forbidden) carry the clause that whoever raises them gives.
WITHOUT_CLAUSE = frozenset(
    {
        "AlreadyAppointedError",
        "AppointmentClosedError",
        "BodyTooLargeError",
        "CentreMissingError",
        "ConflictError",
        "EndpointDisabledError",
        "EndpointNameTakenError",
        "EndpointNotEntitledError",
        "ForbiddenError",
        "ForbiddenTargetError",
        "LoginRefusedError",
        "MessageTooLargeError",
        "NoAdministratorError",
        "NotConfiguredError",
        "NotFoundError",
        "NotSignedInError",
        "RefusedInputError",
        "SecondInstanceError",
        "SecretFormatError",
        "SignatureRefusedError",
        "StaleMessageError",
        "StaleReadingError",
        "StepNotEndedError",
        "StreamDisabledError",
        "SubsystemCertificateError",
        "UnknownDeciderError",
        "UnknownEndpointError",
        "UnknownRuleError",
        "UnknownStreamError",
        "UnknownSubsystemUrlError",
        "WrongAddressError",
        "WrongMethodError",
    }
)

Rule = Callable[[str], list[str]]


@pytest.mark.parametrize("rule", [rules.long_file, rules.long_functions, rules.missing_docstring, rules.naive_times])
def test_read_sources_under_each_rule_finds_nothing(rule: Rule) -> None:
    broken = {
        str(path.relative_to(ROOT)): found for path in SOURCES if (found := rule(path.read_text(encoding="utf-8")))
    }
    assert broken == {}


def test_name_modules_avoids_words_that_say_nothing() -> None:
    assert [str(p) for p in SOURCES if rules.forbidden_name(p.relative_to(ROOT).with_suffix("").parts)] == []


def every_error(of: type[ConnectorError] = ConnectorError) -> Iterator[type[ConnectorError]]:
    for error in of.__subclasses__():
        yield error
        yield from every_error(error)


def test_refuse_with_any_error_has_a_code_and_a_clause() -> None:
    for module in pkgutil.walk_packages(connector.__path__, "connector."):
        if ".migrations" not in module.name:  # Alembic runs those; they are no modules to import.
            importlib.import_module(module.name)
    own = {error for error in every_error() if error.__module__.startswith("connector.")}
    assert rules.broken_errors(sorted(own, key=lambda error: error.__qualname__), WITHOUT_CLAUSE) == []


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        (rules.long_file, "x = 1\n" * 301),
        (rules.long_functions, "def f():\n" + "    x = 1\n" * 40),
        (rules.missing_docstring, "x = 1\n"),
        (rules.naive_times, "import datetime\ndatetime.datetime.now()\n"),
        (rules.naive_times, "from datetime import datetime\ndatetime(2026, 1, 2)\n"),
        (rules.naive_times, "from datetime import date\ndate.today()\n"),
        (rules.naive_times, "datetime.fromtimestamp(0)\n"),
        (rules.naive_times, "datetime.utcnow()\n"),
    ],
)
def test_check_bad_sample_finds_the_fault(rule: Rule, sample: str) -> None:
    assert len(rule(sample)) == 1


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        (rules.long_file, "x = 1\n" * 300),
        (rules.long_functions, "def f():\n" + "    x = 1\n" * 39),
        (
            rules.naive_times,
            "datetime.now(UTC)\ndatetime(2026, 1, 2, tzinfo=UTC)\ndatetime.fromtimestamp(0, tz=UTC)\ntoday()\n",
        ),
    ],
)
def test_check_good_sample_finds_nothing(rule: Rule, sample: str) -> None:
    assert rule(sample) == []


def test_name_module_utils_is_found() -> None:
    assert rules.forbidden_name(("connector", "audit", "utils")) == ["utils"]


def test_check_bad_errors_names_each() -> None:
    class Nameless(ConnectorError):
        clause = "LC 1"

    class First(ConnectorError):
        code, clause = "same", "LC 1"

    class Second(ConnectorError):
        code, clause = "same", "LC 1"

    class Clauseless(ConnectorError):
        code = "clauseless"

    class Fault(ConnectorError):
        code, status = "fault", 503

    errors = [Nameless, First, Second, Clauseless, Fault]
    found = rules.broken_errors(errors)
    assert [line.split(":")[0] for line in found] == ["Nameless", "Second", "Clauseless"]
    found = rules.broken_errors(errors, ["Clauseless", "Fault"])
    assert [line.split(":")[0] for line in found] == ["Nameless", "Second", "Fault"]


def test_commit_files_of_this_machine_is_none() -> None:
    """Nothing that a run makes is under version control."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [
        name
        for name in listed
        if name.startswith((".venv/", "var/")) or name.endswith((".pyc", ".db", ".last-run.json"))
    ] == []
