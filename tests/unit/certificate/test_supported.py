"""Which versions of Keycloak are supported, and what is said of one that nobody tried."""

import pytest

from connector.certificate.supported import SUPPORTED, Supported, standing_of
from connector.embedded.artifacts import KEYCLOAK

RANGE = Supported(oldest="26.7.0", newest="26.8.2")


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("26.7.0", "tested"),
        ("26.7.9", "tested"),
        ("26.8.2", "tested"),
        ("26.8.11", "tested"),
        ("26.8.2.redhat-00001", "tested"),
        ("26.9.0", "untested"),
        ("27.0.0", "untested"),
        ("26.10.0", "untested"),
        ("26.6.12", "too-old"),
        ("9.9.9", "too-old"),
        ("", "unknown"),
        ("nightly", "unknown"),
    ],
)
def test_judge_a_version_by_the_range_that_was_tried(version: str, standing: str) -> None:
    assert standing_of(version, RANGE) == standing


def test_support_the_version_that_is_started_by_default() -> None:
    assert SUPPORTED.newest == KEYCLOAK.version
    assert standing_of(SUPPORTED.oldest) == standing_of(SUPPORTED.newest) == "tested"
