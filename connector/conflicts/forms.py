"""What is sent about projects, assignments and exceptions. Shapes alone."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExceptionForm(Sent):
    """The exception asked for: two charges in one person, or a blackout, until a moment, perhaps in one project."""

    rule: Literal["charges", "blackout"]
    charges: tuple[str, ...] = Field((), max_length=2, description="the two charges; empty for a blackout")
    project: str | None = Field(None, max_length=64, description="number; empty: every project. A blackout needs one")
    until: AwareDatetime

    @model_validator(mode="after")
    def _fits_its_rule(self) -> Self:
        if self.rule == "charges" and len(set(self.charges)) != 2:
            raise ValueError("an exception names two different charges")
        if self.rule == "blackout" and (self.charges or not self.project):
            raise ValueError("an exception from a blackout names the project and no charge")
        return self


class PhaseForm(Sent):
    """A phase of a project, from `starts_at` up to `ends_at`."""

    name: str = Field(min_length=1, max_length=64)
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("a phase ends after it starts")
        return self


class ProjectForm(Sent):
    """A tender project. Sent again, it takes the new name, times and phases; phases not named stay."""

    number: str = Field(min_length=1, max_length=64, pattern=r"^[^/|\s]+$")
    name: str = Field(min_length=1, max_length=200)
    unit_code: str = Field(max_length=32)
    bid_opening_at: AwareDatetime | None = None
    phases: tuple[PhaseForm, ...] = Field((), max_length=50)


class AssignmentForm(Sent):
    """Who acts in which charge in a phase."""

    phase: str = Field(min_length=1, max_length=64)
    account: str = Field(min_length=1, max_length=64, description="user name")
    charge: str = Field(min_length=1, max_length=32)
