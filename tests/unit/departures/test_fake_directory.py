"""The contract of Directory on the fake."""

from dataclasses import replace

import pytest

from tests.contract_directory import DirectoryContract
from tests.fakes.directory import FakeDirectory


class FakeWorld(FakeDirectory):
    def open(self, *canaries: str) -> FakeDirectory:
        return replace(self, settings=self.settings.model_copy(update={"canaries": canaries}))


class TestFakeDirectory(DirectoryContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()
