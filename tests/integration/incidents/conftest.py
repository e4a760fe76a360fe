"""The town of the gate, on a realm of its own, for cases about people who have been in Keycloak's console."""

from tests.integration.provenance.conftest import realm, town

__all__ = ["realm", "town"]
