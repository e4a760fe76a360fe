"""The contract of Directory on the fake."""

from dataclasses import replace

import pytest

from connector.ports import CursorLostError
from tests.contract_directory import DirectoryContract
from tests.fakes.directory import FakeDirectory


class FakeWorld:
    """The fake directory as the contract sees it."""

    shows_deleted = True

    def __init__(self) -> None:
        self.fake = FakeDirectory()

    def add(self, key: str | list[str] | None, *, status: str = "active", **values: str) -> str:
        return self.fake.add(key, status=status, **values)

    def change(self, dn: str, purpose: str, *values: str) -> None:
        self.fake.change(dn, getattr(self.fake.settings, f"{purpose}_attribute"), *values)

    def disable(self, dn: str) -> None:
        self.change(dn, "status", "left")

    def rename(self, dn: str) -> str:
        return self.fake.rename(dn, f"uid=new,{dn.partition(',')[2]}")

    def remove(self, dn: str) -> None:
        self.fake.remove(dn)

    def open(self, *canaries: str) -> FakeDirectory:
        return replace(self.fake, settings=self.fake.settings.model_copy(update={"canaries": canaries}))


class TestFakeDirectory(DirectoryContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


def test_read_changes_after_they_were_forgotten_is_lost() -> None:
    fake = FakeDirectory()
    fake.add("A1")
    cursor = fake.read().cursor
    fake.forget_changes()
    with pytest.raises(CursorLostError):
        fake.changes(cursor)
    assert fake.changes(fake.read().cursor).entries == ()
