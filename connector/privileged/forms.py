"""What an application for privileged use says about its time box. Shapes alone; the rules stand in `rules`."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class BoxForm(BaseModel):
    """The time box of `use_privileged` (JC 18). Moments carry their offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reviewer: str = Field(
        min_length=1, max_length=64, description="user name of whoever reviews and signs the record; not the user"
    )
    extends: str | None = Field(
        None, max_length=24, description="number of the running box that is to end later; it repeats its permissions"
    )
