"""Somebody has decided of every mapped table who sees its rows; every process knows it, no rule names a stranger."""

import subprocess
import sys

import connector.bootstrap  # noqa: F401 - loads the rules of every room, as every process does
from connector.migrations.every_table import metadata
from connector.register.confine import RULES, is_decided
from connector.register.confined_tables import CLOSED, LINKED, OPEN, PARTS

NAMES = set(metadata.tables)


def test_mapped_table_without_a_decision_is_refused_here() -> None:
    undecided = sorted(name for name in NAMES if not is_decided(name))
    assert undecided == [], "say in confined_tables.py, or by a rule of the room, who sees the rows of these"


def test_table_that_nobody_has_decided_about_is_not_decided() -> None:
    assert not is_decided("a_table_of_tomorrow")


def test_decisions_name_tables_and_columns_that_there_are() -> None:
    assert (set(RULES) | OPEN | CLOSED | set(LINKED) | set(PARTS)) - NAMES == set()
    linked = [(name, column) for name, columns in LINKED.items() for column in columns]
    parts = [(name, column) for name, (column, _, _) in PARTS.items()]
    wholes = [(whole, key) for _, whole, key in PARTS.values()]
    missing = [each for each in linked + parts + wholes if each[1] not in metadata.tables[each[0]].c]
    assert missing == []


def test_each_table_is_decided_about_in_one_place() -> None:
    groups = (set(RULES), OPEN, CLOSED, set(LINKED) | set(PARTS))
    twice = {name for name in NAMES if sum(name in group for group in groups) > 1}
    assert twice == set()


def test_rules_of_every_room_are_there_as_soon_as_the_connector_is_loaded() -> None:
    """A process that never touches a room's services must know its rules all the same."""
    program = "import connector.bootstrap\nfrom connector.register.confine import RULES\nprint(*sorted(RULES))"
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"requests", "alarms", "incident_cases", "tender_assignments", "review_campaigns"} <= set(
        alone.stdout.split()
    )
